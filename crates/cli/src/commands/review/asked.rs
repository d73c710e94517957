//! What is known here and at the server: objectives, and what the gate says to them.

use api::GateView;
use miette::Report;
use review::{Gap, Gate, Known, Objective};

use crate::client::Server;
use crate::objectives;
use crate::settings::{Global, without_secrets};

/// The objectives of the configuration.
pub(super) fn objectives(global: &Global) -> Known<Vec<Objective>> {
    let unread = |why: String| Gap { why, fix: "`steadyline config check` shows what is wrong".to_owned() };
    let source = global.source().map_err(|report| unread(report.to_string()))?;
    let config = without_secrets(&source).map_err(|report| unread(report.to_string()))?;
    let read = objectives::read(&config, global.config_file().as_deref(), &[]);
    let read = read.map_err(|wrong| unread(objectives::report(&wrong).to_string()))?;
    let one = |definition: &openslo::Definition| Objective {
        id: definition.objective.id.clone(),
        owner: None,
        has_alerts: !definition.objective.alerts.is_empty(),
    };
    Ok(read.definitions.iter().map(one).collect())
}

/// What the gate of a running server says to each objective.
pub(super) async fn gates(ids: &[String], server: &Server) -> Known<Vec<Gate>> {
    let mut gates = Vec::new();
    for id in ids {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("slo", id).finish();
        let answer: Result<GateView, Report> = server.get(&format!("/api/v1/gate?{query}")).await;
        let answer = answer.map_err(|report| Gap {
            why: format!("the gate cannot be asked: {report}"),
            fix: report.help().map_or_else(|| "start `steadyline serve`".to_owned(), |help| help.to_string()),
        })?;
        gates.push(Gate { of: id.clone(), is_allowed: answer.allowed, reasons: answer.reasons });
    }
    Ok(gates)
}
