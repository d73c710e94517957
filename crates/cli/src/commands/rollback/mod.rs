//! `steadyline rollback`: releases, and going back from them.

mod backtest;

use clap::Subcommand;

use crate::Ended;
use crate::settings::Global;

/// Replays releases: which ones would have been gone back from, when, and why.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  steadyline rollback backtest --csv minutes.csv")]
pub(crate) enum Rollback {
    #[command(after_help = "Example:\n  steadyline rollback backtest --csv minutes.csv --policy both --format json")]
    Backtest(backtest::Backtest),
}

pub(crate) fn run(rollback: &Rollback, global: &Global) -> Ended {
    match rollback {
        Rollback::Backtest(backtest) => backtest::run(backtest, global),
    }
}
