//! Reviews that are to be kept, from evidence or from the lack of it.

use jiff::Timestamp;
use review::{Gap, Verdict};

use super::super::history::{KEEP, Left, Run, checked, words};
use super::{Draft, EVIDENCE_BYTES_MAX, Evidence, NAME_CHARS_MAX, Nightly, SubmitError};
use crate::incident::to_millisecond;

/// The longest sentence about why a review could not be begun.
const TROUBLE_CHARS_MAX: usize = 600;

/// What was handed in, judged here.
pub(super) fn submitted(text: String, by: String) -> Result<Draft, SubmitError> {
    let unreadable = |error: super::super::Unreadable| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        SubmitError::Unreadable(format!("{error}{cause}"))
    };
    let evidence = Evidence::read(&text).map_err(unreadable)?;
    let draft = judged(&evidence, text).map_err(unreadable)?;
    let Run { plan, target, file, .. } = &draft.run;
    for (name, text) in [("name of the plan", plan), ("name of the target", target), ("name of the file", file)] {
        let is_name = !text.trim().is_empty() && text.chars().count() <= NAME_CHARS_MAX;
        if !is_name || text.chars().any(char::is_control) {
            let why = format!("the {name} has 1 to {NAME_CHARS_MAX} characters and no control characters");
            return Err(SubmitError::Wrong(why));
        }
    }
    Ok(Draft { run: Run { by: Some(by), ..draft.run }, ..draft })
}

/// What was learned here.
pub(super) fn learned(evidence: &Evidence, night: &Nightly) -> Draft {
    match judged(evidence, evidence.to_json()) {
        // It goes by the name under which it is reviewed, whatever the reviewer calls it.
        Ok(draft) => {
            let (file, target) = (night.file.clone(), night.target.clone());
            Draft { run: Run { file, target, keep: night.keep, ..draft.run }, ..draft }
        }
        Err(error) => {
            let gap =
                Gap { why: error.to_string(), fix: "`steadyline review PLAN --dry-run` shows what is wrong".into() };
            untold(&gap, night, None, evidence.at)
        }
    }
}

/// A review that could not be begun; it goes by the name that the plan had the last time.
pub(super) fn untold(gap: &Gap, night: &Nightly, before: Option<&Run>, at: Timestamp) -> Draft {
    let fix = if gap.fix.is_empty() { String::new() } else { format!(" ({})", gap.fix) };
    let run = Run {
        number: 0,
        slot: 0,
        keep: night.keep,
        plan: before.map_or_else(|| night.file.clone(), |before| before.plan.clone()),
        file: night.file.clone(),
        target: night.target.clone(),
        organisation: None,
        owner: before.and_then(|before| before.owner.clone()),
        at: to_millisecond(at),
        by: None,
        verdict: Verdict::Unknown,
        trouble: Some(words::cut(&format!("{}{fix}", gap.why), TROUBLE_CHARS_MAX)),
        checks: Vec::new(),
        evidence: Left::Missing,
    };
    Draft { run, evidence: None }
}

fn judged(evidence: &Evidence, text: String) -> Result<Draft, super::super::Unreadable> {
    let launch = config::load_plan(evidence.file.as_ref(), &evidence.plan)?;
    let review = review::review(&launch.plan, &evidence.facts);
    let is_kept = text.len() <= EVIDENCE_BYTES_MAX;
    let run = Run {
        number: 0,
        slot: 0,
        keep: KEEP,
        plan: launch.plan.name,
        file: evidence.file.clone(),
        target: evidence.facts.target.clone(),
        organisation: evidence.facts.organisation.clone().ok(),
        owner: launch.plan.owner,
        at: to_millisecond(evidence.at),
        by: None,
        verdict: review.verdict(),
        trouble: None,
        checks: checked(&review),
        evidence: if is_kept { Left::Kept } else { Left::TooLarge },
    };
    Ok(Draft { run, evidence: is_kept.then_some(text) })
}
