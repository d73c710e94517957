//! Retry policies as JSON: what a reliability review asks for before there is a flow.
//!
//! `timeoutMs`, `retryConfig` with `maxAttempts`, `backoffStrategy`, `initialDelayMs` and `maxDelayMs`, and `onError`
//! with a `type`. No platform reads it; it states what a flow must do, and the rules for flows judge it.

use std::time::Duration;

use crate::lint::Severity::{self, Critical, High, Medium};
use crate::lint::calls::shown;
use crate::lint::{Finding, Report, Rule, Said, Settings};
use crate::problem::{Place, Problem, ProblemKind, Problems};
use crate::yaml::{self, Node};

pub(super) fn check(text: &str, settings: &Settings) -> Result<Report, Problems> {
    let root = yaml::parse(text)?;
    let mut policies = Vec::new();
    find(&root, &mut policies);
    if policies.is_empty() {
        return Err(Problem {
            at: root.at,
            kind: ProblemKind::Missing,
            message: "find `retryConfig`: this is no retry policy".to_owned(),
            hint: "Add \"retryConfig\" with maxAttempts, backoffStrategy, initialDelayMs and maxDelayMs.".to_owned(),
        }
        .into());
    };
    let mut report = Report::new("retry policy");
    for (root, retries) in policies {
        let name = ["action", "stateName", "name"].iter().find_map(|key| root.get(key)?.text()).unwrap_or("policy");
        let mut policy = Policy { name, report };
        policy.limits(root, retries, settings);
        policy.pauses(retries);
        policy.end(root);
        report = policy.report;
    }
    Ok(report)
}

/// Every state with a `retryConfig`, at any depth, with that.
fn find<'a>(node: &'a Node, policies: &mut Vec<(&'a Node, &'a Node)>) {
    if let Some(retries) = node.get("retryConfig") {
        policies.push((node, retries));
    }
    node.items().iter().for_each(|item| find(item, policies));
    node.entries().iter().for_each(|entry| find(&entry.value, policies));
}

struct Policy<'a> {
    name: &'a str,
    report: Report,
}

fn number(node: &Node, key: &str) -> Option<i64> {
    node.get(key)?.text()?.parse().ok()
}

impl Policy<'_> {
    fn say(&mut self, rule: &str, at: Place, path: &str, severity: Severity, message: String, fix: &str) {
        let said = Said::new(severity, message, fix);
        self.report.push(Finding {
            rule: Rule::of(rule),
            severity: said.severity,
            at,
            also: Vec::new(),
            flow: self.name.to_owned(),
            action: Some(self.name.to_owned()),
            path: path.to_owned(),
            message: said.message,
            fix: said.fix,
        });
    }

    fn limits(&mut self, root: &Node, retries: &Node, settings: &Settings) {
        let attempts = number(retries, "maxAttempts").filter(|attempts| *attempts > 0);
        let at = retries.get("maxAttempts").map_or(retries.at, |node| node.at);
        match attempts {
            None => self.say(
                "RT003",
                at,
                "retryConfig.maxAttempts",
                Critical,
                "The number of attempts has no limit: retries go on for ever.".to_owned(),
                "Set maxAttempts to 2.",
            ),
            Some(attempts) if attempts > settings.attempts_max => self.say(
                "RT001",
                at,
                "retryConfig.maxAttempts",
                High,
                format!("{attempts} attempts; {} are the limit.", settings.attempts_max),
                "Set maxAttempts to 2: the first attempt and one retry.",
            ),
            Some(_) => {}
        }
        let limit = number(root, "timeoutMs").and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis);
        let at = root.get("timeoutMs").map_or(root.at, |node| node.at);
        let Some(limit) = limit else {
            let message = "No time limit: the platform waits 60 s for each attempt.".to_owned();
            self.say("TO002", at, "timeoutMs", Medium, message, "Set timeoutMs to 3000.");
            return;
        };
        if limit > settings.call_limit {
            let message = format!("An attempt may take {}; {} is the limit.", shown(limit), shown(settings.call_limit));
            self.say("TO001", at, "timeoutMs", Medium, message, "Set timeoutMs to 3000.");
        }
        let total = limit * u32::try_from(attempts.unwrap_or(1)).unwrap_or(u32::MAX).min(1_000);
        if attempts.is_some_and(|attempts| attempts > 1) && total > settings.path_limit {
            let message = format!(
                "All attempts together may take {}; {} is the limit.",
                shown(total),
                shown(settings.path_limit)
            );
            self.say("TO003", at, "timeoutMs", High, message, "Shorten timeoutMs, or try less often.");
        }
    }

    fn pauses(&mut self, retries: &Node) {
        if number(retries, "maxAttempts") == Some(1) {
            return;
        }
        let delay = number(retries, "initialDelayMs").unwrap_or(0);
        if delay <= 0 {
            let at = retries.get("initialDelayMs").map_or(retries.at, |node| node.at);
            let message = "The first retry comes at once.".to_owned();
            self.say("RT002", at, "retryConfig.initialDelayMs", High, message, "Set initialDelayMs to 500 or more.");
        }
        let strategy = retries.get("backoffStrategy");
        if !strategy.and_then(Node::text).is_some_and(|strategy| strategy.to_ascii_lowercase().contains("exp")) {
            let at = strategy.map_or(retries.at, |node| node.at);
            let message = "Pauses between attempts do not grow.".to_owned();
            self.say(
                "RT004",
                at,
                "retryConfig.backoffStrategy",
                Medium,
                message,
                "Set backoffStrategy to exponential, with jitter.",
            );
        }
    }

    fn end(&mut self, root: &Node) {
        let end = root.get("onError");
        let kind = end.and_then(|end| end.get("type")).and_then(Node::text).unwrap_or_default();
        let at = end.map_or(root.at, |node| node.at);
        match kind.to_ascii_lowercase().as_str() {
            "" => self.say(
                "DA001",
                at,
                "onError",
                High,
                "Nothing is said about what follows the last attempt.".to_owned(),
                "Set onError to a queue: { \"type\": \"Queue\", \"queueId\": … }.",
            ),
            "queue" | "voicemail" | "callback" | "transfer" | "task" | "menu" => {}
            other => {
                let message = format!("After the last attempt the caller is handed to `{other}`, not to a person.");
                self.say("FB002", at, "onError.type", High, message, "Set onError.type to Queue.");
            }
        }
    }
}
