//! OpenSLO's alert policies and conditions, as rules of burn rates.
//!
//! A condition knows one window. The second one, which ends the alert soon after the trouble, is a twelfth of it, and
//! stands in for `alertAfter` too: a burn that has not lasted does not reach the rate over the long window.

use budget::{BurnRule, Severity};
use serde_json::{Value, json};

use crate::documents::{self, DocumentKind, Known, note_nowhere, refer};
use crate::length::short_of;
use crate::problem::Found;
use crate::tree::{Kind, Node, Place};

/// A rule, and the place of its condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) rule: BurnRule,
    pub(crate) at: Place,
    pub(crate) path: String,
}

/// Who is told, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Policy {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) targets: Vec<String>,
}

/// Reads the `spec` of an AlertCondition.
pub(crate) fn condition(spec: &Node, found: &mut Found) -> Option<Condition> {
    found.map(spec, &["description", "severity", "condition"])?;
    let severity = found.need(spec, "severity", "add `severity: page` or `severity: ticket`");
    let severity = severity.and_then(|node| found.text(node)).map(severity_of);
    let condition =
        found.need(spec, "condition", "add `condition: { kind: burnrate, op: gte, threshold: 14.4, … }`")?;
    found.map(condition, &["kind", "op", "threshold", "lookbackWindow", "alertAfter"])?;
    let kind = condition.get("kind").map_or(Some(()), |node| found.word(node, &[("burnrate", ())]));
    let op = condition.get("op").map_or(Some(()), |node| found.word(node, &[("gte", ())]));
    let burn = found.need(condition, "threshold", "add the burn rate, such as `threshold: 14.4`");
    let burn = burn.and_then(|node| burn_rate(node, found));
    let long = found.need(condition, "lookbackWindow", "add `lookbackWindow: 1h`");
    let long = long.and_then(|node| found.minutes(node));
    if let Some(after) = condition.get("alertAfter")
        && !is_nothing(after)
        && found.minutes(after).is_some()
    {
        found.lost(
            after,
            "`alertAfter` is not waited for",
            "the long window takes its time, and a short one must agree",
        );
    }
    kind.and(op)?;
    let long = long?;
    let rule = BurnRule { severity: severity?, long, short: short_of(long), burn_milli: burn? };
    Some(Condition { rule, at: condition.at, path: condition.path.clone() })
}

/// Whether it is a length of nothing: `0m`.
fn is_nothing(node: &Node) -> bool {
    matches!(&node.kind, Kind::Scalar { text, .. } if text.trim_end_matches(['m', 'h', 'd', 'w']) == "0")
}

/// A burn rate in thousandths.
pub(crate) fn burn_rate(node: &Node, found: &mut Found) -> Option<u32> {
    let hint = "write a number with at most 3 digits behind the point: `14.4`";
    let burn = found.exact(node, 3, hint)?;
    let burn_milli = u32::try_from(burn).ok();
    if burn_milli.is_none() {
        found.wrong(node, "no budget burns that fast", hint);
    }
    burn_milli
}

/// `page`, `critical` and `high` wake somebody up; every other word can wait.
pub(crate) fn severity_of(word: &str) -> Severity {
    match word.to_ascii_lowercase().as_str() {
        "page" | "critical" | "high" => Severity::Page,
        _ => Severity::Ticket,
    }
}

/// Reads the `spec` of an AlertPolicy.
pub(crate) fn policy(spec: &Node, known: &Known, found: &mut Found) -> Option<Policy> {
    const KEYS: [&str; 6] = [
        "description",
        "alertWhenNoData",
        "alertWhenResolved",
        "alertWhenBreaching",
        "conditions",
        "notificationTargets",
    ];
    found.map(spec, &KEYS)?;
    note_when(spec, found);
    let mut policy = Policy::default();
    let conditions = found.need(spec, "conditions", "add `conditions: [{ conditionRef: NAME }]`");
    let items = conditions.and_then(|node| found.list(node, "write `- conditionRef: NAME` for each"));
    for item in items.unwrap_or_default() {
        policy.conditions.extend(policy_condition(item, known, found));
    }
    if let Some(targets) = spec.get("notificationTargets") {
        let items = found.list(targets, "write `- targetRef: NAME` for each").unwrap_or_default();
        policy.targets.extend(items.iter().filter_map(|item| target(item, known, found)));
    }
    let never = spec
        .get("alertWhenBreaching")
        .filter(|node| matches!(&node.kind, Kind::Scalar { text, .. } if text == "false"));
    if let Some(node) = never {
        found.lost(node, "this policy tells nobody while the budget burns", "its conditions are left out");
        policy.conditions.clear();
    }
    Some(policy)
}

fn note_when(spec: &Node, found: &mut Found) {
    for key in ["alertWhenNoData", "alertWhenResolved", "alertWhenBreaching"] {
        found.boolean_of(spec, key, true);
    }
    let is = |key, word| spec.get(key).filter(|node| matches!(&node.kind, Kind::Scalar { text, .. } if text == word));
    if let Some(node) = is("alertWhenNoData", "true") {
        found.lost(node, "nobody is paged for missing data", "the objective is shown as unknown");
    }
    if let Some(node) = is("alertWhenResolved", "false") {
        found.lost(node, "the end of an alert is told too", "the same incident is resolved");
    }
}

fn policy_condition(item: &Node, known: &Known, found: &mut Found) -> Option<Condition> {
    found.map(item, &["conditionRef", "apiVersion", "kind", "metadata", "spec"])?;
    match (item.get("conditionRef"), item.get("spec")) {
        (Some(node), None) => refer(node, &known.conditions, "AlertCondition", found).cloned(),
        (None, Some(spec)) => {
            inline_name(item, DocumentKind::AlertCondition, found);
            condition(spec, found)
        }
        _ => {
            let hint = "write `conditionRef: NAME`, or `kind: AlertCondition` with `metadata` and `spec`";
            found.wrong(item, "a condition is either referred to or written out", hint);
            None
        }
    }
}

fn target(item: &Node, known: &Known, found: &mut Found) -> Option<String> {
    found.map(item, &["targetRef", "apiVersion", "kind", "metadata", "spec"])?;
    match (item.get("targetRef"), item.get("metadata")) {
        (Some(node), None) => {
            let name = found.text(node)?;
            if !known.targets.contains(name) {
                let names = known.targets.iter().map(String::as_str);
                note_nowhere(node, name, names, "AlertNotificationTarget", found);
            }
            Some(name.to_owned())
        }
        (None, Some(_)) => {
            let name = inline_name(item, DocumentKind::AlertNotificationTarget, found).map(str::to_owned);
            if let Some(spec) = item.get("spec") {
                found.map(spec, &["description", "target"])?;
            }
            name
        }
        _ => {
            let hint = "write `targetRef: NAME`, or `kind: AlertNotificationTarget` with `metadata` and `spec`";
            found.wrong(item, "a target is either referred to or written out", hint);
            None
        }
    }
}

/// The name of a document that stands inside another one, if it has one.
fn inline_name<'n>(item: &'n Node, kind: DocumentKind, found: &mut Found) -> Option<&'n str> {
    let words: Vec<_> = DocumentKind::WORDS.into_iter().filter(|(_, known)| *known == kind).collect();
    if let Some(node) = item.get("kind") {
        found.word(node, &words);
    }
    item.get("metadata")?;
    documents::name(item, found).map(|(_, name, _)| name)
}

/// Reads the `alertPolicies` of an SLO; nothing when there is no such key. An empty list is an answer: nobody is told.
pub(crate) fn of_slo(spec: &Node, known: &Known, found: &mut Found) -> Option<Policy> {
    let node = spec.get("alertPolicies")?;
    let items = found.list(node, "write `- alertPolicyRef: NAME` for each").unwrap_or_default();
    let mut all = Policy::default();
    for item in items {
        let policy = one(item, known, found).unwrap_or_default();
        for condition in policy.conditions {
            if all.conditions.iter().all(|known| known.rule != condition.rule) {
                all.conditions.push(condition);
            }
        }
        for target in policy.targets {
            if !all.targets.contains(&target) {
                all.targets.push(target);
            }
        }
    }
    Some(all)
}

fn one(item: &Node, known: &Known, found: &mut Found) -> Option<Policy> {
    // A name alone was what the first examples of version 1 had.
    if matches!(item.kind, Kind::Scalar { .. }) {
        return refer(item, &known.policies, "AlertPolicy", found).cloned();
    }
    found.map(item, &["alertPolicyRef", "apiVersion", "kind", "metadata", "spec"])?;
    match (item.get("alertPolicyRef"), item.get("spec")) {
        (Some(node), None) => refer(node, &known.policies, "AlertPolicy", found).cloned(),
        (None, Some(spec)) => {
            inline_name(item, DocumentKind::AlertPolicy, found);
            policy(spec, known, found)
        }
        _ => {
            let hint = "write `alertPolicyRef: NAME`, or `kind: AlertPolicy` with `metadata` and `spec`";
            found.wrong(item, "a policy is either referred to or written out", hint);
            None
        }
    }
}

/// A policy with these rules, to stand inside an SLO.
pub(crate) fn write(id: &str, rules: &[BurnRule], targets: &[String]) -> Value {
    let condition = |(index, rule): (usize, &BurnRule)| {
        json!({
            "kind": "AlertCondition",
            "metadata": {"name": format!("{id}-burn-{}", index + 1)},
            "spec": {
                "severity": rule.severity.word(),
                "condition": {
                    "kind": "burnrate",
                    "op": "gte",
                    "threshold": crate::number::json(rule.burn_milli.into(), 3),
                    "lookbackWindow": rule.long.to_string(),
                    "alertAfter": "0m",
                },
            },
        })
    };
    let mut policy = json!({
        "kind": "AlertPolicy",
        "metadata": {"name": format!("{id}-burn")},
        "spec": {
            "alertWhenBreaching": true,
            "alertWhenResolved": true,
            "alertWhenNoData": false,
            "conditions": rules.iter().enumerate().map(condition).collect::<Vec<_>>(),
        },
    });
    if !targets.is_empty() {
        let targets = targets.iter().map(|target| json!({"targetRef": target})).collect::<Vec<_>>();
        policy["spec"]["notificationTargets"] = targets.into();
    }
    policy
}
