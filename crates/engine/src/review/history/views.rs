//! Reviews as others see them.

use api::{ReviewBar, ReviewCheck, ReviewExhibit, ReviewFinding, ReviewMark, ReviewView};
use review::{Exhibit, Finding, Review};

use super::{Checked, Run};

/// The most findings of a check that are shown.
const FINDINGS_MAX: usize = 200;
/// The most rows of a table that are shown.
const ROWS_MAX: usize = 200;
/// The most bars that are shown.
const BARS_MAX: usize = 60;

pub(in crate::review) fn mark(run: &Run) -> ReviewMark {
    ReviewMark { id: run.id(), at: run.at, verdict: run.verdict.word().to_owned() }
}

/// As far as it is known without its evidence.
pub(in crate::review) fn short(run: &Run) -> ReviewView {
    ReviewView {
        id: run.id(),
        plan: run.plan.clone(),
        file: run.file.clone(),
        target: run.target.clone(),
        organisation: run.organisation.clone(),
        owner: run.owner.clone(),
        at: run.at,
        by: run.by.clone(),
        verdict: run.verdict.word().to_owned(),
        trouble: run.trouble.clone(),
        checks: run.checks.iter().map(kept).collect(),
        evidence: run.evidence.word().to_owned(),
        is_reproduced: None,
    }
}

/// With what its evidence says when it is judged again. The verdict stays what it was.
pub(in crate::review) fn whole(run: &Run, again: &Review) -> ReviewView {
    let is_same = |check: &Checked| {
        let found = again.results.iter().find(|it| it.check.id == check.id);
        found.is_some_and(|it| it.judged.verdict() == check.verdict)
    };
    let is_reproduced = run.verdict == again.verdict() && run.checks.iter().all(is_same);
    let checks = if is_reproduced { again.results.iter().map(judged).collect() } else { short(run).checks };
    ReviewView { checks, is_reproduced: Some(is_reproduced), ..short(run) }
}

fn kept(check: &Checked) -> ReviewCheck {
    ReviewCheck {
        id: check.id.clone(),
        // A check that has gone since has only its name.
        title: review::find(&check.id).map_or_else(|| check.id.clone(), |known| known.title.to_owned()),
        verdict: check.verdict.word().to_owned(),
        summary: check.summary.clone(),
        findings: check.findings.iter().map(finding).collect(),
        more_findings: check.more,
        exhibits: Vec::new(),
    }
}

fn judged(it: &review::Result) -> ReviewCheck {
    let mut findings: Vec<&Finding> = it.judged.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
    ReviewCheck {
        id: it.check.id.to_owned(),
        title: it.check.title.to_owned(),
        verdict: it.judged.verdict().word().to_owned(),
        summary: it.judged.summary.clone(),
        findings: findings.iter().take(FINDINGS_MAX).map(|found| finding(found)).collect(),
        more_findings: findings.len().saturating_sub(FINDINGS_MAX) as u64,
        exhibits: it.judged.exhibits.iter().filter_map(exhibit).collect(),
    }
}

fn finding(finding: &Finding) -> ReviewFinding {
    let (line, column) = finding.at.unzip();
    ReviewFinding {
        weight: finding.weight.word().to_owned(),
        about: finding.about.clone(),
        what: finding.what.clone(),
        fix: finding.fix.clone(),
        line,
        column,
    }
}

/// An exhibit; none where there is nothing to see.
fn exhibit(exhibit: &Exhibit) -> Option<ReviewExhibit> {
    match exhibit {
        Exhibit::Table { rows, .. } if rows.is_empty() => None,
        Exhibit::Bars { bars, .. } if bars.is_empty() => None,
        Exhibit::Table { title, columns, rows } => Some(ReviewExhibit::Table {
            title: title.clone(),
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            rows: rows.iter().take(ROWS_MAX).cloned().collect(),
            more: rows.len().saturating_sub(ROWS_MAX) as u64,
        }),
        Exhibit::Bars { title, unit, bars, limit } => {
            let bar = |(name, value): &(String, f64)| ReviewBar { name: name.clone(), value: *value };
            Some(ReviewExhibit::Bars {
                title: title.clone(),
                unit: (*unit).to_owned(),
                bars: bars.iter().take(BARS_MAX).map(bar).collect(),
                limit: *limit,
                more: bars.len().saturating_sub(BARS_MAX) as u64,
            })
        }
    }
}
