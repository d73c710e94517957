//! Data Actions by their JSON: time limit, tolerance of answers, escaping, secrets, endpoints.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::lint::Severity::{Critical, High, Low, Medium};
use crate::lint::endpoints;
use crate::lint::velocity::{is_asked, is_set, keys, references, usages};
use crate::lint::{Finding, Report, Rule, Said};
use crate::problem::{Findings, Place, Problem, ProblemKind, Problems};
use crate::yaml::{self, Node};

/// What the rules for flows need to know of a Data Action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionFacts {
    /// Its name; flows call it by this.
    pub name: String,
    /// The type of integration, such as `purecloud-data-actions`.
    pub integration_type: String,
    /// The method, in capitals.
    pub method: String,
    /// The template of the address.
    pub url: String,
    /// Its own time limit.
    pub timeout: Option<Duration>,
    /// What its contract lets flows give it: name, and whether it must be there.
    pub inputs: Vec<(String, bool)>,
    has_key: bool,
}

impl ActionFacts {
    /// True when running it twice may do twice what it does.
    pub(super) fn creates(&self) -> bool {
        matches!(self.method.as_str(), "POST" | "PATCH")
            && !self.url.contains("/search")
            && !self.url.contains("/query")
    }

    /// True when a header or input tells attempts of one request from different requests.
    pub(super) fn has_idempotency_key(&self) -> bool {
        self.has_key
    }
}

pub(super) fn check(text: &str) -> Result<(ActionFacts, Report), Problems> {
    let root = yaml::parse(text)?;
    let config = root.get("config");
    let Some(request) = config.and_then(|config| config.get("request")) else {
        return Err(Problem {
            at: root.at,
            kind: ProblemKind::Shape,
            message: "find `config.request`: this is no Data Action".to_owned(),
            hint: "Export the Data Action from Genesys Cloud, or leave the file out.".to_owned(),
        }
        .into());
    };
    let action = Action::read(&root, request);
    let mut report = Report::new(&action.facts.name);
    let mut duplicates = Findings::default();
    yaml::note_duplicate_keys(&root, &mut duplicates);
    if let Err(problems) = duplicates.finish(Some(())) {
        for problem in problems.iter() {
            report.problem("SY002", problem);
        }
    }
    action.time_limit(&mut report);
    action.tolerance(&mut report);
    action.escaping(&mut report);
    action.optional_inputs(&mut report);
    action.success_template(&mut report);
    action.endpoint(&mut report);
    action.secrets(&mut report);
    action.method(&mut report);
    Ok((action.facts, report))
}

/// A template with its place.
#[derive(Clone, Copy)]
struct Text<'a> {
    at: Place,
    text: &'a str,
}

struct Action<'a> {
    facts: ActionFacts,
    at: Place,
    request: Place,
    response: Option<&'a Node>,
    url: Option<Text<'a>>,
    body: Option<Text<'a>>,
    headers: Vec<(&'a str, Text<'a>)>,
    outputs: Vec<&'a str>,
}

impl<'a> Action<'a> {
    fn read(root: &'a Node, request: &'a Node) -> Self {
        let config = root.get("config");
        let text = |node: &'a Node| node.text().map(|text| Text { at: node.at, text });
        let headers: Vec<(&str, Text<'_>)> = request
            .get("headers")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .filter_map(|entry| Some((entry.key.as_str(), text(&entry.value)?)))
            .collect();
        let timeout = [config, Some(request), Some(root)]
            .into_iter()
            .flatten()
            .find_map(|node| node.get("timeoutSeconds")?.text());
        let inputs = schema(root, "input", "inputSchema");
        let is_key = |name: &str| {
            let name = name.to_ascii_lowercase();
            ["idempot", "requestid", "request-id", "dedup", "correlation"].iter().any(|part| name.contains(part))
        };
        let has_key = headers.iter().any(|(name, _)| is_key(name)) || inputs.iter().any(|(name, _)| is_key(name));
        let facts = ActionFacts {
            name: root.get("name").and_then(Node::text).unwrap_or_default().to_owned(),
            integration_type: root.get("integrationType").and_then(Node::text).unwrap_or_default().to_owned(),
            method: request.get("requestType").and_then(Node::text).unwrap_or("GET").to_ascii_uppercase(),
            url: request.get("requestUrlTemplate").and_then(Node::text).unwrap_or_default().to_owned(),
            timeout: timeout.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs),
            inputs: inputs.iter().map(|(name, required)| ((*name).to_owned(), *required)).collect(),
            has_key,
        };
        Self {
            facts,
            at: root.at,
            request: request.at,
            response: config.and_then(|config| config.get("response")),
            url: request.get("requestUrlTemplate").and_then(text),
            body: request.get("requestTemplate").and_then(text),
            headers,
            outputs: schema(root, "output", "successSchema").into_iter().map(|(name, _)| name).collect(),
        }
    }

    fn say(&self, report: &mut Report, rule: &str, at: Place, path: &str, said: Said) {
        report.push(Finding {
            rule: Rule::of(rule),
            severity: said.severity,
            at,
            also: Vec::new(),
            flow: self.facts.name.clone(),
            action: Some(self.facts.name.clone()),
            path: path.to_owned(),
            message: said.message,
            fix: said.fix,
        });
    }

    /// AC001
    fn time_limit(&self, report: &mut Report) {
        if self.facts.timeout.is_none() {
            let said = Said::new(
                Medium,
                "This Data Action has no time limit of its own: the platform waits 60 s.",
                "Add \"timeoutSeconds\": 3 to \"config\".",
            );
            self.say(report, "AC001", self.at, "config", said);
        }
    }

    /// AC002
    fn tolerance(&self, report: &mut Report) {
        let Some(response) = self.response else { return };
        let Some(map) = response.get("translationMap") else { return };
        let defaults = response.get("translationMapDefaults");
        let missing: Vec<&str> = map
            .entries()
            .iter()
            .map(|entry| entry.key.as_str())
            .filter(|alias| defaults.is_none_or(|defaults| defaults.get(alias).is_none()))
            .collect();
        if missing.is_empty() {
            return;
        }
        let at = map.entries().first().map_or(map.at, |entry| entry.at);
        let said = Said::new(
            High,
            format!("An answer without {} fails the whole Data Action: no default.", listed(&missing)),
            "Add each to \"translationMapDefaults\", with a JSON text as its value.",
        );
        self.say(report, "AC002", at, "config.response.translationMap", said);
    }

    /// AC003
    fn escaping(&self, report: &mut Report) {
        let is_query = self.facts.integration_type.starts_with("salesforce");
        let mut found: Vec<(Place, &str, &str, crate::lint::Severity)> = Vec::new();
        if let Some(url) = self.url {
            let query = url.text.find('?').unwrap_or(url.text.len());
            for usage in usages(url.text).filter(|usage| !usage.is_escaped) {
                // An input that is the host, or a whole path, is judged as an endpoint.
                let host = url.text.find("://").map_or(0, |at| at + 3);
                let path = url.text.get(host..).and_then(|rest| rest.find('/')).map_or(url.text.len(), |at| host + at);
                if usage.at < path && host > 0 {
                    continue;
                }
                let (part, severity) = if usage.at > query { ("query", Medium) } else { ("path", Low) };
                found.push((url.at, usage.name, part, if is_query { High } else { severity }));
            }
        }
        if let Some(body) = self.body {
            let is_text =
                |at: usize| body.text[..at].trim_end_matches(|c: char| c != '"').matches('"').count() % 2 == 1;
            for usage in usages(body.text).filter(|usage| !usage.is_escaped && usage.name != "rawRequest") {
                if is_text(usage.at) || is_query {
                    found.push((body.at, usage.name, "body", if is_query { High } else { Medium }));
                }
            }
        }
        let Some(&(at, _, _, _)) = found.iter().max_by_key(|(.., severity)| *severity) else { return };
        let severity = found.iter().map(|(.., severity)| *severity).max().unwrap_or(Low);
        let names: BTreeSet<String> = found.iter().map(|(_, name, part, _)| format!("`{name}` ({part})")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let said = Said::new(
            severity,
            format!(
                "{} not escaped: a quote, blank or & in it breaks the request or changes its meaning.",
                plural(&names, "is", "are")
            ),
            "Write $esc.url(\"${input.x}\") in an address and $esc.jsonString(\"${input.x}\") in a body.",
        );
        self.say(report, "AC003", at, "config.request", said);
    }

    /// AC004
    fn optional_inputs(&self, report: &mut Report) {
        let is_optional = |name: &str| self.facts.inputs.iter().any(|(of, required)| of == name && !required);
        for text in self.url.iter().chain(&self.body).chain(self.headers.iter().map(|(_, text)| text)) {
            let names: BTreeSet<&str> = usages(text.text)
                .filter(|usage| !usage.is_silent && is_optional(usage.name))
                .map(|usage| usage.name)
                .filter(|name| !is_asked(text.text, name))
                .collect();
            let names: Vec<&str> = names.into_iter().collect();
            if names.is_empty() {
                continue;
            }
            let said = Said::new(
                Medium,
                format!(
                    "{} optional in the contract, but the request fails or sends the template itself without it.",
                    plural(&quoted(&names), "is", "are")
                ),
                "Write $!{input.x}, or make it required.",
            );
            self.say(report, "AC004", text.at, "config.request", said);
            return;
        }
    }

    /// AC005
    fn success_template(&self, report: &mut Report) {
        let Some(response) = self.response else { return };
        let Some(node) = response.get("successTemplate") else { return };
        let Some(template) = node.text() else { return };
        if template.contains("rawResult") || template.trim().is_empty() {
            return;
        }
        let mapped: Vec<&str> = response
            .get("translationMap")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .map(|entry| entry.key.as_str())
            .collect();
        let unknown: BTreeSet<&str> = references(template).into_iter().filter(|name| !mapped.contains(name)).collect();
        let unknown: Vec<&str> = unknown.into_iter().filter(|name| !is_set(template, name)).collect();
        if !unknown.is_empty() {
            let said = Said::new(
                High,
                format!("The success template uses {}, which the translation map does not have.", listed(&unknown)),
                "Map it from the answer, or remove it.",
            );
            self.say(report, "AC005", node.at, "config.response.successTemplate", said);
        }
        if template.contains('#') {
            return;
        }
        let template = template.trim();
        if let Some(alias) = template.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'))
            && mapped.contains(&alias)
            && !self.outputs.is_empty()
        {
            let said = Said::new(
                Low,
                format!(
                    "The contract promises {}; whether `{alias}` of the answer has it is not known here.",
                    listed(&self.outputs)
                ),
                "Map each promised property by itself, with a default, and put the answer together from them.",
            );
            self.say(report, "AC005", node.at, "config.response.successTemplate", said);
            return;
        }
        if !template.starts_with('{') {
            return;
        }
        let produced = keys(template);
        let missing: Vec<&str> =
            self.outputs.iter().copied().filter(|name| !produced.iter().any(|key| key == name)).collect();
        if !missing.is_empty() {
            let said = Said::new(
                High,
                format!("The contract promises {}, and the success template does not have it.", listed(&missing)),
                "Add it to the success template, or take it out of the contract.",
            );
            self.say(report, "AC005", node.at, "config.response.successTemplate", said);
        }
    }

    /// EP001, EP002, EP004 and AC006.
    fn endpoint(&self, report: &mut Report) {
        let texts = self.url.into_iter().chain(self.body);
        if let Some((text, found)) = texts.clone().find_map(|text| Some((text, endpoints::identifier(text.text)?))) {
            let said = Said::new(
                Medium,
                format!(
                    "The identifier {found} is written out: in another organisation or after a recovery it names nothing."
                ),
                "Make it an input, or a custom field of the integration's credentials.",
            );
            self.say(report, "EP002", text.at, "config.request", said);
        }
        if let Some((text, found)) = texts.clone().find_map(|text| Some((text, endpoints::leftover(text.text)?))) {
            let said = Said::new(
                Medium,
                format!("{found} is a leftover of a demonstration."),
                "Replace it by what production uses.",
            );
            self.say(report, "EP004", text.at, "config.request", said);
        }
        let addresses = self.url.into_iter().chain(self.headers.iter().map(|(_, text)| *text));
        if let Some((text, found)) =
            addresses.into_iter().find_map(|text| Some((text, endpoints::placeholder(text.text)?)))
        {
            let said = Said::new(
                High,
                format!("`{found}` was to be filled in: this Data Action has never worked."),
                "Fill it in, or make it a custom field of the integration's credentials.",
            );
            self.say(report, "AC006", text.at, "config.request", said);
        }
        let Some(url) = self.url else { return };
        if url.text.to_ascii_lowercase().contains("/estimatedwaittime") {
            let said = Said::new(
                Low,
                "This asks for the estimated wait time, which a flow knows by itself.",
                "Use FindQueueEstimatedWaitTime(…) in the flow: no request, no limit, no outage.",
            );
            self.say(report, "RL004", url.at, "config.request.requestUrlTemplate", said);
        }
        let Some(host) = endpoints::host(url.text).filter(|host| !host.starts_with('$') || host.contains("}.")) else {
            return;
        };
        if host.is_empty() || host.contains("${credentials.") {
            return;
        }
        let is_region = host.contains("mypurecloud") || host.contains("pure.cloud");
        let (severity, how) = match (is_region, host.contains('$')) {
            (true, false) => (High, "one region"),
            (false, false) => (Medium, "one host"),
            (_, true) => (Low, "one domain"),
        };
        let said = Said::new(
            severity,
            format!("The address is fixed to {how} ({host}): a failover cannot move it."),
            "Make the host a custom field of the integration's credentials, or use a relative address on the platform.",
        );
        self.say(report, "EP001", url.at, "config.request.requestUrlTemplate", said);
    }

    /// EP003
    fn secrets(&self, report: &mut Report) {
        let is_secret = |name: &str| {
            let name = name.to_ascii_lowercase();
            ["authorization", "api-key", "apikey", "api_key", "x-auth", "token", "secret", "password"]
                .iter()
                .any(|part| name.contains(part))
        };
        let from = |value: &str| {
            let value = value.trim();
            let is_kept = ["${credentials.", "$!{credentials.", "$credentials.", "authResponse", "${authResponse"]
                .iter()
                .any(|part| value.contains(part));
            match () {
                () if value.is_empty() || is_kept => None,
                () if usages(value).next().is_some() => Some((Medium, "comes from the flow")),
                () if value.contains('$') => None,
                () => Some((Critical, "is written out")),
            }
        };
        let headers =
            self.headers.iter().filter(|(name, _)| is_secret(name)).map(|(name, text)| (*name, text.at, text.text));
        let query = self.url.iter().flat_map(|url| {
            let query = url.text.split_once('?').map_or("", |(_, query)| query);
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .filter(|(name, _)| is_secret(name) || *name == "sig" || *name == "key")
                .map(|(name, value)| (name, url.at, value))
        });
        for (name, at, value) in headers.chain(query) {
            let Some((severity, how)) = from(value) else { continue };
            let said = Said::new(
                severity,
                format!(
                    "The secret `{name}` {how}: everyone who sees a flow, an export or a log has it, and nobody can rotate it."
                ),
                "Keep it in the integration's credentials: ${credentials.name}.",
            );
            self.say(report, "EP003", at, "config.request", said);
        }
    }

    /// AC008
    fn method(&self, report: &mut Report) {
        let body = self.body.map(|body| body.text.trim()).unwrap_or_default();
        // The editor itself puts the raw request into every new action.
        let has_body = !body.is_empty() && !body.trim_matches('"').eq("${input.rawRequest}");
        let has_type = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let is_platform = self.url.is_some_and(|url| url.text.starts_with("/api/"));
        let (message, fix) = match self.facts.method.as_str() {
            "GET" if has_body => {
                ("A GET with a body: the platform leaves it out.", "Remove the request template, or use POST.")
            }
            "POST" | "PUT" | "PATCH" if has_body && !has_type && !is_platform => (
                "A body without a Content-Type: what the other side makes of it is a guess.",
                "Add the header Content-Type: application/json.",
            ),
            _ => return,
        };
        self.say(report, "AC008", self.request, "config.request", Said::new(Low, message, fix));
    }
}

/// The properties of one side of the contract, with whether they must be there.
fn schema<'a>(root: &'a Node, side: &str, key: &str) -> Vec<(&'a str, bool)> {
    let schema = root.get("contract").and_then(|contract| contract.get(side)).and_then(|side| side.get(key));
    let required: Vec<&str> = schema
        .and_then(|schema| schema.get("required"))
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(Node::text)
        .collect();
    let properties = schema.and_then(|schema| schema.get("properties")).map(Node::entries).unwrap_or_default();
    properties.iter().map(|entry| (entry.key.as_str(), required.contains(&entry.key.as_str()))).collect()
}

fn quoted(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("`{name}`")).collect()
}

/// Names that a message lists; more are counted.
const LISTED_MAX: usize = 6;

fn listed(names: &[&str]) -> String {
    let shown = quoted(&names[..names.len().min(LISTED_MAX)]).join(", ");
    match names.len().saturating_sub(LISTED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `a is`, `a, b are`.
fn plural(names: &[impl AsRef<str>], one: &str, more: &str) -> String {
    let list: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    format!("{} {}", list.join(", "), if list.len() == 1 { one } else { more })
}
