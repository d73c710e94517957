//! `steadyline rollback`: releases, and going back from them.

mod act;
mod backtest;
mod explain;
mod shown;
mod status;

use std::num::NonZeroUsize;

use clap::Subcommand;

use crate::client::Server;
use crate::settings::Global;
use crate::{Ended, block_on};

/// Where a server has them.
const PATH: &str = "/api/v1/rollbacks";

/// Shows releases under watch, goes back from them, and replays those of the past.
///
/// Whoever goes back says who they are with `--token` or STEADYLINE_TOKEN: an operator runs, an approver approves. Both
/// end with 4 while another rollback is open, or the last one was too short a time ago: nothing was begun then.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  steadyline rollback status")]
pub(crate) enum Rollback {
    /// The flows that are watched, and the releases that are watched or gone back from now.
    #[command(after_help = "Example:\n  steadyline rollback status --format json")]
    Status {
        #[command(flatten)]
        server: Server,
    },
    /// The releases of late, and what became of them.
    #[command(after_help = "Example:\n  steadyline rollback history --limit 10")]
    History {
        /// The most releases to show.
        #[arg(long, value_name = "N", default_value = "50")]
        limit: NonZeroUsize,
        #[command(flatten)]
        server: Server,
    },
    /// Why a release stands where it stands: the sentence, the numbers, what happened, its minutes.
    #[command(after_help = "Example:\n  steadyline rollback explain r-7f3a --minutes 60")]
    Explain {
        /// The release's id, from `rollback history`.
        id: String,
        /// The most minutes to show, the last ones.
        #[arg(long, value_name = "N", default_value_t = 15)]
        minutes: usize,
        #[command(flatten)]
        server: Server,
    },
    /// Goes back to a version, whatever is known of the one that callers get, and waits until that is over.
    ///
    /// It goes on when this command is interrupted. The command ends with 1 when callers do not get the version, because
    /// somebody else has the flow locked, for instance.
    #[command(
        after_help = "Example:\n  steadyline rollback run main-ivr --to 11.0 --reason 'callers are cut off in the menu'"
    )]
    Run {
        /// The flow, by its id or name.
        flow: String,
        /// The version to go back to.
        #[arg(long, value_name = "VERSION")]
        to: String,
        /// Why.
        #[arg(long, value_name = "WORDS", default_value = "")]
        reason: String,
        /// Do not wait until it is over.
        #[arg(long)]
        no_wait: bool,
        #[command(flatten)]
        server: Server,
    },
    /// Goes back from a release that is watched, or waits for somebody to say so.
    #[command(after_help = "Example:\n  steadyline rollback approve r-7f3a")]
    Approve {
        /// The release's id, from `rollback status`.
        id: String,
        #[command(flatten)]
        server: Server,
    },
    #[command(after_help = "Example:\n  steadyline rollback backtest --csv minutes.csv --policy both --format json")]
    Backtest(backtest::Backtest),
}

/// Asks and shows.
pub(crate) fn run(rollback: &Rollback, global: &Global) -> Ended {
    match rollback {
        Rollback::Status { server } => block_on(status::now(server, global)),
        Rollback::History { limit, server } => block_on(status::history(server, limit.get(), global)),
        Rollback::Explain { id, minutes, server } => block_on(explain::one(server, id, *minutes, global)),
        Rollback::Run { flow, to, reason, no_wait, server } => {
            let wish = api::RollbackWish { flow: flow.clone(), to: to.clone(), reason: reason.clone() };
            block_on(act::run(server, &wish, !no_wait, global))
        }
        Rollback::Approve { id, server } => block_on(act::approve(server, id, global)),
        Rollback::Backtest(backtest) => backtest::run(backtest, global),
    }
}
