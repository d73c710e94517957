//! One worker: one thread, one event loop, one listening socket, and nothing that another worker waits for.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use base::{Effects, Mono};
use clock::Clock;
use degrade::Phase;
use degrade::breaker::Silent;
use degrade::circuit::Effect;
use degrade::retry::Budget;
use degrade::stall::LOOK_EVERY;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio_rustls::TlsAcceptor;

use crate::call;
use crate::inflight::InFlight;
use crate::keeper::{Command, Mailbox};
use crate::modes::Modes;
use crate::plan::{CircuitShared, Plan};
use crate::pool::Pool;
use crate::watched::{Connection, HEAD_WITHIN, SWEEP_EVERY, Watched};

/// Connections of one worker at most; further ones are closed at once.
pub const CONNECTIONS_MAX: usize = 8_192;
/// Connections that the kernel queues for one worker.
const BACKLOG: i32 = 4_096;
/// Largest head of a request; a larger one is refused with 431.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Pause after the kernel refused a connection, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a worker is told.
pub(crate) enum Order {
    /// Serve by this plan from now on.
    Plan(Arc<Plan>),
    /// Close the idle connections to the upstream at this place of the plan, and say how many there were.
    CloseIdle(usize, tokio::sync::oneshot::Sender<u64>),
    /// Accept nothing new, finish what runs, and end.
    Drain,
}

/// One worker.
pub(crate) struct Worker {
    pub(crate) id: usize,
    pub(crate) clock: Clock,
    pub(crate) mailbox: Mailbox,
    pub(crate) modes: Arc<Modes>,
    local: RefCell<Rc<Local>>,
    /// Lanes of older plans that still have calls in flight.
    retired: RefCell<Vec<Rc<Lane>>>,
    in_flight: Cell<u32>,
    busy: Notify,
    tickets: Cell<u32>,
    rng: RefCell<fastrand::Rng>,
    connections: RefCell<Vec<Rc<Connection>>>,
    is_draining: Cell<bool>,
}

/// What this worker holds of a plan.
pub(crate) struct Local {
    pub(crate) plan: Arc<Plan>,
    /// One per circuit.
    pub(crate) lanes: Vec<Rc<Lane>>,
    /// One per upstream.
    pub(crate) pools: Vec<Rc<Pool>>,
    /// One per route.
    pub(crate) budgets: Vec<Cell<Budget>>,
}

/// This worker's calls for one circuit.
pub(crate) struct Lane {
    pub(crate) circuit: Arc<CircuitShared>,
    pub(crate) calls: RefCell<InFlight>,
    pool: Rc<Pool>,
    has_published: Cell<bool>,
}

impl Local {
    fn new(plan: Arc<Plan>) -> Self {
        let pools: Vec<_> = plan.upstreams.iter().map(|_| Rc::new(Pool::default())).collect();
        let lane = |circuit: &Arc<CircuitShared>| {
            Rc::new(Lane {
                circuit: Arc::clone(circuit),
                calls: RefCell::default(),
                pool: Rc::clone(&pools[circuit.upstream]),
                has_published: Cell::new(false),
            })
        };
        let lanes = plan.circuits.iter().map(lane).collect();
        let budgets = plan.routes.iter().map(|_| Cell::default()).collect();
        Self { plan, lanes, pools, budgets }
    }
}

/// A listening socket that several workers may share the port of.
pub(crate) fn listen(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

impl Worker {
    pub(crate) fn new(
        id: usize,
        clock: Clock,
        mailbox: Mailbox,
        plan: Arc<Plan>,
        modes: Arc<Modes>,
        seed: u64,
    ) -> Rc<Self> {
        Rc::new(Self {
            id,
            clock,
            mailbox,
            modes,
            local: RefCell::new(Rc::new(Local::new(plan))),
            retired: RefCell::default(),
            in_flight: Cell::new(0),
            busy: Notify::new(),
            tickets: Cell::new(0),
            rng: RefCell::new(fastrand::Rng::with_seed(seed)),
            connections: RefCell::default(),
            is_draining: Cell::new(false),
        })
    }

    /// Serves until it is told to drain and all calls have ended.
    pub(crate) async fn run(
        self: Rc<Self>,
        listener: std::net::TcpListener,
        tls: Option<TlsAcceptor>,
        mut orders: mpsc::Receiver<Order>,
    ) -> std::io::Result<()> {
        let listener = TcpListener::from_std(listener)?;
        tokio::task::spawn_local(Rc::clone(&self).look_while_busy());
        tokio::task::spawn_local(Rc::clone(&self).sweep());
        loop {
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(Order::Plan(plan)) => self.change_plan(plan),
                    Some(Order::CloseIdle(upstream, told)) => {
                        let closed = self.local.borrow().pools.get(upstream).map_or(0, |pool| pool.clear());
                        // Whoever asked may have gone.
                        let _gone = told.send(closed);
                    }
                    Some(Order::Drain) | None => break,
                },
                accepted = listener.accept() => match accepted {
                    Ok((tcp, _)) => self.accept(tcp, tls.as_ref()),
                    Err(error) => {
                        tracing::warn!(%error, "no connection could be accepted");
                        self.clock.sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(listener);
        self.drain().await;
        Ok(())
    }

    /// The present plan, as this worker holds it.
    #[inline]
    pub(crate) fn local(&self) -> Rc<Local> {
        Rc::clone(&self.local.borrow())
    }

    fn change_plan(&self, plan: Arc<Plan>) {
        let old = self.local.replace(Rc::new(Local::new(plan)));
        let busy = old.lanes.iter().filter(|lane| lane.calls.borrow().len() > 0).cloned();
        self.retired.borrow_mut().extend(busy);
    }

    fn accept(self: &Rc<Self>, tcp: tokio::net::TcpStream, tls: Option<&TlsAcceptor>) {
        if self.connections.borrow().len() >= CONNECTIONS_MAX || tcp.set_nodelay(true).is_err() {
            return;
        }
        let (worker, connection) = (Rc::clone(self), Rc::new(Connection::new()));
        self.connections.borrow_mut().push(Rc::clone(&connection));
        let tls = tls.cloned();
        tokio::task::spawn_local(async move {
            match tls {
                None => worker.serve(tcp, &connection).await,
                Some(tls) => {
                    let handshake = worker.clock.timeout(HEAD_WITHIN, tls.accept(tcp)).await;
                    if let Some(Ok(stream)) = handshake {
                        worker.serve(stream, &connection).await;
                    }
                }
            }
            worker.connections.borrow_mut().retain(|other| !Rc::ptr_eq(other, &connection));
        });
    }

    async fn serve(
        self: &Rc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        connection: &Rc<Connection>,
    ) {
        let service = service_fn(|request| {
            let (worker, connection) = (Rc::clone(self), Rc::clone(connection));
            async move {
                connection.serving();
                let response = call::serve(&worker, request).await;
                connection.served();
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        let io = TokioIo::new(Watched::new(stream, Rc::clone(connection)));
        let mut serving = std::pin::pin!(
            http1::Builder::new().writev(false).max_buf_size(HEAD_BYTES_MAX).serve_connection(io, service)
        );
        let mut is_told = false;
        let ended = std::future::poll_fn(|cx| {
            if connection.must_close() {
                return Poll::Ready(Ok(()));
            }
            if self.is_draining.get() && !is_told {
                is_told = true;
                serving.as_mut().graceful_shutdown();
            }
            connection.wait(cx.waker());
            serving.as_mut().poll(cx)
        })
        .await;
        if let Err(error) = ended
            && error.is_parse()
        {
            self.mailbox.count_malformed(&error.to_string());
        }
    }

    /// Looks at the calls in flight, for as long as there are any.
    async fn look_while_busy(self: Rc<Self>) {
        loop {
            if self.in_flight.get() == 0 {
                self.busy.notified().await;
            }
            self.clock.sleep(LOOK_EVERY).await;
            self.look(self.clock.mono());
        }
    }

    fn look(&self, now: Mono) {
        let local = self.local();
        for lane in &local.lanes {
            self.look_at(lane, now);
        }
        self.retired.borrow_mut().retain(|lane| {
            self.look_at(lane, now);
            lane.calls.borrow().len() > 0
        });
    }

    fn look_at(&self, lane: &Lane, now: Mono) {
        let breaker = &lane.circuit.breaker;
        let usual = breaker.learned(now).map_or(Duration::MAX, |learned| learned.p99);
        let overdue_before = Mono::from_start(now.since_start().saturating_sub(usual));
        let silent = lane.calls.borrow().silent_since(breaker.last_back(), overdue_before);
        if silent.is_some() || lane.has_published.get() {
            breaker.publish_silence(self.id, silent.unwrap_or(Silent { waiting: 0, overdue: 0, since: now }));
            lane.has_published.set(silent.is_some());
        }
        let effects = breaker.look(now);
        self.apply(lane, effects, now);
        let mut calls = lane.calls.borrow_mut();
        if calls.len() > 0 {
            calls.expire(now);
            if breaker.phase() == Phase::Open {
                calls.release(breaker.generation());
            }
        }
    }

    /// Does what a circuit asks for, as far as it concerns this worker; the keeper does the rest.
    pub(crate) fn apply(&self, lane: &Lane, effects: Effects<Effect>, now: Mono) {
        for effect in effects {
            match effect {
                Effect::ReleaseWaiting => {
                    lane.pool.clear();
                    lane.calls.borrow_mut().release(lane.circuit.breaker.generation());
                }
                Effect::Admit => {}
                effect @ (Effect::Changed { .. } | Effect::Probe { .. } | Effect::WakeAfter { .. }) => {
                    let is_probe = matches!(effect, Effect::Probe { .. });
                    let is_posted =
                        self.mailbox.post(Command::Effect { circuit: Arc::clone(&lane.circuit), effect, at: now });
                    if is_probe && !is_posted {
                        // Nobody will send it. What follows from that is a wake-up, which the keeper's sweep makes good.
                        let _made_good = lane.circuit.breaker.step(degrade::circuit::Event::ProbeLost, now);
                    }
                }
            }
        }
    }

    #[inline]
    pub(crate) fn call_started(&self) {
        let before = self.in_flight.replace(self.in_flight.get() + 1);
        if before == 0 {
            self.busy.notify_one();
        }
    }

    #[inline]
    pub(crate) fn call_ended(&self) {
        self.in_flight.set(self.in_flight.get() - 1);
    }

    /// A number that differs from call to call.
    #[inline]
    pub(crate) fn ticket(&self) -> u32 {
        let ticket = self.tickets.get().wrapping_add(1);
        self.tickets.set(ticket);
        ticket
    }

    /// A time between zero and `max`: full jitter.
    pub(crate) fn jitter(&self, max: Duration) -> Duration {
        max.mul_f64(self.rng.borrow_mut().f64())
    }

    /// Closes connections whose other side dawdles over a request.
    async fn sweep(self: Rc<Self>) {
        loop {
            self.clock.sleep(SWEEP_EVERY).await;
            for connection in self.connections.borrow().iter() {
                if connection.close_if_dawdling() {
                    self.mailbox.count_malformed("a request was not sent in time");
                }
            }
        }
    }

    async fn drain(&self) {
        self.is_draining.set(true);
        let wakers: Vec<Waker> = self.connections.borrow().iter().filter_map(|connection| connection.waker()).collect();
        wakers.into_iter().for_each(Waker::wake);
        while !self.connections.borrow().is_empty() {
            self.clock.sleep(LOOK_EVERY).await;
        }
    }
}
