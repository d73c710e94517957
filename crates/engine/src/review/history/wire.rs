//! A review as it is kept, converted field by field.

use jiff::Timestamp;
use review::{Finding, Verdict, Weight};
use serde::{Deserialize, Serialize};

use super::{Checked, Left, Run};

/// The form in which reviews are kept.
const VERSION: u32 = 1;

const VERDICTS: [Verdict; 4] = [Verdict::Skipped, Verdict::Pass, Verdict::Unknown, Verdict::Blocked];
const WEIGHTS: [Weight; 4] = [Weight::Info, Weight::Warning, Weight::Unknown, Weight::Blocks];

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunWire {
    version: u32,
    number: u64,
    slot: u32,
    keep: u32,
    plan: String,
    file: String,
    target: String,
    organisation: Option<String>,
    owner: Option<String>,
    at: Timestamp,
    by: Option<String>,
    verdict: String,
    trouble: Option<String>,
    checks: Vec<CheckedWire>,
    evidence: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CheckedWire {
    id: String,
    verdict: String,
    summary: String,
    findings: Vec<FindingWire>,
    more: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FindingWire {
    weight: String,
    about: String,
    what: String,
    fix: String,
    at: Option<(u32, u32)>,
}

/// The evidence of the review of this number.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EvidenceWire {
    number: u64,
    /// As [`crate::review::Evidence`] writes it; absent where it was left out.
    evidence: Option<String>,
}

pub(in crate::review) fn to_json(run: &Run) -> String {
    let finding = |finding: &Finding| FindingWire {
        weight: finding.weight.word().to_owned(),
        about: finding.about.clone(),
        what: finding.what.clone(),
        fix: finding.fix.clone(),
        at: finding.at,
    };
    let check = |check: &Checked| CheckedWire {
        id: check.id.clone(),
        verdict: check.verdict.word().to_owned(),
        summary: check.summary.clone(),
        findings: check.findings.iter().map(finding).collect(),
        more: check.more,
    };
    let wire = RunWire {
        version: VERSION,
        number: run.number,
        slot: run.slot,
        keep: run.keep,
        plan: run.plan.clone(),
        file: run.file.clone(),
        target: run.target.clone(),
        organisation: run.organisation.clone(),
        owner: run.owner.clone(),
        at: run.at,
        by: run.by.clone(),
        verdict: run.verdict.word().to_owned(),
        trouble: run.trouble.clone(),
        checks: run.checks.iter().map(check).collect(),
        evidence: run.evidence.word().to_owned(),
    };
    serde_json::to_string(&wire).expect("text, numbers and lists can be written")
}

pub(in crate::review) fn from_json(json: &str) -> Result<Run, String> {
    let wire: RunWire = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if wire.version != VERSION {
        return Err(format!("version {} is not known", wire.version));
    }
    Ok(Run {
        number: wire.number,
        slot: wire.slot,
        keep: wire.keep,
        plan: wire.plan,
        file: wire.file,
        target: wire.target,
        organisation: wire.organisation,
        owner: wire.owner,
        at: wire.at,
        by: wire.by,
        verdict: verdict(&wire.verdict)?,
        trouble: wire.trouble,
        checks: wire.checks.into_iter().map(checked).collect::<Result<_, _>>()?,
        evidence: Left::parse(&wire.evidence)?,
    })
}

fn checked(wire: CheckedWire) -> Result<Checked, String> {
    let CheckedWire { id, verdict: word, summary, findings, more } = wire;
    let findings = findings.into_iter().map(finding).collect::<Result<_, _>>()?;
    Ok(Checked { id, verdict: verdict(&word)?, summary, findings, more })
}

fn finding(wire: FindingWire) -> Result<Finding, String> {
    let FindingWire { weight, about, what, fix, at } = wire;
    let known = WEIGHTS.into_iter().find(|known| known.word() == weight);
    Ok(Finding { weight: known.ok_or_else(|| format!("there is no weight {weight:?}"))?, about, what, fix, at })
}

fn verdict(word: &str) -> Result<Verdict, String> {
    let known = VERDICTS.into_iter().find(|known| known.word() == word);
    known.ok_or_else(|| format!("there is no verdict {word:?}"))
}

impl Left {
    const ALL: [Self; 3] = [Self::Kept, Self::TooLarge, Self::Missing];

    pub(in crate::review) const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::TooLarge => "too-large",
            Self::Missing => "missing",
        }
    }

    fn parse(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|known| known.word() == word);
        known.ok_or_else(|| format!("evidence is never {word:?}"))
    }
}

/// Evidence, or that there is none, of the review of this number.
pub(in crate::review) fn evidence_to_json(number: u64, evidence: Option<String>) -> String {
    serde_json::to_string(&EvidenceWire { number, evidence }).expect("text and numbers can be written")
}

/// The evidence of the review of this number; `None` when it is that of another one, or when there is none.
pub(in crate::review) fn evidence_from_json(json: &str, number: u64) -> Option<String> {
    let wire: EvidenceWire = serde_json::from_str(json).ok()?;
    wire.evidence.filter(|_| wire.number == number)
}
