//! Reviews in the forms that people and other programs read, one file each.

pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod text;

use review::{Finding, Review, Verdict};

/// What stands above a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What is to be launched.
    pub plan: String,
    /// The plan's file, as it was named.
    pub file: String,
    /// The target's name.
    pub target: String,
    /// The organisation; empty when it could not be asked.
    pub organisation: String,
    /// Who is told.
    pub owner: Option<String>,
    /// When the facts were learned, as people read it.
    pub at: String,
}

/// What the launch may do, as a sentence.
pub const fn sentence(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "The launch may go ahead.",
        Verdict::Blocked => "The launch must not go ahead.",
        Verdict::Unknown => "Nobody could judge all of it: the launch waits.",
        Verdict::Skipped => "Nothing was asked.",
    }
}

/// The findings of a review with the ids of their checks, those that weigh most first.
fn findings(review: &Review) -> Vec<(&'static str, &Finding)> {
    let all = review.results.iter().flat_map(|it| it.judged.findings.iter().map(|finding| (it.check.id, finding)));
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.weight));
    all
}
