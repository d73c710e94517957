//! Comments that allow a finding: `# steadyline: allow DA001 because of …`.
//!
//! A comment at the end of a line allows on that line; one on a line of its own allows on the next line that is no
//! comment; `allow-file` allows in the whole file. A reason must be given, and a comment that allows nothing is told,
//! so that none outlives what it was written for.

use crate::lint::{Finding, Rule, Severity};
use crate::problem::Place;

const MARKER: &str = "# steadyline:";

/// The words after the marker.
const ALLOW: &str = "allow";
const ALLOW_FILE: &str = "allow-file";

struct Allow<'a> {
    at: Place,
    rule: &'a str,
    /// The line that it is about; none for the whole file.
    line: Option<u32>,
    has_reason: bool,
    is_word_known: bool,
    is_used: bool,
}

/// Takes away what comments in `text` allow; how many findings that were. Comments that are wrong or allow nothing
/// become findings themselves.
pub fn apply(text: &str, flow: &str, findings: Vec<Finding>) -> (Vec<Finding>, usize) {
    let mut allows = read(text);
    if allows.is_empty() {
        return (findings, 0);
    }
    let before = findings.len();
    let mut kept: Vec<Finding> = findings.into_iter().filter_map(|finding| left(&mut allows, finding)).collect();
    let allowed = before - kept.len();
    kept.extend(allows.iter().filter_map(|allow| complaint(allow, flow)));
    kept.sort_by_key(|finding| finding.at);
    (kept, allowed)
}

/// What is left of a finding: of several places those that no comment allows, and nothing when there is none.
fn left(allows: &mut [Allow<'_>], mut finding: Finding) -> Option<Finding> {
    let mut places: Vec<Place> = vec![finding.at];
    places.append(&mut finding.also);
    places.retain(|at| !is_allowed(allows, finding.rule, *at));
    let mut places = places.into_iter();
    finding.at = places.next()?;
    finding.also = places.collect();
    Some(finding)
}

fn is_allowed(allows: &mut [Allow<'_>], rule: &Rule, at: Place) -> bool {
    let mut is_allowed = false;
    for allow in allows {
        let is_here = allow.line.is_none_or(|line| line == at.line);
        if is_here && allow.has_reason && allow.is_word_known && allow.rule.eq_ignore_ascii_case(rule.id) {
            allow.is_used = true;
            is_allowed = true;
        }
    }
    is_allowed
}

fn complaint(allow: &Allow<'_>, flow: &str) -> Option<Finding> {
    let (message, fix) = if !allow.is_word_known {
        (
            "This comment says neither `allow` nor `allow-file`.".to_owned(),
            "Write: # steadyline: allow RULE reason".to_owned(),
        )
    } else if Rule::find(allow.rule).is_none() {
        (format!("There is no rule `{}` to allow.", allow.rule), "See docs/rules for their names.".to_owned())
    } else if !allow.has_reason {
        (
            format!("{} is not allowed here: the comment gives no reason.", allow.rule),
            format!("Write why: # steadyline: allow {} reason", allow.rule),
        )
    } else if !allow.is_used {
        (format!("Nothing is found by {} here any more.", allow.rule), "Remove the comment.".to_owned())
    } else {
        return None;
    };
    Some(Finding {
        rule: Rule::of("SY003"),
        severity: Severity::Low,
        at: allow.at,
        also: Vec::new(),
        flow: flow.to_owned(),
        action: None,
        path: format!("allow {}", allow.rule),
        message,
        fix,
    })
}

fn read(text: &str) -> Vec<Allow<'_>> {
    let mut allows: Vec<Allow<'_>> = Vec::new();
    // Comments on lines of their own that wait for the next line with content.
    let mut waiting: Vec<usize> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let is_comment = line.trim_start().starts_with('#');
        if !is_comment && !line.trim().is_empty() {
            for at in waiting.drain(..) {
                allows[at].line = Some(number);
            }
        }
        let Some(column) = line.find(MARKER) else { continue };
        let mut words = line[column + MARKER.len()..].split_whitespace();
        let word = words.next().unwrap_or_default();
        let is_file = word == ALLOW_FILE;
        allows.push(Allow {
            at: Place { line: number, column: u32::try_from(line[..column].chars().count() + 1).unwrap_or(u32::MAX) },
            rule: words.next().unwrap_or_default(),
            line: (!is_file).then_some(number),
            has_reason: words.next().is_some(),
            is_word_known: is_file || word == ALLOW,
            is_used: false,
        });
        if is_comment && !is_file {
            waiting.push(allows.len() - 1);
        }
    }
    allows
}
