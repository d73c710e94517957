//! The pages of releases under watch.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{fragment, page, refused, unknown_token};
use crate::access;
use crate::app::App;
use crate::live::Fragment;
use crate::odds::{HEIGHT, WIDTH};
use crate::releases::{detailed, refresh};
use crate::v1::rollbacks::{approved, found, may_approve};
use crate::view::Value;
use crate::view::rollbacks::{ReleaseCard, RollbackPage};

const TITLE: &str = "Rollbacks";
const PATH: &str = "/rollbacks";

/// Fragments of the page, in order.
const ROLLBACKS: [&str; 4] = ["guard", "open-releases", "watched-flows", "ended-releases"];

#[derive(Template)]
#[template(path = "guard.html")]
struct GuardFragment<'a> {
    view: &'a RollbackPage,
}

#[derive(Template)]
#[template(path = "open-releases.html")]
struct OpenFragment<'a> {
    view: &'a RollbackPage,
}

#[derive(Template)]
#[template(path = "watched-flows.html")]
struct FlowsFragment<'a> {
    view: &'a RollbackPage,
}

#[derive(Template)]
#[template(path = "ended-releases.html")]
struct EndedFragment<'a> {
    view: &'a RollbackPage,
}

#[derive(Template)]
#[template(path = "release.html")]
struct ReleaseFragment<'a> {
    card: &'a ReleaseCard,
}

#[derive(Template)]
#[template(path = "no-guard.html")]
struct NoGuardFragment;

/// Every live fragment about releases; where nothing is watched, what to do about it.
pub(crate) fn fragments(app: &App) -> Vec<Fragment> {
    let Some(releases) = &app.releases else { return vec![fragment("guard", &NoGuardFragment)] };
    let (list, now) = (releases.list(), app.now());
    let view = RollbackPage::new(&list, |id| app.details.of(id), now.wall);
    let mut all = vec![
        fragment("guard", &GuardFragment { view: &view }),
        fragment("open-releases", &OpenFragment { view: &view }),
        fragment("watched-flows", &FlowsFragment { view: &view }),
        fragment("ended-releases", &EndedFragment { view: &view }),
    ];
    for release in detailed(&list, now).filter_map(|release| app.details.of(&release.id)) {
        let card = ReleaseCard::whole(&release, now.wall);
        all.push(fragment(own_id(&release.id), &ReleaseFragment { card: &card }));
    }
    all
}

/// The fragment of a release that has a page of its own.
fn own_id(release: &str) -> String {
    format!("release-{release}")
}

/// `GET /rollbacks`.
pub(crate) async fn rollbacks(State(app): State<Arc<App>>) -> Response {
    refresh(&app).await;
    page(&app, TITLE, PATH, &ROLLBACKS, Vec::new())
}

/// `GET /rollbacks/{id}`: everything about one release.
pub(crate) async fn release(State(app): State<Arc<App>>, Path(id): Path<String>) -> Response {
    let release = match found(&app, &id).await {
        Ok(release) => release,
        Err(refusal) => return refused(&app, TITLE, PATH, &ROLLBACKS, &refusal),
    };
    let id = own_id(&release.id);
    let card = ReleaseCard::whole(&release, app.now().wall);
    let title = format!("Version {} of {}", release.version, release.name);
    page(&app, &title, PATH, &[&id], vec![fragment(id.clone(), &ReleaseFragment { card: &card })])
}

/// Who says so.
#[derive(Deserialize)]
pub(crate) struct Approving {
    token: String,
}

/// `POST /rollbacks/{id}/approve`: the button, for browsers; works without JavaScript.
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Form(approving): Form<Approving>,
) -> Response {
    let done = match access::by_token(&app, &approving.token).and_then(may_approve) {
        Ok(person) => approved(&app, &person, &id).await,
        Err(not_allowed) => Err(unknown_token(not_allowed)),
    };
    match done {
        Ok(_) => Redirect::to(PATH).into_response(),
        Err(refusal) => {
            refresh(&app).await;
            refused(&app, TITLE, PATH, &ROLLBACKS, &refusal)
        }
    }
}
