//! Plain JSON, the form that scripts of users rely on.

use serde_json::{Value, json};

use crate::{Findings, Level};

/// `findings` in the order of files and lines, and a `summary`.
pub fn document(findings: &Findings) -> Value {
    let list: Vec<Value> = findings
        .list
        .iter()
        .map(|finding| {
            json!({
                "rule": finding.rule,
                "severity": finding.level.word(),
                "weight": finding.severity,
                "file": finding.file,
                "line": finding.line,
                "column": finding.column,
                "also": finding.also.iter().map(|(line, column)| json!({ "line": line, "column": column })).collect::<Vec<_>>(),
                "flow": finding.flow,
                "action": finding.action,
                "path": finding.path,
                "message": finding.message,
                "fix": finding.fix,
                "docs": finding.docs,
                "fingerprint": finding.fingerprint,
            })
        })
        .collect();
    json!({
        "findings": list,
        "summary": {
            "files": findings.files,
            "errors": findings.count(Level::Error),
            "warnings": findings.count(Level::Warning),
            "infos": findings.count(Level::Info),
            "allowed": findings.allowed,
            "inBaseline": findings.in_baseline,
        },
    })
}
