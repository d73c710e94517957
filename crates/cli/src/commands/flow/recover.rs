//! `steadyline flow recover`: locks that a killed run has left are given back.

use std::path::Path;

use api::Exit;
use clap::Args;
use serde_json::{Value, json};

use crate::intents::{Found, Intent, Intents, Kept, Purpose};
use crate::locks;
use crate::settings::{Format, Global};
use crate::target::{self, Chosen};
use crate::{Ended, block_on, diagnostics, output};

/// Gives back the locks of runs that were killed on this machine.
///
/// Each lock has a file in the state folder ($STEADYLINE_STATE, else .steadyline beside the configuration). Runs that live
/// and locks that somebody took with `flow lock` are left alone. Ends with 6 when a lock could not be given back; run it
/// before the first step of a pipeline, or in a step that always runs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline flow recover")]
pub(crate) struct Recover {}

/// What became of one of them.
struct Outcome {
    what: Option<Intent>,
    /// A word for programs.
    word: &'static str,
    /// A sentence for people.
    sentence: String,
}

/// Gives them back.
pub(crate) fn run(_: &Recover, global: &Global) -> Ended {
    block_on(recover(global))
}

async fn recover(global: &Global) -> Ended {
    let mut outcomes = Vec::new();
    for found in Intents::of(global).all()? {
        outcomes.push(match found {
            Found::Running(path) => running(&path),
            Found::Unreadable(path) => unreadable(&path),
            Found::Left(intent, _) if intent.purpose == Purpose::Keep => on_purpose(intent),
            Found::Left(intent, kept) => left(intent, kept, global).await,
        });
    }
    let is_dirty = outcomes.iter().any(|outcome| outcome.word == "failed");
    match global.format {
        Format::Json => output::json(&json!({ "locks": outcomes.iter().map(document).collect::<Vec<_>>() })),
        Format::Text => {
            for outcome in &outcomes {
                output::line(&outcome.sentence);
            }
            if outcomes.is_empty() && !global.quiet {
                output::line("no run has left a lock");
            }
        }
    }
    Ok(if is_dirty { Exit::Dirty } else { Exit::Done })
}

/// A publish that did not come to its end.
async fn left(intent: Intent, kept: Kept, global: &Global) -> Outcome {
    let (word, sentence) = match given_back(&intent, global).await {
        Ok(word) => {
            kept.done();
            (word, format!("{} in {}: {}", intent.name, intent.target, sentence(word)))
        }
        Err(why) => {
            let place = format!("{} in {}", intent.name, intent.target);
            ("failed", format!("{place}: the lock could not be given back: {why}"))
        }
    };
    Outcome { what: Some(intent), word, sentence }
}

async fn given_back(intent: &Intent, global: &Global) -> Result<&'static str, String> {
    let Chosen { target, client, .. } = target::choose(Some(&intent.target), global).map_err(|report| {
        let hint = report.help().map_or_else(String::new, |help| format!(". {help}"));
        format!("{report}{hint} (exit code {})", diagnostics::exit(&report).code())
    })?;
    let told = |error: genesys::Error| format!("{error}. {}", error.hint());
    let before = match genesys::flows::one(&client, &intent.flow).await {
        Ok(flow) => locks::holder(&flow, &target.platform),
        // What is gone has no lock.
        Err(error) if matches!(error.status(), Some(404 | 410)) => return Ok("gone"),
        Err(error) => return Err(told(error)),
    };
    match before {
        locks::Holder::Nobody => Ok("free"),
        locks::Holder::Other(_) => Ok("others"),
        locks::Holder::Us(_) => {
            locks::give_back(&client, &target.platform, &intent.flow).await.map(|_| "givenBack").map_err(told)
        }
    }
}

fn sentence(word: &str) -> &'static str {
    match word {
        "givenBack" => "the lock is given back",
        "free" => "it was not locked any more",
        "others" => "somebody else has it by now",
        _ => "the flow is not there any more",
    }
}

fn running(path: &Path) -> Outcome {
    let sentence = format!("{}: a run works on it now", path.display());
    Outcome { what: None, word: "running", sentence }
}

fn unreadable(path: &Path) -> Outcome {
    let sentence = format!("{}: nothing can be read in it; no lock was taken under it", path.display());
    Outcome { what: None, word: "unreadable", sentence }
}

fn on_purpose(intent: Intent) -> Outcome {
    let Intent { name, target, flow, at, .. } = &intent;
    let sentence =
        format!("{name} in {target}: locked on purpose since {at:.0}; `steadyline flow unlock {flow}` gives it back");
    Outcome { what: Some(intent), word: "kept", sentence }
}

fn document(outcome: &Outcome) -> Value {
    let of = |value: fn(&Intent) -> &String| outcome.what.as_ref().map(value);
    json!({
        "flow": of(|intent| &intent.flow), "name": of(|intent| &intent.name), "target": of(|intent| &intent.target),
        "outcome": outcome.word, "what": outcome.sentence,
    })
}
