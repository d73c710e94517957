//! One file per check.

pub(crate) mod budget;
pub(crate) mod faults;
pub(crate) mod herd;
pub(crate) mod latency;
pub(crate) mod lock;
pub(crate) mod observability;
pub(crate) mod parity;
pub(crate) mod quota;
pub(crate) mod recovery;
pub(crate) mod sessions;
pub(crate) mod trunks;
pub(crate) mod validity;

use std::sync::Arc;

use flow::chart::{Chart, Substitutions};

use crate::facts::{Facts, Flow};
use crate::finding::Judged;

/// The flows that can be read, with their charts; the others are findings.
fn charts<'a>(facts: &'a Facts, judged: &mut Judged) -> Vec<(&'a Flow, Arc<Chart>)> {
    let flows = match &facts.flows {
        Ok(flows) => flows,
        Err(gap) => {
            judged.gap(&facts.target, gap);
            return Vec::new();
        }
    };
    let mut charts = Vec::new();
    for flow in flows {
        match flow.text.as_ref().map(|text| Chart::read(text, &Substitutions::default())) {
            Ok(Ok(chart)) => charts.push((flow, Arc::new(chart))),
            Ok(Err(problems)) => {
                let why = problems.iter().next().map_or_else(String::new, ToString::to_string);
                let fix = "Correct the flow; `steadyline flow lint` shows every place.";
                judged.blocks(&flow.source, format!("The flow cannot be read{why}."), fix);
            }
            Err(gap) => judged.gap(&flow.name, gap),
        }
    }
    charts
}
