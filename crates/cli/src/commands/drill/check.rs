//! `drill check`: is an experiment sound, what would it do, and may it?

use std::path::{Path, PathBuf};

use api::Exit;
use clap::Args;
use clock::Clock;
use config::{Invalid, load_experiment, load_situation};
use drill::{Environment, Experiment, Plan, Refused, Situation, plan};
use jiff::Timestamp;
use miette::Report;

use super::{files, json, text};
use crate::failure::Failure;
use crate::settings::{Format, Global};
use crate::{Ended, diagnostics, output};

/// Says what experiments would do, step by step, and whether they may: 0 they may, 2 a file is wrong, 5 a guard refuses.
///
/// Nothing is touched and nobody is asked: this is the dry run. A lab is built for its run, so all is known of it. Of
/// other environments nothing is known but what the situation says, and what is not known refuses.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  steadyline drill check examples/drills
  steadyline drill check trunk-503.yaml --format json
  steadyline drill check emergency-group.yaml --situation staging.yaml --at 2026-11-23T10:00:00Z")]
pub(crate) struct Check {
    /// Files and folders with experiments, folders in them left out; `-` for stdin.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// What is known of the environment, for experiments that are not for a lab.
    #[arg(long, value_name = "FILE")]
    situation: Option<PathBuf>,
    /// When the run would begin: RFC 3339, or `now`.
    #[arg(long, value_name = "INSTANT", default_value = "now")]
    at: String,
}

/// A file, and what it has come to.
pub(super) struct Checked {
    pub(super) file: String,
    pub(super) outcome: Outcome,
}

/// What a file has come to.
pub(super) enum Outcome {
    /// It holds no experiment that could be judged.
    Invalid(Box<Invalid>),
    /// The experiment may run.
    May(Box<Experiment>, Box<Plan>),
    /// The experiment may not run.
    Refused(Box<Experiment>, Box<Refused>),
}

/// Checks all of them; one that is wrong keeps none of the others from being checked.
pub(super) fn run(check: &Check, global: &Global) -> Ended {
    let at = server::instant(&check.at, Clock::real().now().wall)
        .map_err(|wrong| Failure::new(Exit::Usage, wrong, "`--at` is when the run would begin"))?;
    let situation = check.situation.as_deref().map(|path| situation(path, at)).transpose()?;
    let sources = files::read(&check.paths)?;
    if sources.is_empty() {
        let message = "there is no experiment in these folders";
        let hint = "name a file, or a folder with files that say `kind: Experiment`";
        return Err(Failure::new(Exit::Usage, message, hint).into());
    }
    let checked: Vec<Checked> =
        sources.into_iter().map(|(file, source)| judged(file, &source, situation.as_ref(), at)).collect();
    match global.format {
        Format::Json => output::json(&json::document(&checked)),
        Format::Text => tell(&checked, global.quiet),
    }
    Ok(exit(&checked))
}

fn situation(path: &Path, at: Timestamp) -> Result<Situation, Report> {
    let source = crate::settings::read(path)?;
    load_situation(&source.name, &source.text, at).map_err(|invalid| diagnostics::invalid(*invalid))
}

fn judged(file: String, source: &str, situation: Option<&Situation>, at: Timestamp) -> Checked {
    let outcome = match load_experiment(&file, source) {
        Err(invalid) => Outcome::Invalid(invalid),
        Ok(experiment) => {
            let planned = plan(&experiment, &situation_of(&experiment, situation, at));
            match planned {
                Ok(plan) => Outcome::May(Box::new(experiment), Box::new(plan)),
                Err(refused) => Outcome::Refused(Box::new(experiment), refused),
            }
        }
    };
    Checked { file, outcome }
}

fn situation_of(experiment: &Experiment, written: Option<&Situation>, at: Timestamp) -> Situation {
    match (experiment.parts().environment, written) {
        (Environment::Lab, _) => Situation::lab(experiment, at),
        (_, Some(situation)) => situation.clone(),
        (environment, None) => Situation::unknown(environment, at),
    }
}

/// Plans and refusals to stdout, files that are wrong to stderr.
fn tell(checked: &[Checked], is_quiet: bool) {
    for Checked { file, outcome } in checked {
        match outcome {
            Outcome::Invalid(invalid) => {
                diagnostics::show(&diagnostics::invalid((**invalid).clone()));
            }
            Outcome::May(experiment, plan) => {
                text::lines(file, experiment, plan.outline(), &[], is_quiet).into_iter().for_each(output::line);
            }
            Outcome::Refused(experiment, refused) => {
                let lines = text::lines(file, experiment, &refused.outline, &refused.reasons, is_quiet);
                lines.into_iter().for_each(output::line);
            }
        }
    }
    if checked.len() > 1 && !is_quiet {
        output::line(text::summary(checked));
    }
}

fn exit(checked: &[Checked]) -> Exit {
    let any = |is: fn(&Outcome) -> bool| checked.iter().any(|checked| is(&checked.outcome));
    if any(|outcome| matches!(outcome, Outcome::Invalid(_))) {
        Exit::Usage
    } else if any(|outcome| matches!(outcome, Outcome::Refused(..))) {
        Exit::Aborted
    } else {
        Exit::Done
    }
}
