//! Starting a twin and holding on to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use clock::Clock;
use flow::{DataAction, Flow, Problems};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::driver;
use crate::face;
use crate::scenario::Built;
use crate::shared::Shared;
use crate::world::{
    CallRecord, Fault, Integration, Organisation, RATE_MAX, Registered, Settings, Simulated, Totals, World,
};

/// How long a shutdown waits for answers that are under way, on the twin's clock.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// How a twin is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Its time.
    pub clock: Clock,
    /// What it is founded with.
    pub organisation: Organisation,
}

impl Options {
    /// A small contact centre on a free port of this machine.
    pub fn new(clock: Clock) -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 0)), clock, organisation: Organisation::default() }
    }
}

/// Why a twin or a CRM did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The client for data actions could not be made.
    #[error("make an HTTP client")]
    Client(#[source] reqwest::Error),
}

/// A rate of callers that is no rate.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("let {0} callers a second come in: it must be more than 0 and at most {RATE_MAX}")]
pub struct RateError(pub f64);

/// A version of a flow, as the twin stored it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedFlow {
    /// The flow.
    pub id: String,
    /// Its new version, such as `1.0`.
    pub version: String,
}

/// The stand-in for the platform.
#[derive(Debug)]
pub struct Twin;

/// A running twin. Dropping it leaves it running until the runtime ends; [`TwinHandle::shutdown`]
/// ends it in order.
#[derive(Debug)]
pub struct TwinHandle {
    addr: SocketAddr,
    pub(crate) shared: Arc<Shared>,
    router: Router,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    driver: JoinHandle<()>,
}

impl Twin {
    /// Starts a twin: its HTTP faces, its agents, and a door through which callers may come.
    ///
    /// # Errors
    /// When it cannot listen at the address.
    pub async fn start(options: Options) -> Result<TwinHandle, StartError> {
        let world = World::new(&options.organisation, options.clock.now());
        Self::serve(options.listen, options.clock, world).await
    }

    /// Starts a twin for each organisation of a scenario, linked when there are two: the first at `listen`, the second
    /// at the port that follows.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn play(built: Built, listen: SocketAddr, clock: Clock) -> Result<Vec<TwinHandle>, StartError> {
        let mut twins: Vec<TwinHandle> = Vec::new();
        for (place, world) in built.worlds.into_iter().enumerate() {
            // Port 0 picks a free one each time.
            let port = if listen.port() == 0 { 0 } else { listen.port().saturating_add(place as u16) };
            twins.push(Self::serve(SocketAddr::new(listen.ip(), port), clock.clone(), world).await?);
        }
        if let [one, other] = twins.as_slice() {
            one.shared.join(&other.shared);
        }
        Ok(twins)
    }

    async fn serve(address: SocketAddr, clock: Clock, world: World) -> Result<TwinHandle, StartError> {
        let listening = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listening)?;
        let addr = listener.local_addr().map_err(listening)?;
        // The platform follows no redirects and knows nothing of this machine's proxies.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("PureCloudIntegrations/1.0")
            .build()
            .map_err(StartError::Client)?;
        let shared = Shared::new(world, clock, http);
        let (stop, stopped) = watch::channel(false);
        let router = face::router(Arc::clone(&shared));
        let server = tokio::spawn(face::serve(listener, router.clone(), stopped));
        let driver = tokio::spawn(driver::drive(Arc::clone(&shared)));
        Ok(TwinHandle { addr, shared, router, stop, server, driver })
    }
}

impl TwinHandle {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address as the start of a URL.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Answers a request that came by no socket, as if it had: for whoever is in the same process, where time is virtual.
    /// Only the path of its address counts. Whoever drops the future has hung up.
    ///
    /// # Errors
    /// When a connection would be reset.
    pub async fn answer(&self, request: Request<Body>) -> std::io::Result<Response> {
        face::ask(self.router.clone(), request).await
    }

    /// Stores Archy YAML as a new version of the flow with its name, and publishes it at once.
    /// Callers enter the flow that was loaded first, in the version that is published then.
    ///
    /// # Errors
    /// Everything that is wrong with the text.
    pub fn load_flow(&self, yaml: &str) -> Result<LoadedFlow, Problems> {
        let flow = Flow::parse(yaml)?;
        let now = self.shared.now();
        let mut world = self.shared.world();
        let id = world.id();
        let name = flow.name.clone();
        let (id, version) = world.flows.load(flow, yaml, id, now);
        world.lead_main_line(&id, &name);
        Ok(LoadedFlow { id, version })
    }

    /// Stores Archy YAML as a further version of the flow with its name, which nobody runs until somebody publishes it;
    /// `None` when there is no such flow.
    ///
    /// # Errors
    /// Everything that is wrong with the text.
    pub fn save_flow(&self, yaml: &str) -> Result<Option<LoadedFlow>, Problems> {
        let flow = Flow::parse(yaml)?;
        let now = self.shared.now();
        Ok(self.shared.world().flows.save_unpublished(flow, yaml, now).map(|(id, version)| LoadedFlow { id, version }))
    }

    /// Stores the JSON of a Data Action in the integration `category` (the name that flows use),
    /// with the settings that its templates call `credentials`. Gives the action's id.
    ///
    /// # Errors
    /// Everything that is wrong with the text.
    pub fn load_action(&self, category: &str, json: &str, credentials: &[(&str, &str)]) -> Result<String, Problems> {
        let action = DataAction::parse(json)?;
        // Read twice: once for what it does, once for those who ask for the file.
        let source = serde_json::from_str(json).unwrap_or_default();
        let mut world = self.shared.world();
        let (integration_id, action_id) = (world.id(), world.id());
        let credentials = credentials.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let integration = Integration::new(integration_id, category, &action.integration_type, credentials);
        Ok(world.actions.load(integration, action, source, action_id))
    }

    /// Lets callers come in at the main number, `rate` a second on the twin's clock; a new rate replaces the old one.
    ///
    /// # Errors
    /// When the rate is not between 0 and [`RATE_MAX`].
    pub fn start_callers(&self, rate: f64) -> Result<(), RateError> {
        start_callers(&self.shared, None, rate)
    }

    /// Lets no more callers come in. Those who are in the flow go on.
    pub fn stop_callers(&self) {
        self.shared.world().stop_callers(None);
    }

    /// Breaks something for a while; false when too many things are broken already.
    pub fn inject(&self, fault: Fault) -> bool {
        self.shared.inject(fault)
    }

    /// Mends everything that is broken.
    pub fn mend(&self) {
        self.shared.world().faults.clear(None);
    }

    /// Lets a simulated system answer a Data Action; false when there is no such action.
    pub fn simulate(&self, action_id: &str, simulated: Simulated) -> bool {
        self.shared.world().actions.simulate(action_id, simulated)
    }

    /// Changes how the organisation behaves where organisations differ.
    pub fn settings(&self, change: impl FnOnce(&mut Settings)) {
        let now = self.shared.now();
        let mut world = self.shared.world();
        change(&mut world.settings);
        world.await_leak(now);
        drop(world);
        self.shared.changed.notify_one();
    }

    /// Adds an OAuth client with these permissions, or changes one.
    pub fn register_client(&self, id: &str, secret: &str, permissions: &[&str]) {
        let permissions = permissions.iter().map(|permission| (*permission).to_owned()).collect();
        let (id, secret, name) = (id.to_owned(), secret.to_owned(), id.to_owned());
        self.shared.world().clients.register(Registered { id, secret, name, permissions, seconds: None });
    }

    /// Puts so many agents on a queue; false when there is no such queue.
    pub fn set_agents(&self, queue: &str, agents: u32) -> bool {
        let is_known = self.shared.world().set_agents(queue, agents, self.shared.now());
        self.shared.settle();
        is_known
    }

    /// Somebody deletes a flow; false when there is no such flow. Callers who are in it go on.
    pub fn delete_flow(&self, id: &str, holder: &str) -> bool {
        let is_known = self.shared.world().delete_flow(id, holder, self.shared.now());
        self.shared.settle();
        is_known
    }

    /// Somebody takes a flow and does not give it back; false when there is no such flow.
    pub fn lock_flow(&self, id: &str, holder: &str) -> bool {
        let is_known = self.shared.world().lock_flow(id, holder, self.shared.now());
        self.shared.settle();
        is_known
    }

    /// Breaks the carrier behind a trunk, or mends it; false when there is no such trunk.
    pub fn set_trunk_connected(&self, id: &str, connected: bool) -> bool {
        let is_known = self.shared.world().set_trunk_connected(id, connected, self.shared.now());
        self.shared.settle();
        is_known
    }

    /// The organisation's name.
    pub fn name(&self) -> String {
        self.shared.world().name.clone()
    }

    /// Its time now.
    pub fn now(&self) -> jiff::Timestamp {
        self.shared.now().wall
    }

    /// Ends every WebSocket without a word.
    pub fn drop_sockets(&self) {
        self.shared.drop_sockets();
    }

    /// Links two organisations, so that the numbers of each may lead to the other.
    pub fn link(&self, other: &Self) {
        self.shared.link(&other.shared);
    }

    /// What has been counted so far.
    pub fn totals(&self) -> Totals {
        self.shared.world().totals()
    }

    /// Waits until the totals are as `reached` wants them, and gives them.
    pub async fn totals_when(&self, mut reached: impl FnMut(&Totals) -> bool) -> Totals {
        let mut totals = self.shared.watch_totals();
        match totals.wait_for(|totals| reached(totals)).await {
            Ok(totals) => *totals,
            Err(_) => self.totals(),
        }
    }

    /// The last finished calls, oldest first.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.shared.world().calls().cloned().collect()
    }

    /// Stops callers, closes the listener, lets answers that are under way finish for a moment, and
    /// ends.
    pub async fn shutdown(self) {
        self.stop_callers();
        self.driver.abort();
        self.shared.abort_tasks();
        self.stop.send_replace(true);
        let mut server = self.server;
        if self.shared.clock.timeout(SHUTDOWN_GRACE, &mut server).await.is_none() {
            server.abort();
        }
    }
}

pub(crate) fn start_callers(shared: &Shared, number: Option<&str>, rate: f64) -> Result<(), RateError> {
    let is_rate = rate > 0.0 && rate <= RATE_MAX;
    if !is_rate {
        return Err(RateError(rate));
    }
    let mut world = shared.world();
    let number = number.map_or_else(|| world.number.clone(), str::to_owned);
    world.callers(rate, &number, shared.mono());
    drop(world);
    shared.changed.notify_one();
    Ok(())
}
