//! Plain JSON, the form that scripts of users rely on.

use review::{Exhibit, Finding, Judged, Review};
use serde_json::{Value, json};

use super::Head;

/// The verdict, and each check with what it was found by.
pub fn document(review: &Review, head: &Head) -> Value {
    let check = |it: &review::Result| {
        json!({
            "id": it.check.id,
            "title": it.check.title,
            "verdict": it.judged.verdict().word(),
            "summary": it.judged.summary,
            "evidence": evidence(&it.judged),
        })
    };
    json!({
        "verdict": review.verdict().word(),
        "plan": head.plan,
        "target": head.target,
        "organisation": head.organisation,
        "at": head.at,
        "checks": review.results.iter().map(check).collect::<Vec<_>>(),
    })
}

fn evidence(judged: &Judged) -> Value {
    let finding = |Finding { weight, about, what, fix, at }: &Finding| {
        let (line, column) = at.unzip();
        json!({ "weight": weight.word(), "about": about, "what": what, "fix": fix, "line": line, "column": column })
    };
    let exhibit = |exhibit: &Exhibit| match exhibit {
        Exhibit::Table { title, columns, rows } => json!({ "title": title, "columns": columns, "rows": rows }),
        Exhibit::Bars { title, unit, bars, limit } => {
            let bars: Vec<Value> = bars.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
            json!({ "title": title, "unit": unit, "bars": bars, "limit": limit })
        }
    };
    json!({
        "findings": judged.findings.iter().map(finding).collect::<Vec<_>>(),
        "exhibits": judged.exhibits.iter().map(exhibit).collect::<Vec<_>>(),
    })
}
