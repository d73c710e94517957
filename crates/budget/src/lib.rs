//! How much failure is left?
//!
//! An objective allows a share of bad events over a window: the error budget. This room counts, judges and decides;
//! it neither asks a source nor tells anybody.

pub mod approvals;
pub mod backtest;
pub mod book;
mod burn;
pub mod counter;
pub mod deployments;
mod evidence;
pub mod gate;
pub mod ladder;
pub mod ledger;
mod objective;
mod period;
mod series;

pub use base::{Count, Counts, Minute, Minutes, Stretch, Untrue};
pub use book::Book;
pub use burn::{Burn, Exhaustion, Remaining};
pub use evidence::{Evidence, Rarity};
pub use ladder::{Ladder, Mode};
pub use ledger::{Ledger, Status, Terms, Verdict};
pub use objective::{Budgeting, BurnRule, Flaw, Objective, RULES_MAX, Severity, WINDOW_MAX, WINDOW_MIN, Window};
pub use period::{Period, PeriodFlaw, Unit};
pub use series::{BLOCK, Bits, Block, NotKept, Series};
