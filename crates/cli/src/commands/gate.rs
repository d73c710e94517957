//! `steadyline gate`: may this release go out?

use api::{Exit, GateView};
use clap::Args;
use miette::{IntoDiagnostic as _, Report};
use serde_json::json;

use crate::client::Server;
use crate::settings::{Format, Global};
use crate::{Ended, block_on, diagnostics, output};

/// Says whether a release may go out, going by the error budgets: 0 yes, 1 no, 3 nobody knows.
///
/// Asking again is the same decision for as long as it says the same. Only approved maintenance opens a shut gate.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline gate --flow main-ivr && ./deploy.sh")]
pub(crate) struct Gate {
    /// An objective that must have budget; may be repeated. All of them unless something is named.
    #[arg(long, value_name = "ID")]
    slo: Vec<String>,
    /// A flow whose objectives must have budget; may be repeated.
    #[arg(long, value_name = "ID")]
    flow: Vec<String>,
    #[command(flatten)]
    server: Server,
}

/// Asks.
pub(crate) fn run(gate: &Gate, global: &Global) -> Ended {
    block_on(ask(gate, global))
}

async fn ask(gate: &Gate, global: &Global) -> Ended {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(gate.slo.iter().map(|slo| ("slo", slo)));
    query.extend_pairs(gate.flow.iter().map(|flow| ("flow", flow)));
    let answer: Result<GateView, Report> = gate.server.get(&format!("/api/v1/gate?{}", query.finish())).await;
    let answer = match (answer, global.format) {
        (Ok(answer), _) => answer,
        (Err(report), Format::Text) => return Err(report),
        (Err(report), Format::Json) => {
            // A program that reads the answer and not the exit code must not take silence for a yes.
            let nobody = json!({
                "allowed": null, "reasons": [report.to_string()], "slos": [], "recheckAfter": null, "decisionId": null,
            });
            output::json(&nobody);
            return Ok(diagnostics::exit(&report));
        }
    };
    match global.format {
        Format::Json => output::json(&serde_json::to_value(&answer).into_diagnostic()?),
        Format::Text => {
            let verdict = match answer.allowed {
                Some(true) => "allowed",
                Some(false) => "blocked",
                None => "unknown",
            };
            output::line(format_args!("{verdict} (decision {})", answer.decision_id));
            for reason in &answer.reasons {
                output::line(format_args!("  {reason}"));
            }
            if answer.allowed != Some(true) {
                output::line(format_args!("  ask again after {:.0}", answer.recheck_after));
            }
        }
    }
    Ok(match answer.allowed {
        Some(true) => Exit::Done,
        Some(false) => Exit::Blocked,
        None => Exit::Unknown,
    })
}
