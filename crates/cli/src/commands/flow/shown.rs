//! Findings for people: an excerpt, an arrow, what happens, what to do.

use std::collections::BTreeMap;
use std::fmt::Display;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode};
use report::{Finding, Findings, Level};

/// A rule that was found in more files than this is told in full for the first ones, and counted after that.
const FILES_IN_FULL: usize = 3;

/// Of equals on one line, what says where callers end up is told first.
const ENDS: &str = "FB";

/// Longer lines are exports and minified files; an excerpt of them helps nobody.
const LINE_BYTES_MAX: usize = 2_000;

/// Every finding as a report with an excerpt, then what is left out, then the count.
pub(crate) fn text(findings: &Findings, sources: &BTreeMap<String, String>, has_color: bool) -> String {
    let theme = if has_color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
    let mut text = String::new();
    let mut repeated: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut told: Vec<&Finding> = Vec::new();
    let cleaned: Vec<Finding> = findings.list.iter().map(cleaned).collect();
    for finding in &cleaned {
        let seen = files.entry(&finding.rule).or_default();
        if !seen.contains(&finding.file.as_str()) {
            seen.push(&finding.file);
        }
        // Errors are told in full, however many there are.
        if seen.len() > FILES_IN_FULL && finding.level < Level::Error {
            repeated.entry(&finding.rule).or_default().push(finding);
        } else {
            told.push(finding);
        }
    }
    for here in by_place(&told) {
        let rank = |finding: &&Finding| {
            (weight(finding), finding.rule.starts_with(ENDS), std::cmp::Reverse(finding.rule.clone()))
        };
        let Some(finding) = here.iter().copied().max_by_key(rank) else { continue };
        let others: Vec<&Finding> = here.iter().copied().filter(|other| *other != finding).collect();
        let source = sources.get(&finding.file).filter(|text| finding.line > 0 && is_readable(text, finding.line));
        let excerpt = source.map(|text| NamedSource::new(&finding.file, printable(text)));
        // Writing to a text cannot fail.
        let _written = handler.render_report(&mut text, &Shown { finding, others, excerpt });
        text.push('\n');
    }
    for (rule, findings) in repeated {
        let title = findings.first().map_or("", |finding| finding.title.as_str());
        let places: Vec<String> =
            findings.iter().take(5).map(|finding| format!("{}:{}", finding.file, finding.line)).collect();
        let more = findings.len().saturating_sub(places.len());
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.push_str(&format!("  {rule}: {title}, {} more times: {}{rest}\n", findings.len(), places.join(", ")));
    }
    text.push_str(&summary(findings));
    text
}

/// One line that says how it ended.
pub(crate) fn summary(findings: &Findings) -> String {
    let count = |level, one: &str| {
        let count = findings.count(level);
        format!("{count} {one}{}", if count == 1 { "" } else { "s" })
    };
    let mut parts = vec![
        count(Level::Error, "error"),
        count(Level::Warning, "warning"),
        format!("{} for information", findings.count(Level::Info)),
    ];
    if findings.allowed > 0 {
        parts.push(format!("{} allowed by comments", findings.allowed));
    }
    if findings.in_baseline > 0 {
        parts.push(format!("{} in the baseline", findings.in_baseline));
    }
    let files = if findings.files == 1 { "file" } else { "files" };
    format!("{} {files}: {}", findings.files, parts.join(", "))
}

/// Findings of one place together, in the order of the first of each. An export has one line; its actions are told
/// apart by their path.
fn by_place<'a>(findings: &[&'a Finding]) -> Vec<Vec<&'a Finding>> {
    let mut places: BTreeMap<(&str, u32, &str), usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for &finding in findings {
        let at = *places.entry((&finding.file, finding.line, &finding.path)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[at].push(finding);
    }
    groups
}

/// A finding whose words a terminal can be given: a flow's names are anybody's text, and may hold its commands.
fn cleaned(finding: &Finding) -> Finding {
    Finding {
        flow: printable(&finding.flow),
        action: finding.action.as_deref().map(printable),
        path: printable(&finding.path),
        message: printable(&finding.message),
        fix: printable(&finding.fix),
        ..finding.clone()
    }
}

/// Text without control characters, but for line ends and tabs.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\r' | '\t') { '\u{fffd}' } else { c }).collect()
}

/// How bad a finding is, for the order on a line.
fn weight(finding: &Finding) -> u8 {
    match finding.severity.as_str() {
        "critical" => 4,
        "high" => 3,
        "medium" => 2,
        "low" => 1,
        _ => 0,
    }
}

fn is_readable(text: &str, line: u32) -> bool {
    text.lines().nth(line as usize - 1).is_some_and(|line| line.len() <= LINE_BYTES_MAX)
}

#[derive(Debug, thiserror::Error)]
#[error("{}", .finding.message)]
struct Shown<'a> {
    finding: &'a Finding,
    /// What else was found on the same line.
    others: Vec<&'a Finding>,
    excerpt: Option<NamedSource<String>>,
}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        let place = if self.excerpt.is_some() {
            String::new()
        } else {
            format!(" {}:{}", self.finding.file, self.finding.line)
        };
        Some(Box::new(format!("{} {}: {}{place}", self.finding.rule, self.finding.severity, self.finding.title)))
    }

    fn severity(&self) -> Option<Severity> {
        Some(match self.finding.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Info => Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        let at = if self.finding.path.is_empty() { String::new() } else { format!("\nin {}", self.finding.path) };
        let mut help = format!("{}{at}\nmore: {}", self.finding.fix, self.finding.docs);
        let mut others = self.others.clone();
        others.sort_by_key(|other| (std::cmp::Reverse(weight(other)), &other.rule));
        for other in others {
            help.push_str(&format!("\n\nalso {} {}: {}", other.rule, other.severity, other.message));
        }
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let source = self.excerpt.as_ref()?;
        let text = source.inner();
        let label = self.finding.action.clone().unwrap_or_else(|| "here".to_owned());
        let span = span(text, self.finding.line, self.finding.column)?;
        Some(Box::new(std::iter::once(LabeledSpan::new_primary_with_span(Some(label), span))))
    }
}

/// The word at a place.
fn span(text: &str, line: u32, column: u32) -> Option<std::ops::Range<usize>> {
    let start_of_line: usize = text.split_inclusive('\n').take(line as usize - 1).map(str::len).sum();
    let line = text[start_of_line..].lines().next()?;
    let (start, _) = line.char_indices().nth(column as usize - 1).unwrap_or((0, ' '));
    let rest = &line[start..];
    let end = rest.find([':', ' ', ',']).filter(|end| *end > 0).unwrap_or(rest.len());
    Some(start_of_line + start..start_of_line + start + end.max(1).min(rest.len().max(1)))
}
