//! Objectives as people write them: right ones, everything that can be wrong, and the formats of other tools.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod examples;
mod formats;
mod guide;
mod imports;
mod mistakes;
mod properties;
mod rules;

use openslo::{Definition, Text};

/// The definitions of a text that is right.
fn read(text: &str) -> Vec<Definition> {
    match openslo::read(&[Text { file: "slo.yaml", text }]) {
        Ok(reading) => reading.definitions,
        Err(invalid) => panic!("{invalid}"),
    }
}

/// All problems of a text, as a person reads them.
fn said(text: &str) -> String {
    openslo::read(&[Text { file: "slo.yaml", text }]).expect_err("this text is wrong").to_string()
}

/// One line for each loss.
fn lines(losses: &[openslo::Loss]) -> String {
    losses.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// An SLO that is right, to be changed.
const SLO: &str = "\
apiVersion: openslo/v1
kind: SLO
metadata: { name: crm }
spec:
  service: crm
  indicator:
    spec:
      ratioMetric:
        bad: { metricSource: { type: gateway, spec: { upstream: crm } } }
        total: { metricSource: { type: gateway, spec: { upstream: crm } } }
  timeWindow: [{ duration: 30d, isRolling: true }]
  budgetingMethod: Occurrences
  objectives: [{ targetPercent: 99.5 }]
";
