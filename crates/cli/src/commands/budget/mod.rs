//! `steadyline budget`: objectives, what is left of their error budgets, and why.

mod backtest;
mod create;
mod files;
mod show;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::client::Server;
use crate::settings::Global;
use crate::{Ended, block_on};

/// Shows error budgets, replays them, and defines, imports and exports objectives.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  steadyline budget list")]
pub(crate) enum Budget {
    /// Every objective with what is left of its budget, the worst first.
    #[command(after_help = "Example:\n  steadyline budget list --format json")]
    List {
        #[command(flatten)]
        server: Server,
    },
    /// One objective: windows, alerts, when its budget will be gone.
    #[command(after_help = "Example:\n  steadyline budget show crm-lookup")]
    Show {
        /// The objective's id, from `budget list`.
        id: String,
        #[command(flatten)]
        server: Server,
    },
    /// Why an objective stands as it does, in sentences with numbers.
    #[command(after_help = "Example:\n  steadyline budget explain crm-lookup")]
    Explain {
        /// The objective's id, from `budget list`.
        id: String,
        #[command(flatten)]
        server: Server,
    },
    /// The burn rate between two instants.
    #[command(after_help = "Example:\n  steadyline budget burn crm-lookup --start now-6h")]
    Burn {
        /// The objective's id, from `budget list`.
        id: String,
        /// From this instant: RFC 3339, `now` or `now-30d`. The beginning of the window unless given.
        #[arg(long, value_name = "INSTANT")]
        start: Option<String>,
        /// Up to this one. Now unless given.
        #[arg(long, value_name = "INSTANT")]
        end: Option<String>,
        #[command(flatten)]
        server: Server,
    },
    /// Asks for a budget to be given back: what was spent is forgiven once a second person has approved it.
    #[command(after_help = "Example:\n  steadyline budget reset crm-lookup --reason 'carrier outage, not ours'")]
    Reset {
        /// The objective's id, from `budget list`.
        id: String,
        /// Why.
        #[arg(long, value_name = "WORDS")]
        reason: String,
        #[command(flatten)]
        server: Server,
    },
    /// Defines objectives whose counts are pushed, from the guide's JSON or from OpenSLO.
    #[command(after_help = "Example:\n  steadyline budget create -f slo.json")]
    Create {
        /// The file; `-` is stdin.
        #[arg(long, short, value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        server: Server,
    },
    /// Turns what was written for another tool into OpenSLO, and tells what is lost.
    #[command(after_help = "Example:\n  steadyline budget import --from sloth slos.yml > slos/imported.yaml")]
    Import {
        /// The file; `-` is stdin.
        file: PathBuf,
        /// Which tool it was written for.
        #[arg(long, value_enum)]
        from: Tool,
        /// The Prometheus that its expressions are asked of.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
        prometheus: String,
    },
    /// Writes recording and alerting rules for a Prometheus, from the objectives of the configuration.
    #[command(
        after_help = "Example:\n  steadyline budget export --prometheus > rules.yml && promtool check rules rules.yml"
    )]
    Export {
        /// Rules for a Prometheus.
        #[arg(long, required = true)]
        prometheus: bool,
    },
    /// Replays counts of the past: what would have fired, which modes flows had, when releases were blocked.
    #[command(after_help = "Examples:
  steadyline budget backtest --from now-30d
  steadyline budget backtest --counts november.csv --compare steadyline.yaml stricter.yaml")]
    Backtest(backtest::Backtest),
}

/// A tool that objectives are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tool {
    /// Sloth, its own form or that of Kubernetes.
    Sloth,
    /// Pyrra.
    Pyrra,
}

/// Asks and shows.
pub(crate) fn run(budget: &Budget, global: &Global) -> Ended {
    match budget {
        Budget::List { server } => block_on(show::list(server, global)),
        Budget::Show { id, server } => block_on(show::one(server, id, global)),
        Budget::Explain { id, server } => block_on(show::explain(server, id, global)),
        Budget::Burn { id, start, end, server } => {
            block_on(show::burn(server, id, start.as_deref(), end.as_deref(), global))
        }
        Budget::Reset { id, reason, server } => block_on(create::reset(server, id, reason, global)),
        Budget::Create { file, server } => block_on(create::create(server, file, global)),
        Budget::Import { file, from, prometheus } => files::import(file, *from, prometheus, global),
        Budget::Export { prometheus: _ } => files::export(global),
        Budget::Backtest(backtest) => block_on(backtest::run(backtest, global)),
    }
}
