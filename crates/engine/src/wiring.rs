//! What one room's effects mean to another: the only place that knows two rooms.

use std::sync::Arc;

use crate::budget::{self, Budgets};
use crate::rollback::guard::{Hold, Neighbours};

/// A guard beside budgets: maintenance that people agreed on keeps releases where they are, and a release that is suspect,
/// bad, or was gone back from without help shuts the gate.
pub fn beside(budgets: &Budgets) -> Neighbours {
    let (maintenance, gate) = (budgets.clone(), budgets.clone());
    Neighbours {
        is_maintained: Arc::new(move |name, id, minute| maintenance.keeps_releases(&[name, id], minute)),
        hold: Arc::new(move |holds| gate.hold(holds.into_iter().map(of_gate).collect())),
    }
}

fn of_gate(Hold { flow, why }: Hold) -> budget::Hold {
    budget::Hold { flow, why }
}
