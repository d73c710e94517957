//! SARIF 2.1.0: what code scanning of repositories reads.

use review::{Finding, Review, Weight};
use serde_json::{Value, json};

use super::{Head, findings};
use crate::sarif::uri;

/// A log with one run.
pub fn document(review: &Review, head: &Head, version: &str) -> Value {
    let rule = |it: &review::Result| {
        json!({
            "id": it.check.id,
            "shortDescription": { "text": it.check.title },
            "help": { "text": it.check.page, "markdown": it.check.page },
        })
    };
    let results: Vec<Value> = findings(review).into_iter().map(|(id, finding)| result(id, finding, head)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "steadyline",
                "version": version,
                "rules": review.results.iter().map(rule).collect::<Vec<_>>(),
            } },
            "results": results,
        }],
    })
}

/// What is about a file is shown there; all else at the plan.
fn result(id: &str, finding: &Finding, head: &Head) -> Value {
    let level = match finding.weight {
        Weight::Blocks | Weight::Unknown => "error",
        Weight::Warning => "warning",
        Weight::Info => "note",
    };
    let (file, (line, column)) = match finding.at {
        Some(at) => (finding.about.as_str(), at),
        None => (head.file.as_str(), (1, 1)),
    };
    json!({
        "ruleId": id,
        "level": level,
        "message": { "text": format!("{}: {} {}", finding.about, finding.what, finding.fix).trim_end() },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(file) },
                "region": { "startLine": line.max(1), "startColumn": column.max(1) },
            },
            "logicalLocations": [{ "fullyQualifiedName": finding.about }],
        }],
    })
}
