//! A small house to look at: an engine, a gateway that says what the test tells it, a server.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::api::{CircuitPhase, CircuitView, GatewaySnapshot, RouteView, SlotsView, UpstreamView};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use clock::Clock;
use degrade::{Cause, Counts, Fault, Phase, Transition};
use engine::courier::{Courier, Letter, Receipt};
use engine::delivery::DeliveryError;
use engine::{Engine, Handle, Policy, Receiver};
use http_body_util::BodyExt;
use server::{App, Gateways, Setup, router};
use store::Simulated;
use tower::ServiceExt;

/// A receiver that takes everything.
struct Taking;

#[async_trait::async_trait]
impl Courier for Taking {
    async fn deliver(&self, _letter: &Letter) -> Result<Receipt, DeliveryError> {
        Ok(Receipt::default())
    }
}

/// A gateway that says what it was told.
#[derive(Default)]
pub(crate) struct Told(Mutex<GatewaySnapshot>);

impl Gateways for Told {
    fn snapshot(&self) -> GatewaySnapshot {
        self.0.lock().unwrap().clone()
    }

    fn terminate(&self, upstream: &str) -> Option<Pin<Box<dyn Future<Output = u64> + Send>>> {
        (upstream == "crm").then(|| Box::pin(std::future::ready(3_u64)) as Pin<Box<dyn Future<Output = u64> + Send>>)
    }

    fn metrics(&self) -> String {
        "# TYPE gateway_calls counter\ngateway_calls_total 7\n# EOF\n".into()
    }
}

pub(crate) struct House {
    pub(crate) clock: Clock,
    pub(crate) store: Simulated,
    pub(crate) engine: Handle,
    pub(crate) gateway: Arc<Told>,
    pub(crate) app: Arc<App>,
    router: Router,
}

impl House {
    pub(crate) async fn new() -> Self {
        let clock = Clock::starting_at("2026-11-21T08:00:00Z".parse().unwrap(), 1);
        let store = Simulated::new();
        let receivers = vec![Receiver { name: "pagerduty".into(), courier: Arc::new(Taking) }];
        let engine = Engine::start(engine::Setup {
            store: Arc::new(store.clone()),
            receivers,
            clock: clock.clone(),
            policy: Policy::standard("acme"),
            seed: 1,
        });
        let engine = engine.await.unwrap();
        let gateway = Arc::new(Told::default());
        let app = App::new(Setup {
            engine: engine.clone(),
            gateways: gateway.clone(),
            clock: clock.clone(),
            org: "Acme <Support>".into(),
            guide: None,
        });
        Self { clock, store, engine, gateway, router: router(app.clone()), app }
    }

    pub(crate) async fn seconds(&self, seconds: u64) {
        self.clock.sleep(Duration::from_secs(seconds)).await;
    }

    /// The gateway reports, as it does now.
    pub(crate) fn reports(&self, snapshot: GatewaySnapshot) {
        *self.gateway.0.lock().unwrap() = GatewaySnapshot { at: Some(self.clock.now().wall), ..snapshot };
        self.app.observe();
    }

    /// Ten minutes and some; `snapshot` is what the gateway says after so many seconds.
    pub(crate) async fn lives(&self, snapshot: impl Fn(u64) -> GatewaySnapshot) {
        for look in 0..32 {
            self.reports(snapshot(look * 20));
            self.seconds(20).await;
        }
        self.reports(snapshot(640));
    }

    pub(crate) fn change(&self, circuit: &str, from: Phase, to: Phase) {
        self.engine.sender().circuit(Transition {
            upstream: circuit.into(),
            circuit: circuit.into(),
            generation: 1,
            from,
            to,
            cause: Cause::ConsecutiveFailures { count: 5, last: Fault::Timeout },
            counts: Counts { good: 31, bad: 5, slow: 2, consecutive: 5, waiting: 3 },
            at: self.clock.now(),
        });
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, String) {
        let response = self.answer(request).await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    pub(crate) async fn answer(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }
}

/// What a gateway with two upstreams says after so many seconds, for the latest part of which `crm` was down.
pub(crate) fn gateway(seconds: u64, crm: CircuitPhase, seconds_down: u64) -> GatewaySnapshot {
    let is_down = crm == CircuitPhase::Open;
    let since = "2026-11-21T08:06:00Z".parse().ok();
    GatewaySnapshot {
        boot: 1,
        at: None,
        upstreams: vec![
            upstream("identity", CircuitPhase::Closed, None, Some(0.2), 1),
            upstream("crm", crm, since.filter(|_| is_down), Some(if is_down { 62.5 } else { 0.4 }), 3),
        ],
        routes: vec![
            route("customer-lookup", "crm", seconds * 12, seconds_down * 9 / 2),
            route("identity-check", "identity", seconds * 9, 0),
        ],
        slots: SlotsView { held: if is_down { 9 } else { 4 }, peak: 14, budget: 50 },
    }
}

fn upstream(
    name: &str,
    phase: CircuitPhase,
    since: Option<jiff::Timestamp>,
    failing: Option<f64>,
    held: u32,
) -> UpstreamView {
    UpstreamView {
        name: name.into(),
        base_url: format!("http://127.0.0.1/{name}"),
        circuits: vec![CircuitView {
            name: name.into(),
            phase,
            since,
            cause: since.map(|_| "5 failures in a row, last: time-out".into()),
            opened_total: u64::from(since.is_some()),
            probes_total: 12,
            failure_percent: failing,
            latency_ms_p99: Some(184.3),
        }],
        slots: SlotsView { held, peak: 7, budget: 25 },
        limit: 20,
    }
}

fn route(name: &str, upstream: &str, ok: u64, degraded: u64) -> RouteView {
    RouteView {
        name: name.into(),
        upstream: upstream.into(),
        ok: ok - degraded,
        cached: degraded / 3,
        fallback: degraded / 2,
        shed: degraded / 10,
        error: degraded / 30,
        trimmed: 0,
        dead_air_seconds: ok as f64 * 0.08,
        dead_air_seconds_degraded: degraded as f64 * 0.01,
    }
}
