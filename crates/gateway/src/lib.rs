//! The Data Action path: between Genesys Cloud and the systems its flows ask.
//!
//! One single-threaded runtime per processor, each with a listening socket of its own on the same port and its
//! own connections to the upstreams; what all must agree on (circuits, limits, kept answers, tokens) is shared
//! through atomics. A further thread, the keeper, runs the errands: probes, wake-ups, token renewal, limits.
//!
//! Rules: a call waits for its caller, its upstream and, within bounds, a token; never for the store, the
//! controller or the platform. Every waiting call is seen every ten milliseconds, which is how deadlines are
//! kept without a timer per call, and how a silent upstream is found out before any time-out.

mod answer;
mod body;
mod call;
mod connect;
mod flag;
mod headers;
mod inflight;
mod keeper;
mod kept;
mod meter;
mod metrics;
mod modes;
mod plan;
mod pool;
mod reason;
mod token;
mod waiting;
mod watched;
mod worker;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use api::{FlowModes, GatewaySnapshot};
use arc_swap::ArcSwap;
use clock::Clock;
use config::{Degrade, ServerTls};
use degrade::Transition;
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsAcceptor;

pub use answer::{AGE_MEMBER, FAILED_MEMBER};
pub use connect::TlsError;
pub use headers::{FLOW, OUTCOME};
pub use kept::{KEPT_BYTES_MAX, KEPT_MAX};
pub use reason::Reason;
pub use watched::{HEAD_WITHIN, IDLE_FOR_MAX};
pub use worker::{CONNECTIONS_MAX, HEAD_BYTES_MAX};

use crate::keeper::{Command, Keeper, Mailbox};
use crate::modes::Modes;
use crate::plan::Plan;
use crate::worker::{Order, Worker};

/// Transitions that may wait for whoever takes the records.
pub const RECORDS_MAX: usize = 1_024;
/// Orders that may wait for one worker.
const ORDERS_MAX: usize = 16;

/// How a gateway is started.
#[derive(Debug)]
pub struct Options {
    /// Where it listens; port 0 picks a free one.
    pub listen: SocketAddr,
    /// TLS for callers; plain HTTP without.
    pub tls: Option<ServerTls>,
    /// Workers; one for each processor this process may use when `None`.
    pub workers: Option<usize>,
    /// Its time.
    pub clock: Clock,
    /// Seed of all its chance: jitter of pauses and probes.
    pub seed: u64,
}

/// The gateway could not be started, or not with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("failed to listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A thread could not be started.
    #[error("failed to start a worker thread")]
    Thread(#[source] std::io::Error),
    /// A route cannot be routed to.
    #[error("route `{path}` cannot be used: {reason}")]
    Route {
        /// Its pattern.
        path: String,
        /// Why.
        reason: String,
    },
    /// A host name that cannot be sent.
    #[error("host `{host}` of upstream `{upstream}` cannot be sent in a header")]
    Host {
        /// The upstream.
        upstream: String,
        /// The host.
        host: String,
    },
    /// TLS to an upstream cannot work.
    #[error("TLS to upstream `{upstream}` cannot work")]
    Tls {
        /// The upstream.
        upstream: String,
        /// Why.
        source: TlsError,
    },
    /// TLS for callers cannot work.
    #[error("TLS for callers cannot work")]
    ServerTls(#[source] TlsError),
}

/// A running gateway.
pub struct Gateway {
    address: SocketAddr,
    clock: Clock,
    plan: ArcSwap<Plan>,
    modes: Arc<Modes>,
    /// Names this run of the gateway.
    boot: u64,
    workers: Vec<WorkerHandle>,
    mailbox: Mailbox,
    keeper: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

struct WorkerHandle {
    orders: mpsc::Sender<Order>,
    thread: JoinHandle<()>,
    ended: oneshot::Receiver<()>,
}

/// Starts a gateway. Its circuit records come out of the receiver; records that nobody takes are counted.
///
/// # Errors
/// When it cannot listen, or when the configuration promises something that cannot be kept.
pub fn start(config: Degrade, options: Options) -> Result<(Gateway, mpsc::Receiver<Transition>), StartError> {
    let Options { listen, tls, workers, clock, seed } = options;
    let count = workers.unwrap_or_else(processors).max(1);
    let plan = Arc::new(Plan::build(config, count, None)?);
    let tls = tls.as_ref().map(acceptor).transpose().map_err(StartError::ServerTls)?;
    let (records, received) = mpsc::channel(RECORDS_MAX);
    let (mailbox, posts) = Mailbox::new();
    let modes = Arc::new(Modes::default());
    let (sockets, address) = sockets(listen, count)?;
    let mut handles = Vec::with_capacity(count);
    for (id, socket) in sockets.into_iter().enumerate() {
        let setup = Setup {
            id,
            clock: clock.clone(),
            mailbox: mailbox.clone(),
            plan: Arc::clone(&plan),
            modes: Arc::clone(&modes),
            seed: seed ^ id as u64,
        };
        handles.push(start_worker(setup, socket, tls.clone())?);
    }
    let keeper = start_keeper(&clock, &mailbox, records, &plan, seed, posts)?;
    let plan = ArcSwap::new(plan);
    let boot = boot(&clock, seed);
    Ok((Gateway { address, clock, plan, modes, boot, workers: handles, mailbox, keeper: Some(keeper) }, received))
}

impl Gateway {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything it knows at this instant.
    pub fn snapshot(&self) -> GatewaySnapshot {
        metrics::snapshot(&self.plan.load(), self.boot, self.clock.now())
    }

    /// Its metrics in Prometheus text format.
    pub fn metrics(&self) -> String {
        metrics::prometheus(&self.plan.load(), &self.mailbox.counts, self.clock.now())
    }

    /// Closes the idle connections to an upstream, of all workers; calls in flight keep theirs. What comes out is how many
    /// there were; `None` when there is no such upstream.
    pub fn close_idle(&self, upstream: &str) -> Option<impl Future<Output = u64> + Send + use<>> {
        let place = self.plan.load().upstreams.iter().position(|known| *known.config.name == *upstream)?;
        let asked: Vec<_> = self
            .workers
            .iter()
            .filter_map(|worker| {
                let (told, closed) = oneshot::channel();
                // A worker that takes no orders has ended, and its connections with it.
                worker.orders.try_send(Order::CloseIdle(place, told)).ok().map(|()| closed)
            })
            .collect();
        Some(async move {
            let mut all = 0;
            for closed in asked {
                all += closed.await.unwrap_or(0);
            }
            all
        })
    }

    /// Obeys the modes of flows from now on: answers what they do without, and tells flows that ask.
    pub fn obey(&self, modes: &FlowModes) {
        self.modes.replace(modes);
        self.modes.apply(&self.plan.load());
    }

    /// Circuit records that nobody took, since the start.
    pub fn records_lost(&self) -> u64 {
        self.mailbox.counts.records_lost.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Serves by another configuration from now on. Circuits and upstreams that did not change keep what they
    /// know; calls in flight finish under the old one. The listening address stays.
    ///
    /// # Errors
    /// When the new configuration promises something that cannot be kept; the old one stays in force.
    pub fn reload(&self, config: Degrade) -> Result<(), StartError> {
        let plan = Arc::new(Plan::build(config, self.workers.len(), Some(&self.plan.load()))?);
        self.plan.store(Arc::clone(&plan));
        self.modes.apply(&plan);
        for worker in &self.workers {
            // A worker that takes no orders has ended, and needs no plan.
            let _ended = worker.orders.try_send(Order::Plan(Arc::clone(&plan)));
        }
        self.mailbox.post(Command::Plan(plan));
        Ok(())
    }

    /// Accepts nothing new, lets calls in flight finish for at most `patience`, and ends.
    pub async fn drain(mut self, patience: Duration) {
        for worker in &self.workers {
            let _ended = worker.orders.send(Order::Drain).await;
        }
        let workers = std::mem::take(&mut self.workers);
        let all = async {
            for worker in workers {
                let _ended = worker.ended.await;
                let _joined = worker.thread.join();
            }
        };
        if self.clock.timeout(patience, all).await.is_none() {
            tracing::warn!("calls were still in flight when the gateway ended");
        }
        if let Some((stop, thread)) = self.keeper.take() {
            drop(stop);
            let _joined = thread.join();
        }
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// One listening socket per worker, all on one port.
fn sockets(listen: SocketAddr, count: usize) -> Result<(Vec<std::net::TcpListener>, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address: listen, source };
    // SO_REUSEPORT would let a second gateway take half of the calls in silence: ask for the port alone first.
    drop(std::net::TcpListener::bind(listen).map_err(failed)?);
    let first = worker::listen(listen).map_err(failed)?;
    let address = first.local_addr().map_err(failed)?;
    let mut sockets = vec![first];
    for _ in 1..count {
        sockets.push(worker::listen(address).map_err(failed)?);
    }
    Ok((sockets, address))
}

struct Setup {
    id: usize,
    clock: Clock,
    mailbox: Mailbox,
    plan: Arc<Plan>,
    modes: Arc<Modes>,
    seed: u64,
}

/// Another number for every start: when, and which chance.
fn boot(clock: &Clock, seed: u64) -> u64 {
    // As JSON it must fit into a double.
    (clock.now().wall.as_millisecond().unsigned_abs() ^ (seed << 20)) & ((1 << 53) - 1)
}

fn start_worker(
    setup: Setup,
    socket: std::net::TcpListener,
    tls: Option<TlsAcceptor>,
) -> Result<WorkerHandle, StartError> {
    let (orders, received) = mpsc::channel(ORDERS_MAX);
    let (tell_ended, ended) = oneshot::channel();
    let serve = move || {
        run_local(async move {
            let Setup { id, clock, mailbox, plan, modes, seed } = setup;
            let worker = Worker::new(id, clock, mailbox, plan, modes, seed);
            if let Err(error) = worker.run(socket, tls, received).await {
                tracing::error!(%error, "a gateway worker ended");
            }
            let _nobody_waits = tell_ended.send(());
        });
    };
    let thread = std::thread::Builder::new().name("gateway".into()).spawn(serve).map_err(StartError::Thread)?;
    Ok(WorkerHandle { orders, thread, ended })
}

fn start_keeper(
    clock: &Clock,
    mailbox: &Mailbox,
    records: mpsc::Sender<Transition>,
    plan: &Arc<Plan>,
    seed: u64,
    posts: mpsc::Receiver<Command>,
) -> Result<(oneshot::Sender<()>, JoinHandle<()>), StartError> {
    let (stop, stopped) = oneshot::channel();
    let (clock, mailbox, plan) = (clock.clone(), mailbox.clone(), Arc::clone(plan));
    let keep = move || {
        run_local(async move { Keeper::new(clock, mailbox, records, plan, seed).run(posts, stopped).await });
    };
    let thread = std::thread::Builder::new().name("keeper".into()).spawn(keep).map_err(StartError::Thread)?;
    Ok((stop, thread))
}

/// Runs a future, and the local tasks it starts, on this thread.
fn run_local(future: impl Future<Output = ()>) {
    match Builder::new_current_thread().enable_all().build_local(LocalOptions::default()) {
        Ok(runtime) => runtime.block_on(future),
        Err(error) => tracing::error!(%error, "no event loop could be made"),
    }
}

fn acceptor(tls: &ServerTls) -> Result<TlsAcceptor, TlsError> {
    let chain = connect::read_certificates(&tls.certificate)?;
    let unreadable = |source| TlsError::Authorities { path: tls.key.display().to_string(), source };
    let key = PrivateKeyDer::from_pem_file(&tls.key).map_err(unreadable)?;
    let mut config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
