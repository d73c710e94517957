//! `steadyline review verify`: the same review again, from what was kept of it.

use std::path::PathBuf;

use api::Exit;
use clap::Args;
use engine::review::Evidence;

use super::written::{self, Report};
use crate::failure::Failure;
use crate::settings::{Global, read};
use crate::{Ended, diagnostics};

/// Judges the evidence of a review again, without any organisation: the verdict must come out the same.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline review verify evidence.json --report html=review.html")]
pub(super) struct Verify {
    /// What `--report evidence=FILE` wrote; `-` for stdin.
    #[arg(value_name = "EVIDENCE")]
    evidence: PathBuf,
    /// A report to write, as `review` writes them.
    #[arg(long, value_name = "KIND=FILE")]
    report: Vec<Report>,
}

pub(super) fn run(verify: &Verify, global: &Global) -> Ended {
    let source = read(&verify.evidence)?;
    let wrong = |error: engine::review::Unreadable| {
        let hint = "name a file that `steadyline review PLAN --report evidence=FILE` has written";
        Failure::new(Exit::Usage, format!("{} cannot be judged", source.name), hint).because(error)
    };
    let evidence = Evidence::read(&source.text).map_err(wrong)?;
    let judged = evidence.judge().map_err(wrong)?;
    let plan = config::load_plan(evidence.file.as_ref(), &evidence.plan);
    let plan = plan.map_err(|problems| diagnostics::invalid(*problems))?.plan;
    let head = written::head(&evidence, &plan);
    written::write(&verify.report, &judged, &head, &evidence)?;
    Ok(written::tell(&judged, &head, global))
}
