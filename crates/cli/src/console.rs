//! The console and HTTP API of one controller, from listening to the end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use clock::Clock;
use engine::Handle;
use engine::budget::Budgets;
use engine::deployments::Deployments;
use engine::review::Reviews;
use miette::Report;
use serde_json::Value;
use server::{Access, App, Gateways, Guide, Releases, Setup, Terms};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::failure::cannot_listen;
use crate::shared_gateway::SharedGateway;

/// A console that serves.
pub(crate) struct Console {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

/// What a console shows.
pub(crate) struct Shown {
    /// Incidents, letters, the store.
    pub(crate) engine: Handle,
    /// Circuits, routes, slots.
    pub(crate) gateway: Arc<SharedGateway>,
    /// Its time.
    pub(crate) clock: Clock,
    /// Name of the organisation on every page.
    pub(crate) org: String,
    /// What the Guide API is answered from.
    pub(crate) guide: Option<Guide>,
    /// Error budgets.
    pub(crate) budgets: Budgets,
    /// Releases under watch, where an organisation is.
    pub(crate) releases: Option<Arc<dyn Releases>>,
    /// Deployments that two people agree on.
    pub(crate) deployments: Deployments,
    /// Reviews that are kept, and made at night.
    pub(crate) reviews: Reviews,
    /// On which terms an objective is kept that somebody defines.
    pub(crate) terms: Terms,
    /// The definitions of all objectives.
    pub(crate) documents: BTreeMap<String, Value>,
    /// Who may do more than look.
    pub(crate) access: Access,
}

impl Gateways for SharedGateway {
    fn snapshot(&self) -> api::GatewaySnapshot {
        self.snapshot()
    }

    fn terminate(&self, upstream: &str) -> Option<Pin<Box<dyn Future<Output = u64> + Send>>> {
        self.close_idle(upstream)
    }

    fn metrics(&self) -> String {
        self.metrics()
    }
}

/// Listens at `listen` and serves.
pub(crate) async fn start(listen: SocketAddr, shown: Shown) -> Result<Console, Report> {
    let cannot = |error| cannot_listen("console", listen, "--listen", error);
    let listener = TcpListener::bind(listen).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let Shown { engine, gateway, clock, org, guide, budgets, releases, deployments, reviews, terms, documents, access } =
        shown;
    let (budgets, deployments) = (Some(budgets), Some(deployments));
    let app = App::new(Setup {
        engine,
        gateways: gateway,
        clock,
        org,
        guide,
        budgets,
        releases,
        deployments,
        reviews: Some(reviews),
        terms,
        documents,
        access,
    });
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let wait = async {
            // A console that was let go of is over too.
            let _told = stopped.await;
        };
        if let Err(error) = server::serve(listener, app, wait).await {
            tracing::error!(%error, "the console stopped serving");
        }
    });
    Ok(Console { address, stop, server })
}

impl Console {
    /// Its address as the start of a URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends event streams and lets answers that are under way finish, for at most `patience`.
    pub(crate) async fn stop(self, clock: &Clock, patience: std::time::Duration) {
        drop(self.stop);
        let mut server = self.server;
        if clock.timeout(patience, &mut server).await.is_none() {
            server.abort();
        }
    }
}
