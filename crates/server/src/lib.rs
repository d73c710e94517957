//! What people and machines see of the controller: console, HTTP API, health, metrics.
//!
//! The only crate that knows HTML. It reads the engine's views and asks for gateway data through
//! [`Gateways`]; it decides nothing and keeps nothing but the last minutes of call counts, for the
//! chart.
//!
//! - One renderer: a page and its live updates carry the same HTML ([`live`]).
//! - What is not known is shown as unknown, with its age; never as a number ([`view`]).
//! - Everything is readable without JavaScript; the script only replaces fragments.
//! - No inline script or style, nothing from elsewhere; the strictest content policy ([`guard`]).

mod access;
mod app;
mod assets;
mod chart;
mod errors;
mod guard;
mod guide;
mod health;
mod history;
mod live;
mod metrics;
mod odds;
mod openapi;
mod pages;
mod releases;
mod routes;
mod v1;
mod view;
mod when;
mod words;

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use api::{GatewaySnapshot, ReleaseView, RollbackBegun, RollbackList, RollbackWish};
use async_trait::async_trait;
use clock::Clock;
use engine::Handle;
use engine::budget::Budgets;
use engine::deployments::Deployments;
use engine::review::Reviews;
use engine::rollback::Guard;
use engine::rollback::guard::WishError;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use access::Access;
pub use app::App;
pub use guide::Guide;
pub use routes::router;
pub use when::instant;
pub use words::rate;

/// Where gateway data comes from.
///
/// Called twice a second at most per use; must not block.
pub trait Gateways: Send + Sync {
    /// Everything the gateway knows now; without `at` when none has reported yet.
    fn snapshot(&self) -> GatewaySnapshot;

    /// Ends the gateway's idle connections to an upstream: how many there were, or `None` when there is no such upstream.
    fn terminate(&self, upstream: &str) -> Option<Pin<Box<dyn Future<Output = u64> + Send>>>;

    /// The gateway's own metrics as Prometheus text; appended to the same scrape.
    fn metrics(&self) -> String;
}

/// Releases under watch.
///
/// A list is made without waiting for anything; the rest may wait for the store.
#[async_trait]
pub trait Releases: Send + Sync {
    /// The flows and the releases of late.
    fn list(&self) -> Arc<RollbackList>;

    /// One release with its minutes; `None` when there is none of this id.
    async fn one(&self, id: &str) -> Option<ReleaseView>;

    /// Goes back from a release that is watched or waits for somebody to say so; the release as it is then.
    ///
    /// # Errors
    /// Why it does not.
    async fn approve(&self, id: &str, who: &str) -> Result<ReleaseView, WishError>;

    /// Goes back to a version because somebody wants it; what was begun.
    ///
    /// # Errors
    /// Why it does not.
    async fn run(&self, wish: &RollbackWish, who: &str) -> Result<RollbackBegun, WishError>;

    /// Tells of every change; see [`Releases::list`].
    fn changes(&self) -> watch::Receiver<u64>;

    /// Whether anybody still watches; false once that was stopped, or broke down.
    fn is_running(&self) -> bool;
}

#[async_trait]
impl Releases for Guard {
    fn list(&self) -> Arc<RollbackList> {
        Arc::new(Self::list(self))
    }

    async fn one(&self, id: &str) -> Option<ReleaseView> {
        Self::one(self, id).await
    }

    async fn approve(&self, id: &str, who: &str) -> Result<ReleaseView, WishError> {
        Self::approve(self, id, who).await
    }

    async fn run(&self, wish: &RollbackWish, who: &str) -> Result<RollbackBegun, WishError> {
        Self::run(self, wish, who).await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        Self::changes(self)
    }

    fn is_running(&self) -> bool {
        Self::is_running(self)
    }
}

/// What a server is made of.
pub struct Setup {
    /// The running engine.
    pub engine: Handle,
    /// Where gateway data comes from.
    pub gateways: Arc<dyn Gateways>,
    /// The time.
    pub clock: Clock,
    /// Name of the organisation, shown on every page.
    pub org: String,
    /// What the Guide API is answered from; none while no organisation is watched.
    pub guide: Option<Guide>,
    /// Error budgets; none where there is no controller.
    pub budgets: Option<Budgets>,
    /// Releases under watch; none while no organisation is watched.
    pub releases: Option<Arc<dyn Releases>>,
    /// Deployments that two people agree on; none where there is no controller.
    pub deployments: Option<Deployments>,
    /// Reviews that are kept, and made at night; none where there is no controller.
    pub reviews: Option<Reviews>,
    /// The terms on which an objective is kept that somebody defines while this runs.
    pub terms: Terms,
    /// The definitions of all objectives in the guide's shape, by their ids.
    pub documents: BTreeMap<String, serde_json::Value>,
    /// Who may do more than look.
    pub access: Access,
}

/// On which terms an objective is kept.
pub type Terms = Box<dyn Fn(budget::Objective) -> budget::Terms + Send + Sync>;

/// Serves `app` on `listener` until `stop` is done; open event streams end with it.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let background = tokio::spawn(live::run(app.clone()));
    let following = tokio::spawn(releases::follow(app.clone()));
    let stopping = app.clone();
    let served = axum::serve(listener, router(app)).with_graceful_shutdown(async move {
        stop.await;
        stopping.stop();
    });
    let result = served.await;
    background.abort();
    following.abort();
    result
}
