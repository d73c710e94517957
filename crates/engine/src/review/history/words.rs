//! What people are told of reviews.

use review::Verdict;

use super::Run;

/// Why a launch is kept back, as a sentence without a full stop; who is told, and where the rest stands.
pub(in crate::review) fn kept_back(run: &Run, owner: Option<&str>) -> String {
    let Run { plan, target, .. } = run;
    let owner = run.owner.as_deref().or(owner);
    let owner =
        owner.map_or_else(|| "nobody is named as its owner".to_owned(), |owner| format!("its owner is {owner}"));
    let what = match run.verdict {
        Verdict::Blocked => format!("{plan} must not go ahead at {target}"),
        Verdict::Pass | Verdict::Unknown | Verdict::Skipped => {
            format!("nobody can say whether {plan} may go ahead at {target}")
        }
    };
    format!("{what}: {}; {owner}; /reviews/{} says more", because(run), run.id())
}

/// That it may go ahead, likewise.
pub(in crate::review) fn let_go(run: &Run) -> String {
    format!("{} may go ahead at {}: the review {} passes", run.plan, run.target, run.id())
}

/// What a review has come to, in a line.
pub(in crate::review) fn because(run: &Run) -> String {
    if let Some(trouble) = &run.trouble {
        return trouble.clone();
    }
    let of = |verdict: Verdict| -> Vec<&str> {
        run.checks.iter().filter(|check| check.verdict == verdict).map(|check| check.id.as_str()).collect()
    };
    let (blocking, unknown) = (of(Verdict::Blocked), of(Verdict::Unknown));
    match (blocking.as_slice(), unknown.as_slice()) {
        ([], []) if run.verdict == Verdict::Pass => pass(of(Verdict::Pass).len()),
        ([], []) => "nothing was asked".to_owned(),
        ([], unknown) => format!("{} could not be judged", names(unknown)),
        (blocking, []) => format!("{} {} it back", names(blocking), keeps(blocking)),
        (blocking, unknown) => {
            format!("{} {} it back, and {} could not be judged", names(blocking), keeps(blocking), names(unknown))
        }
    }
}

fn keeps(names: &[&str]) -> &'static str {
    if names.len() == 1 { "keeps" } else { "keep" }
}

fn pass(count: usize) -> String {
    if count == 1 { "one check passes".to_owned() } else { format!("{count} checks pass") }
}

fn names(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A text that takes no more room than this.
pub(in crate::review) fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let short: String = text.chars().take(chars_max - 1).collect();
    format!("{short}…")
}
