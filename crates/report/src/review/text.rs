//! For a terminal: a line for each check, and below it what keeps the launch back.

use review::{Review, Weight};

use super::{Head, sentence};

/// The lines.
pub fn lines(review: &Review, head: &Head, is_quiet: bool) -> Vec<String> {
    let mut lines = vec![format!("{} · {} {}", head.plan, head.target, head.organisation).trim_end().to_owned()];
    for it in &review.results {
        let verdict = it.judged.verdict();
        lines.push(format!("  {:<8} {:<16} {}", verdict.word(), it.check.id, it.judged.summary).trim_end().to_owned());
        for finding in it.judged.findings.iter().filter(|it| !is_quiet || Weight::Unknown <= it.weight) {
            let at = finding.at.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
            lines.push(format!("           {} {}{at}: {}", finding.weight.word(), finding.about, finding.what));
            if !finding.fix.is_empty() && Weight::Warning <= finding.weight {
                lines.push(format!("             fix: {}", finding.fix));
            }
        }
    }
    lines.push(format!("{}: {}", review.verdict().word(), sentence(review.verdict())));
    lines
}
