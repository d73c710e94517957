//! Markdown, as pipelines show it above a run.

use std::fmt::Write as _;

use review::{Exhibit, Review, Weight};

use super::{Head, sentence};

/// More rows of a table are left to the other forms.
const ROWS_MAX: usize = 30;

/// The document.
pub fn document(review: &Review, head: &Head) -> String {
    let verdict = review.verdict();
    let mut text = format!("## {}: {}\n\n{}\n\n", cell(&head.plan), verdict.word().to_uppercase(), sentence(verdict));
    let owner = head.owner.as_ref().map_or_else(String::new, |owner| format!(" · owner {}", cell(owner)));
    let _ = writeln!(text, "Target {} {} · {}{owner}\n", cell(&head.target), cell(&head.organisation), head.at);
    text.push_str("| check | verdict | what was seen |\n|---|---|---|\n");
    for it in &review.results {
        let (id, word) = (it.check.id, it.judged.verdict().word());
        let _ = writeln!(text, "| {id} | {word} | {} |", cell(&it.judged.summary));
    }
    for it in &review.results {
        let told: Vec<_> = it.judged.findings.iter().filter(|finding| Weight::Info < finding.weight).collect();
        if told.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n### {}\n", it.check.id);
        for finding in told {
            let (weight, about) = (finding.weight.word(), cell(&finding.about));
            let _ = writeln!(text, "- **{weight}** {about}: {} {}", cell(&finding.what), cell(&finding.fix));
        }
        it.judged.exhibits.iter().for_each(|exhibit| table(exhibit, &mut text));
    }
    text
}

fn table(exhibit: &Exhibit, text: &mut String) {
    let Exhibit::Table { title, columns, rows } = exhibit else { return };
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n<details><summary>{}</summary>\n", cell(title));
    let _ = writeln!(text, "| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()));
    for row in rows.iter().take(ROWS_MAX) {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    if rows.len() > ROWS_MAX {
        let _ = writeln!(text, "\n{} more.", rows.len() - ROWS_MAX);
    }
    text.push_str("\n</details>\n");
}

/// Text that means nothing to Markdown or HTML, on one line.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for c in text.chars() {
        match c {
            '\n' | '\r' => cell.push(' '),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' => {
                cell.push('\\');
                cell.push(c);
            }
            '<' => cell.push_str("&lt;"),
            '&' => cell.push_str("&amp;"),
            c if c.is_control() => {}
            c => cell.push(c),
        }
    }
    cell
}
