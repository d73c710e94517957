//! Live pages: fragments of HTML over one stream of server-sent events.
//!
//! While anybody looks, a background task renders all fragments [`UPDATES_PER_SECOND`] times a second,
//! and publishes those that differ, under a revision that only grows. A client gets every fragment as
//! it is when it connects, and afterwards what has changed; after a break it connects again and is told
//! everything.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde::Serialize;
use tokio::sync::watch;

use crate::app::App;
use crate::errors::Refusal;
use crate::pages::fragments;
use crate::releases::refresh;

/// How often a page changes, at most.
const UPDATES_PER_SECOND: u32 = 2;

/// What can be replaced in a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fragment {
    /// The element's id.
    pub(crate) id: Cow<'static, str>,
    /// The revision in which it last changed.
    #[serde(skip)]
    pub(crate) revision: u64,
    /// Its content.
    pub(crate) html: String,
}

/// All fragments, at one revision.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    pub(crate) revision: u64,
    pub(crate) fragments: Vec<Fragment>,
}

#[derive(Serialize)]
struct Update<'a> {
    revision: u64,
    fragments: Vec<&'a Fragment>,
}

/// Watches and publishes until it is dropped.
pub(crate) async fn run(app: Arc<App>) {
    loop {
        app.observe();
        let is_watched = app.frames.receiver_count() > 0;
        if is_watched {
            publish(&app);
        }
        app.clock.sleep(app.real(Duration::from_secs(1)) / UPDATES_PER_SECOND).await;
    }
}

/// Renders, and publishes when something differs.
pub(crate) fn publish(app: &App) {
    let mut fragments = fragments(app);
    // Whoever connects renders, too: each revision is one frame, whoever made it.
    app.frames.send_if_modified(|last| {
        let revision = last.revision + 1;
        for fragment in &mut fragments {
            let known = last.fragments.iter().find(|known| known.id == fragment.id);
            fragment.revision = match known {
                Some(known) if known.html == fragment.html => known.revision,
                Some(_) | None => revision,
            };
        }
        let is_changed = fragments.iter().any(|fragment| fragment.revision == revision);
        if is_changed {
            *last = Arc::new(Frame { revision, fragments: std::mem::take(&mut fragments) });
        }
        is_changed
    });
}

/// `GET /events`.
pub(crate) async fn events(State(app): State<Arc<App>>) -> Response {
    let stopping = app.stopping();
    let frames = app.frames.subscribe();
    let stream = Stream { app, stopping, frames, told: 0, is_counted: false };
    let Some(stream) = stream.counted() else {
        return Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too-many-streams", "too many pages are open")
            .hint("Close some; every page also works without live updates.")
            .into_response();
    };
    // While nobody looked nothing was read or rendered.
    refresh(&stream.app).await;
    publish(&stream.app);
    let events = unfold(stream, |mut stream| async move {
        let event = stream.next().await?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

/// One browser's stream.
struct Stream {
    app: Arc<App>,
    stopping: watch::Receiver<bool>,
    frames: watch::Receiver<Arc<Frame>>,
    told: u64,
    is_counted: bool,
}

impl Stream {
    /// Takes a place among the open streams; given back when the stream is dropped.
    fn counted(mut self) -> Option<Self> {
        self.app.streams.try_acquire().ok()?.forget();
        self.is_counted = true;
        Some(self)
    }

    /// The next event; `None` when the server stops.
    async fn next(&mut self) -> Option<Event> {
        let told = self.told;
        let frame = tokio::select! {
            _ = self.stopping.wait_for(|stop| *stop) => return None,
            frame = self.frames.wait_for(|frame| frame.revision > told) => frame.ok()?.clone(),
        };
        self.told = frame.revision;
        let fragments = frame.fragments.iter().filter(|fragment| fragment.revision > told).collect();
        let update = Update { revision: frame.revision, fragments };
        let data = serde_json::to_string(&update).ok()?;
        Some(Event::default().event("update").id(frame.revision.to_string()).data(data))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.is_counted {
            self.app.streams.add_permits(1);
        }
    }
}
