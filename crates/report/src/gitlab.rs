//! GitLab code quality: a list of issues in the form of Code Climate.

use serde_json::{Value, json};

use crate::Findings;

/// The list that `artifacts:reports:codequality` takes.
pub fn document(findings: &Findings) -> Value {
    let list = findings.list.iter().map(|finding| {
        let severity = match finding.severity.as_str() {
            "critical" => "blocker",
            "high" => "critical",
            "medium" => "major",
            "low" => "minor",
            _ => "info",
        };
        json!({
            "type": "issue",
            "check_name": finding.rule,
            "description": finding.message,
            "content": { "body": finding.fix },
            "categories": ["Bug Risk"],
            "severity": severity,
            "fingerprint": finding.fingerprint,
            "location": {
                "path": finding.file.strip_prefix("./").unwrap_or(&finding.file),
                "lines": { "begin": finding.line.max(1) },
            },
        })
    });
    Value::Array(list.collect())
}
