//! The pages of budgets, of the gate, of maintenance and of the audit.

use std::sync::Arc;

use api::Wish;
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use budget::approvals::Act;
use engine::budget::Budgets;
use serde::Deserialize;

use super::{fragment, page, refused, unknown_token};
use crate::access;
use crate::app::App;
use crate::errors::Refusal;
use crate::live::Fragment;
use crate::v1::maintenance::{acted, asked};
use crate::view::Value;
use crate::view::budget::{AuditPage, BURN_HEIGHT, BURN_WIDTH, BudgetPage, GatePage, MaintenancePage};

/// Fragments of each page, in order.
pub(crate) const BUDGET: [&str; 2] = ["flows", "objectives"];
pub(crate) const GATES: [&str; 1] = ["gate"];
pub(crate) const MAINTENANCE: [&str; 2] = ["requests", "ask"];

#[derive(Template)]
#[template(path = "flows.html")]
struct FlowsFragment<'a> {
    view: &'a BudgetPage,
}

#[derive(Template)]
#[template(path = "objectives.html")]
struct ObjectivesFragment<'a> {
    view: &'a BudgetPage,
}

#[derive(Template)]
#[template(path = "gate.html")]
struct GateFragment<'a> {
    view: &'a GatePage,
}

#[derive(Template)]
#[template(path = "requests.html")]
struct RequestsFragment<'a> {
    view: &'a MaintenancePage,
}

#[derive(Template)]
#[template(path = "ask.html")]
struct AskFragment<'a> {
    view: &'a MaintenancePage,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditFragment<'a> {
    view: &'a AuditPage,
}

/// Every fragment about budgets; none where there are none.
pub(crate) fn fragments(app: &App) -> Vec<Fragment> {
    let Some(budgets) = &app.budgets else { return Vec::new() };
    let now = app.now().wall;
    let list = budgets.list();
    let budget = BudgetPage::new(&list, |id| budgets.last_day(id), now);
    let flow = |flow: &api::FlowView| (flow.flow.clone(), budgets.peek(&[], std::slice::from_ref(&flow.flow)).allowed);
    let gate = GatePage::new(&budgets.peek(&[], &[]), list.flows.iter().map(flow).collect(), now);
    let objectives = list.objectives.iter().map(|objective| objective.id.clone()).collect();
    let maintenance = MaintenancePage::new(&budgets.requests(), objectives, now);
    vec![
        fragment("flows", &FlowsFragment { view: &budget }),
        fragment("objectives", &ObjectivesFragment { view: &budget }),
        fragment("gate", &GateFragment { view: &gate }),
        fragment("requests", &RequestsFragment { view: &maintenance }),
        fragment("ask", &AskFragment { view: &maintenance }),
    ]
}

/// `GET /budget`.
pub(crate) async fn budget(State(app): State<Arc<App>>) -> Response {
    page(&app, "Error budgets", "/budget", &BUDGET, Vec::new())
}

/// `GET /gates`.
pub(crate) async fn gates(State(app): State<Arc<App>>) -> Response {
    page(&app, "Gate", "/gates", &GATES, Vec::new())
}

/// `GET /maintenance`.
pub(crate) async fn maintenance(State(app): State<Arc<App>>) -> Response {
    page(&app, "Maintenance", "/maintenance", &MAINTENANCE, Vec::new())
}

/// Which part of the audit.
#[derive(Deserialize)]
pub(crate) struct Before {
    before: Option<u64>,
}

/// `GET /audit`.
pub(crate) async fn audit(State(app): State<Arc<App>>, Query(Before { before }): Query<Before>) -> Response {
    let entries = match &app.budgets {
        Some(budgets) => budgets.audit(before).await,
        None => Ok(Vec::new()),
    };
    match entries {
        Ok(entries) => {
            let view = AuditPage::new(&entries, Budgets::AUDIT_PAGE, app.now().wall);
            page(&app, "Audit", "/audit", &["audit"], vec![fragment("audit", &AuditFragment { view: &view })])
        }
        Err(error) => {
            let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "store", "the audit cannot be read");
            let refusal = refusal.detail(error.to_string()).hint(error.hint());
            refused(&app, "Audit", "/audit", &[], &refusal)
        }
    }
}

/// What the form asks for.
#[derive(Deserialize)]
pub(crate) struct Asking {
    token: String,
    kind: String,
    objective: String,
    #[serde(default)]
    start: String,
    #[serde(default)]
    end: String,
    #[serde(default)]
    zone: String,
    budget: Option<String>,
    gate: Option<String>,
    degrade: Option<String>,
    rollback: Option<String>,
    reason: String,
}

/// `POST /maintenance`: the form, for browsers; works without JavaScript.
pub(crate) async fn ask(State(app): State<Arc<App>>, Form(asking): Form<Asking>) -> Response {
    let person = match access::by_token(&app, &asking.token) {
        Ok(person) => person,
        Err(not_allowed) => return not_done(&app, &unknown_token(not_allowed)),
    };
    answer(&app, asked(&app, person, &asking.wish()).await)
}

impl Asking {
    fn wish(&self) -> Wish {
        let given = |text: &String| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let objectives = given(&self.objective).into_iter().collect();
        if self.kind == "reset" {
            return Wish { kind: "reset".to_owned(), objectives, reason: self.reason.clone(), ..Wish::default() };
        }
        let relieves =
            [("budget", &self.budget), ("gate", &self.gate), ("degrade", &self.degrade), ("rollback", &self.rollback)];
        let relieves = relieves.into_iter().filter(|(_, ticked)| ticked.is_some()).map(|(word, _)| word.to_owned());
        Wish {
            kind: self.kind.clone(),
            objectives,
            start: given(&self.start),
            end: given(&self.end),
            zone: given(&self.zone),
            relieves: Some(relieves.collect()),
            reason: self.reason.clone(),
        }
    }
}

/// Who decides.
#[derive(Deserialize)]
pub(crate) struct Deciding {
    token: String,
}

/// `POST /maintenance/{id}/{what}`: the buttons.
pub(crate) async fn decide(
    State(app): State<Arc<App>>,
    Path((id, what)): Path<(String, String)>,
    Form(deciding): Form<Deciding>,
) -> Response {
    let act = match what.as_str() {
        "approve" => Act::Approve(id),
        "reject" => Act::Reject(id),
        "revoke" => Act::Revoke(id),
        _ => return crate::errors::not_found().await.into_response(),
    };
    let person = match access::by_token(&app, &deciding.token) {
        Ok(person) => person,
        Err(not_allowed) => return not_done(&app, &unknown_token(not_allowed)),
    };
    answer(&app, acted(&app, person, act).await)
}

fn answer(app: &App, done: Result<api::RequestView, Refusal>) -> Response {
    match done {
        Ok(_) => Redirect::to("/maintenance").into_response(),
        Err(refusal) => not_done(app, &refusal),
    }
}

fn not_done(app: &App, refusal: &Refusal) -> Response {
    refused(app, "Maintenance", "/maintenance", &MAINTENANCE, refusal)
}
