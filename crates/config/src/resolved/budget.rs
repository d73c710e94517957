//! Objectives, the flows that obey them, the gate, and people.

use std::path::PathBuf;

use base::Ppm;
use budget::approvals::Role;
use budget::{Minutes, Rarity, gate, ladder};
use secrecy::SecretString;

/// Objectives, the flows that obey them, and the gate.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Files and folders with objectives, as they were written.
    pub objectives: Vec<PathBuf>,
    /// With a larger share of missing minutes there is no verdict.
    pub missing_max: Ppm,
    /// So many missing minutes, and an objective is blind.
    pub blind_after: Minutes,
    /// How often an alert may come by chance.
    pub rarity: Rarity,
    /// What a release needs.
    pub gate: gate::Policy,
    /// The flows that obey.
    pub flows: Vec<BudgetFlow>,
}

/// A flow that obeys its budgets.
#[derive(Clone, Debug)]
pub struct BudgetFlow {
    /// Its id or name.
    pub name: String,
    /// The ids of its objectives, with the line and column where each is written.
    pub objectives: Vec<(String, (u32, u32))>,
    /// Routes that it does without from TRIM on.
    pub enrichment: Vec<String>,
    /// When it does without what.
    pub ladder: ladder::Policy,
    /// Where else it is told how it stands.
    pub table: Option<FlowTable>,
}

/// A row of a data table that tells how a flow stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowTable {
    /// The table's name.
    pub name: String,
    /// The row's key.
    pub row: String,
}

/// Somebody who may do something.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What they prove themselves with.
    pub token: SecretString,
}
