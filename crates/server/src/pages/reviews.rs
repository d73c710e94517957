//! The pages of reviews.

use std::sync::Arc;

use api::ReviewList;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::{fragment, page, refused};
use crate::app::App;
use crate::live::Fragment;
use crate::v1::reviews::found;
use crate::view::Value;
use crate::view::reviews::{Exhibit, ReviewPage, ReviewsPage};

const TITLE: &str = "Reviews";
const PATH: &str = "/reviews";

/// Fragments of the page, in order.
const REVIEWS: [&str; 2] = ["launches", "reviewed"];

#[derive(Template)]
#[template(path = "launches.html")]
struct LaunchesFragment<'a> {
    view: &'a ReviewsPage,
}

#[derive(Template)]
#[template(path = "reviewed.html")]
struct ReviewedFragment<'a> {
    view: &'a ReviewsPage,
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewFragment<'a> {
    view: &'a ReviewPage,
}

/// Every live fragment about reviews; where there is none yet, how to begin.
pub(crate) fn fragments(app: &App) -> Vec<Fragment> {
    let list = app.reviews.as_ref().map_or_else(ReviewList::default, engine::review::Reviews::list);
    let view = ReviewsPage::new(&list, app.now().wall);
    vec![
        fragment("launches", &LaunchesFragment { view: &view }),
        fragment("reviewed", &ReviewedFragment { view: &view }),
    ]
}

/// `GET /reviews`.
pub(crate) async fn reviews(State(app): State<Arc<App>>) -> Response {
    page(&app, TITLE, PATH, &REVIEWS, Vec::new())
}

/// `GET /reviews/{id}`: everything about one review. It was made, and does not change.
pub(crate) async fn review(State(app): State<Arc<App>>, Path(id): Path<String>) -> Response {
    let review = match found(&app, &id).await {
        Ok(review) => review,
        Err(refusal) => return refused(&app, TITLE, PATH, &REVIEWS, &refusal),
    };
    let view = ReviewPage::new(&review, app.now().wall);
    let title = format!("Review of {}", review.plan);
    page(&app, &title, PATH, &["review"], vec![fragment("review", &ReviewFragment { view: &view })])
}
