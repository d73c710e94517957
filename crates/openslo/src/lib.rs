//! Service level objectives as others write them. Text in, values out: nothing here opens a file or asks a source.
//!
//! [`read`] reads OpenSLO v1 and [`write()`] writes it; [`guide`] knows the JSON of the guide; [`import`] reads what was
//! written for Sloth and Pyrra; [`export`] writes rules for a Prometheus. Every reader tells all problems of a text at
//! once, each with its place and with what to write instead. What is understood and has no equivalent is a [`Loss`]:
//! it is told and does not stop anything.
//!
//! ```
//! let text = "
//! apiVersion: openslo/v1
//! kind: SLO
//! metadata: { name: crm-lookup }
//! spec:
//!   service: crm
//!   indicator:
//!     spec:
//!       ratioMetric:
//!         bad: { metricSource: { type: gateway, spec: { upstream: crm } } }
//!         total: { metricSource: { type: gateway, spec: { upstream: crm } } }
//!   budgetingMethod: Occurrences
//!   timeWindow: [{ duration: 30d, isRolling: true }]
//!   objectives: [{ targetPercent: 99.5 }]
//! ";
//! let reading = openslo::read(&[openslo::Text { file: "crm.yaml", text }]).unwrap();
//! assert_eq!(reading.definitions[0].objective.target.get(), 995_000);
//! assert_eq!(reading.definitions[0].objective.alerts.len(), 3);
//! ```

mod alerts;
mod definition;
mod documents;
pub mod export;
mod fields;
pub mod genesys;
pub mod guide;
pub mod import;
mod indicator;
mod length;
mod number;
mod objective;
mod problem;
mod slo;
mod source;
mod tree;
mod window;
mod write;

pub use definition::{
    Definition, Gateway, Indicator, Numerator, Op, Prometheus, Query, Ratio, Source, Tally, Threshold, Words,
};
pub use documents::{DOCUMENTS_MAX, Reading, read};
pub use problem::{Invalid, Loss, PROBLEMS_MAX, Problem, Text};
pub use tree::TEXT_BYTES_MAX;
pub use write::{Written, write};
