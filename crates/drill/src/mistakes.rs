//! Which parts of an experiment do not fit together. Everything is told, not only the first.

mod faults;
mod guard;
mod load;
mod measures;
mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use faults::{LEASE_MAX, LEASE_MIN};
pub use guard::PRODUCTION_APPROVALS_MIN;

use crate::experiment::{ITEMS_MAX, Parts};
use crate::metric::{RESERVED, list};
use crate::subject::Kind;

/// The longest id and name, in bytes.
pub const ID_BYTES_MAX: usize = 64;

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: a JSON pointer into the file, such as `/faults/0/on`.
    pub at: String,
    /// What is wrong: a lowercase fragment.
    pub what: String,
    /// What to write instead.
    pub fix: String,
    /// What else it was concluded from, as JSON pointers: who could not read one of these need not tell it.
    pub relies_on: Vec<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.at, self.what, self.fix)
    }
}

/// What is told.
#[derive(Default)]
struct Told(Vec<Mistake>);

impl Told {
    fn add(&mut self, at: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) {
        self.relying(&[], at, what, fix);
    }

    /// A mistake that would not be one if something else were otherwise.
    fn relying(&mut self, on: &[&str], at: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) {
        let relies_on = on.iter().map(|on| (*on).to_owned()).collect();
        self.0.push(Mistake { at: at.into(), what: what.into(), fix: fix.into(), relies_on });
    }
}

/// Everything that does not fit.
pub(crate) fn of(parts: &Parts) -> Vec<Mistake> {
    let mut told = Told::default();
    names(parts, &mut told);
    lengths(parts, &mut told);
    guard::check(parts, &mut told);
    load::check(parts, &mut told);
    faults::check(parts, &mut told);
    run::check(parts, &mut told);
    measures::check(parts, &mut told);
    told.0
}

fn names(parts: &Parts, told: &mut Told) {
    let fix = format!(
        "write a small letter, then small letters, digits, `-` and `_`, {ID_BYTES_MAX} at most, such as `trunk-503`"
    );
    if !is_id(&parts.metadata.id) {
        told.add("/metadata/id", format!("`{}` is no id", parts.metadata.id), fix.clone());
    }
    for (at, text) in [("/metadata/title", &parts.metadata.title), ("/metadata/owner", &parts.metadata.owner)] {
        if text.trim().is_empty() {
            told.add(at, "this is empty", "say it in a few words, for whoever reads the report");
        }
    }
    if parts.subjects.is_empty() {
        told.add("/subjects", "an experiment without subjects", "name what its steps are about");
    }
    let mut things = BTreeMap::new();
    for (name, subject) in &parts.subjects {
        let at = format!("/subjects/{name}");
        // Two names for one thing would hide that two faults meet on it, or that it is its own backup.
        if let Some(other) = things.insert((subject.kind, &subject.reference), name) {
            let what = format!("`{other}` and `{name}` are the same thing");
            told.relying(
                &["/subjects"],
                format!("{at}/ref"),
                what,
                "name it once, or write what the other one is called",
            );
        }
        if !is_id(name) {
            told.add(&at, format!("`{name}` is no name for a subject"), fix.clone());
        }
        if RESERVED.contains(&name.as_str()) {
            told.add(&at, format!("`{name}` is a word of metrics"), "give the subject another name");
        }
        if subject.reference.trim().is_empty() {
            told.add(format!("{at}/ref"), "this is empty", "write what the thing is called where it is");
        }
        let is_host = matches!(subject.kind, Kind::Upstream | Kind::Oauth | Kind::Dns);
        if let Some(unfit) = subject.reference.parse::<crate::HostPort>().err().filter(|_| is_host) {
            told.relying(&[&at], format!("{at}/ref"), unfit.what, unfit.fix);
        }
    }
}

fn is_id(text: &str) -> bool {
    let is_inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    text.len() <= ID_BYTES_MAX && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_inside)
}

fn lengths(parts: &Parts, told: &mut Told) {
    let lists = [
        ("/subjects", parts.subjects.len()),
        ("/steady_state/probes", parts.steady_state.probes.len()),
        ("/faults", parts.faults.len()),
        ("/abort", parts.abort.len()),
        ("/verdict", parts.verdict.len()),
    ];
    for (at, length) in lists.into_iter().filter(|(_, length)| ITEMS_MAX < *length) {
        told.add(at, format!("{length} are more than {ITEMS_MAX}"), "make two experiments of it");
    }
}

/// A name that stands in a list twice makes everything unclear that refers to it.
fn twice<'a>(at: &str, names: impl Iterator<Item = &'a str>, told: &mut Told) {
    let mut seen = BTreeSet::new();
    for (index, name) in names.enumerate() {
        let at = format!("{at}/{index}/name");
        if !is_id(name) {
            told.add(&at, format!("`{name}` is no name"), "write small letters, digits, `-` and `_`, a letter first");
        }
        if !seen.insert(name) {
            told.add(&at, format!("`{name}` stands here twice"), "give the second one another name");
        }
    }
}

/// Tells a subject that there is not; true when there is one.
fn subject(parts: &Parts, at: &str, name: &str, told: &mut Told) -> Option<Kind> {
    let found = parts.subjects.get(name);
    if found.is_none() {
        let fix = format!("steps may name {}", list(parts.subjects.keys().map(String::as_str)));
        told.relying(&["/subjects"], at, format!("there is no subject `{name}`"), fix);
    }
    found.map(|subject| subject.kind)
}
