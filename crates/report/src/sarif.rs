//! SARIF 2.1.0: what code scanning of repositories reads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Finding, Findings, Level};

/// The key of the fingerprint; the number changes when its making does.
const FINGERPRINT: &str = "steadyline/v1";

/// A log with one run.
pub fn document(findings: &Findings, version: &str) -> Value {
    let mut rules: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in &findings.list {
        rules.entry(&finding.rule).or_insert(finding);
    }
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(index, rule)| (*rule, index)).collect();
    let described: Vec<Value> = rules
        .values()
        .map(|rule| {
            json!({
                "id": rule.rule,
                "shortDescription": { "text": rule.title },
                "help": { "text": rule.page, "markdown": rule.page },
            })
        })
        .collect();
    let results: Vec<Value> =
        findings.list.iter().map(|finding| result(finding, index[finding.rule.as_str()])).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "steadyline", "version": version, "rules": described } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(finding: &Finding, rule_index: usize) -> Value {
    let level = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "note",
    };
    let related: Vec<Value> = finding.also.iter().map(|(line, column)| location(finding, *line, *column)).collect();
    json!({
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": level,
        "message": { "text": format!("{} {}", finding.message, finding.fix) },
        "locations": [location(finding, finding.line, finding.column)],
        "relatedLocations": related,
        "partialFingerprints": { FINGERPRINT: finding.fingerprint },
    })
}

fn location(finding: &Finding, line: u32, column: u32) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&finding.file) },
            "region": { "startLine": line.max(1), "startColumn": column.max(1) },
        },
        "logicalLocations": [{ "fullyQualifiedName": format!("{} > {}", finding.flow, finding.path) }],
    })
}

/// A relative reference: separators are slashes, and what a URI reserves is escaped.
pub(crate) fn uri(file: &str) -> String {
    let mut uri = String::new();
    for byte in file.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => uri.push(byte as char),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}
