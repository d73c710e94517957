//! A review that is handed in: the server judges its evidence itself.

use api::ReviewView;
use engine::review::Evidence;
use miette::Report;
use review::Verdict;
use serde_json::Value;

use crate::client::Server;
use crate::output;
use crate::settings::Global;

/// Hands the evidence in, and tells what became of it. What the server says, or that it says nothing, turns no verdict.
pub(super) async fn submit(evidence: &Evidence, verdict: Verdict, server: &Server, global: &Global) {
    let body: Value = serde_json::from_str(&evidence.to_json()).unwrap_or_default();
    match server.post::<ReviewView>("/api/v1/reviews", &body).await {
        Ok(kept) => {
            if !global.quiet {
                output::aside(format_args!("handed in: {} of {} at {}", kept.id, kept.plan, kept.target));
            }
            if kept.verdict != verdict.word() {
                // Its checks are those of its own version.
                let (id, word) = (&kept.id, verdict.word());
                output::aside(format_args!("warning: the server says {} to {id}, and this is {word}", kept.verdict));
            }
        }
        Err(report) => output::aside(not_handed_in(&report)),
    }
}

fn not_handed_in(report: &Report) -> String {
    let hint = report.help().map(|help| format!("; {help}")).unwrap_or_default();
    format!("warning: the review was not handed in: {report}{hint}")
}
