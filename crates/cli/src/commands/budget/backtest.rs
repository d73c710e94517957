//! `steadyline budget backtest`: what a policy would have made of the past.

mod csv;
mod json;
mod past;
mod tell;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use api::Exit;
use budget::backtest::{MINUTES_MAX, Transcript, Unplayable, compare, replay};
use budget::book::Policy;
use budget::{Minute, Stretch};
use clap::Args;
use clock::Clock;
use miette::Report;

use crate::failure::Failure;
use crate::settings::{Format, Global, Source, read, without_secrets};
use crate::{Ended, objectives, output};
use past::Counts;

/// Progress is told of longer stretches.
const PROGRESS_FROM: i64 = 30 * 1_440;

/// Which past, and which policies.
#[derive(Debug, Args)]
pub(crate) struct Backtest {
    /// Counts by the minute instead of those in the store: CSV with `minute`, `objective`, `bad` or `good`, `total`;
    /// `-` is stdin.
    #[arg(long, value_name = "FILE")]
    counts: Option<PathBuf>,
    /// From this instant: RFC 3339, `now` or `now-30d`. The first count unless given; what was before counts, but is
    /// not told.
    #[arg(long, value_name = "INSTANT")]
    from: Option<String>,
    /// Up to this one. The last count unless given.
    #[arg(long, value_name = "INSTANT")]
    until: Option<String>,
    /// The configuration whose objectives, flows and gate are replayed, instead of that of `--config`.
    #[arg(long, value_name = "FILE", conflicts_with = "compare")]
    policy: Option<PathBuf>,
    /// Replay two configurations and tell where they differ.
    #[arg(long, num_args = 2, value_names = ["FIRST", "SECOND"])]
    compare: Vec<PathBuf>,
    /// Write the counts that would be replayed to a CSV file, and replay nothing; `-` is stdout.
    #[arg(long, value_name = "FILE")]
    write_counts: Option<PathBuf>,
}

/// A configuration that is replayed, and what it is called.
struct Named {
    name: String,
    policy: Policy,
}

/// A replay of one of them.
struct Played {
    name: String,
    policy: Policy,
    transcript: Transcript,
}

pub(super) async fn run(backtest: &Backtest, global: &Global) -> Ended {
    let now = Clock::real().now().wall;
    let instant = |text: &Option<String>| text.as_deref().map(|text| server::instant(text, now)).transpose();
    let (from, until) = instant(&backtest.from)
        .and_then(|from| Ok((from.map(Minute::of), instant(&backtest.until)?.map(Minute::of))))
        .map_err(|why| Report::from(Failure::new(Exit::Usage, why, "see `steadyline budget backtest --help`")))?;
    let defined = past::Defined::open(backtest.counts.is_none(), global).await?;
    let policies = policies(backtest, global, defined.objectives())?;
    let asked = past::Asked { from, until, policies: &policies };
    let counts = match &backtest.counts {
        Some(file) => {
            let Source { name, text } = read(file)?;
            csv::read(&name, &text)?
        }
        None => defined.counts(&asked).await?,
    };
    defined.close().await;
    if let Some(file) = &backtest.write_counts {
        return write(file, &counts);
    }
    let stretch = stretch(&counts, from, until)?;
    let mut played = Vec::new();
    for Named { name, policy } in policies {
        let transcript = play(&name, &policy, &counts, stretch, global)?;
        played.push(Played { name, policy, transcript });
    }
    match played.as_slice() {
        [first, second] => {
            let differences = compare(&first.transcript, &second.transcript);
            match global.format {
                Format::Json => output::json(&json::comparison(first, second, &differences)),
                Format::Text => tell::comparison(first, second, &differences),
            }
        }
        all => all.iter().for_each(|played| match global.format {
            Format::Json => output::json(&json::transcript(played)),
            Format::Text => tell::transcript(played),
        }),
    }
    Ok(Exit::Done)
}

/// The configurations that are replayed: one, or two that are compared.
fn policies(backtest: &Backtest, global: &Global, defined: &[(String, String)]) -> Result<Vec<Named>, Report> {
    let files: Vec<&Path> = backtest.compare.iter().chain(&backtest.policy).map(PathBuf::as_path).collect();
    let named = |source: Source, file: Option<&Path>| {
        let config = without_secrets(&source)?;
        let found = objectives::read(&config, file, defined).map_err(|wrong| objectives::report(&wrong))?;
        if found.definitions.is_empty() {
            let hint = "name files with objectives under `budget.objectives`";
            return Err(Failure::new(Exit::Usage, format!("{} has no objectives", source.name), hint).into());
        }
        Ok(Named { name: source.name, policy: found.policy })
    };
    if files.is_empty() {
        return Ok(vec![named(global.source()?, global.config_file().as_deref())?]);
    }
    files.into_iter().map(|file| named(read(file)?, Some(file))).collect()
}

/// From when to when: as asked, or as far as something is known.
fn stretch(counts: &Counts, from: Option<Minute>, until: Option<Minute>) -> Result<Stretch, Report> {
    let first = counts.list.iter().map(|count| count.minute).min();
    match (from.or(first), until.or(counts.last())) {
        (Some(from), Some(until)) => Ok(Stretch { from, until }),
        _ => {
            let hint = "give counts with `--counts FILE.csv`, or let `steadyline serve` count for a while";
            Err(Failure::new(Exit::Usage, "nothing was counted that could be replayed", hint).into())
        }
    }
}

fn play(name: &str, policy: &Policy, counts: &Counts, stretch: Stretch, global: &Global) -> Result<Transcript, Report> {
    let places = counts.places(policy);
    if places.iter().all(Option::is_none) {
        let (known, ids) = (past::ids(policy), counts.ids.join(", "));
        let hint = format!("its objectives are: {}", known.join(", "));
        let message = format!("{name} has none of the objectives that were counted: {ids}");
        return Err(Failure::new(Exit::Usage, message, hint).into());
    }
    let unknown: Vec<_> = counts.ids.iter().zip(&places).filter(|(_, place)| place.is_none()).collect();
    for (id, _) in unknown {
        output::aside(format_args!("{name} has no objective {id}: its counts are passed over"));
    }
    let is_told = !global.quiet && std::io::stderr().is_terminal();
    let (first, length) = (stretch.from.get(), i64::from(stretch.length().get()));
    let progress = |minute: Minute| {
        let passed = minute.get() - first;
        if is_told && PROGRESS_FROM < length && passed > 0 && passed % (length / 10) == 0 {
            output::aside(format_args!("{name}: {} %, {minute}", passed * 100 / length));
        }
    };
    replay(policy, counts.past(&places), stretch, progress).map_err(|unplayable| {
        let (message, hint) = match unplayable {
            Unplayable::Empty => ("the end does not come after the start".to_owned(), "correct `--from` or `--until`"),
            Unplayable::TooLong => (format!("more than {MINUTES_MAX} cannot be replayed"), "begin later with `--from`"),
        };
        Failure::new(Exit::Usage, message, hint).into()
    })
}

fn write(file: &Path, counts: &Counts) -> Ended {
    let text = csv::write(counts);
    if crate::settings::is_stdin(file) {
        output::raw(text.as_bytes());
        return Ok(Exit::Done);
    }
    std::fs::write(file, text).map_err(|error| {
        let message = format!("{} cannot be written", file.display());
        Report::from(Failure::new(Exit::Usage, message, "name a place that you may write to").because(error))
    })?;
    output::aside(format_args!("{} counts are in {}", counts.list.len(), file.display()));
    Ok(Exit::Done)
}
