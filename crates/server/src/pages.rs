//! The console's pages, and the fragments that they are made of.

pub(crate) mod budget;
pub(crate) mod reviews;
pub(crate) mod rollbacks;

use std::borrow::Cow;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::access::NotAllowed;
use crate::app::App;
use crate::assets;
use crate::chart::{HEIGHT, OUTCOMES, WIDTH};
use crate::errors::Refusal;
use crate::live::Fragment;
use crate::v1;
use crate::view::{Overview, Value};

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    title: &'a str,
    path: &'a str,
    org: &'a str,
    css: String,
    js: String,
    icon: String,
    fragments: Vec<Fragment>,
}

#[derive(Template)]
#[template(path = "headline.html")]
struct HeadlineFragment<'a> {
    view: &'a Overview,
}

#[derive(Template)]
#[template(path = "served.html")]
struct ServedFragment<'a> {
    view: &'a Overview,
}

#[derive(Template)]
#[template(path = "circuits.html")]
struct CircuitsFragment<'a> {
    view: &'a Overview,
}

#[derive(Template)]
#[template(path = "slots.html")]
struct SlotsFragment<'a> {
    view: &'a Overview,
}

#[derive(Template)]
#[template(path = "incidents.html")]
struct IncidentsFragment<'a> {
    view: &'a Overview,
    /// The most resolved incidents to show.
    resolved_max: usize,
    is_page: bool,
}

#[derive(Template)]
#[template(path = "ourselves.html")]
struct OurselvesFragment<'a> {
    view: &'a Overview,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticeFragment<'a> {
    title: &'a str,
    detail: &'a str,
    hint: &'a str,
}

/// Resolved incidents on the first page.
const RESOLVED_ON_OVERVIEW: usize = 3;

/// Fragments of the first page, in order.
const OVERVIEW: [&str; 6] = ["headline", "incidents", "circuits", "served", "slots", "ourselves"];
/// Fragments of the incidents page, in order.
const INCIDENTS: [&str; 2] = ["headline", "all-incidents"];

/// Every live fragment of every page.
pub(crate) fn fragments(app: &App) -> Vec<Fragment> {
    let mut all = overview_fragments(&app.overview());
    all.extend(budget::fragments(app));
    all.extend(rollbacks::fragments(app));
    all.extend(reviews::fragments(app));
    all
}

fn overview_fragments(view: &Overview) -> Vec<Fragment> {
    let incidents = IncidentsFragment { view, resolved_max: RESOLVED_ON_OVERVIEW, is_page: false };
    let all_incidents = IncidentsFragment { view, resolved_max: usize::MAX, is_page: true };
    vec![
        fragment("headline", &HeadlineFragment { view }),
        fragment("incidents", &incidents),
        fragment("all-incidents", &all_incidents),
        fragment("circuits", &CircuitsFragment { view }),
        fragment("served", &ServedFragment { view }),
        fragment("slots", &SlotsFragment { view }),
        fragment("ourselves", &OurselvesFragment { view }),
    ]
}

fn fragment(id: impl Into<Cow<'static, str>>, template: &impl Template) -> Fragment {
    // A template writes to a string, which does not fail.
    Fragment { id: id.into(), revision: 0, html: template.render().unwrap_or_default() }
}

/// `GET /`.
pub(crate) async fn overview(State(app): State<Arc<App>>) -> Response {
    page(&app, "Overview", "/", &OVERVIEW, Vec::new())
}

/// `GET /incidents`.
pub(crate) async fn incidents(State(app): State<Arc<App>>) -> Response {
    page(&app, "Incidents", "/incidents", &INCIDENTS, Vec::new())
}

/// A page of live fragments, and of others that are its own.
fn page(app: &App, title: &str, path: &str, shown: &[&str], own: Vec<Fragment>) -> Response {
    let mut fragments = fragments(app);
    // What was made for this page is newer than what is live.
    fragments.retain(|fragment| own.iter().all(|own| own.id != fragment.id));
    fragments.extend(own);
    fragments.retain(|fragment| shown.contains(&&*fragment.id));
    fragments.sort_by_key(|fragment| shown.iter().position(|id| *id == fragment.id));
    let page = Page {
        title,
        path,
        org: &app.org,
        css: assets::css_path(),
        js: assets::js_path(),
        icon: assets::icon_path(),
        fragments,
    };
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "failed to render a page");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "page", "the page could not be made").into_response()
        }
    }
}

/// The page again, with what was not done at its top.
fn refused(app: &App, title: &str, path: &str, shown: &[&str], refusal: &Refusal) -> Response {
    let problem = refusal.problem();
    let notice = NoticeFragment {
        title: &problem.title,
        detail: problem.detail.as_deref().unwrap_or_default(),
        hint: problem.hint.as_deref().unwrap_or_default(),
    };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
    let shown = [&["notice"], shown].concat();
    let page = page(app, title, path, &shown, vec![fragment("notice", &notice)]);
    (status, page).into_response()
}

/// Why somebody may not, as a form says it.
fn unknown_token(not_allowed: NotAllowed) -> Refusal {
    match not_allowed {
        NotAllowed::Who(refusal) => refusal
            .detail("The token is nobody's.")
            .hint("It stands behind your name under `access.people` in the configuration."),
        NotAllowed::Role(refusal) => refusal,
    }
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct Taking {
    who: String,
}

/// `POST /incidents/{id}/ack`: the form, for browsers; works without JavaScript.
pub(crate) async fn acknowledge(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Form(taking): Form<Taking>,
) -> Result<Redirect, Refusal> {
    let who = v1::name(&taking.who)?;
    app.engine.acknowledge(&id, &who).await.map_err(|error| v1::refusal(error, &id))?;
    Ok(Redirect::to("/incidents"))
}
