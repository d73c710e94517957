//! A small house to look at: an engine, a gateway that says what the test tells it, a server.

#[path = "watched.rs"]
pub(crate) mod watched;

#[path = "reviewed.rs"]
pub(crate) mod reviewed;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::api::{CircuitPhase, CircuitView, GatewaySnapshot, PushedMinute, RouteView, SlotsView, UpstreamView};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use base::Ppm;
use budget::approvals::{Person, Role};
use budget::book::FlowTerms;
use budget::ladder::{Mode, Rung, WhenUnknown};
use budget::{Budgeting, Minutes, Objective, Rarity, Remaining, Terms, Window, gate, ladder};
use clock::Clock;
use degrade::{Cause, Counts, Fault, Phase, Transition};
use engine::budget::Budgets;
use engine::courier::{Courier, Letter, Receipt};
use engine::delivery::DeliveryError;
use engine::deployments::Deployments;
use engine::review::{Reviews, nightly};
use engine::{Engine, Handle, Policy, Receiver};
use http_body_util::BodyExt;
use server::{Access, App, Gateways, Guide, Releases, Setup, router};
use store::Simulated;
use tower::ServiceExt;

use watched::Watched;

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
    pub(crate) budgets: Budgets,
    pub(crate) gateway: Arc<Told>,
    pub(crate) releases: Arc<Watched>,
    pub(crate) reviews: Reviews,
    pub(crate) app: Arc<App>,
    router: Router,
}

impl House {
    /// A house that watches no organisation.
    pub(crate) async fn new() -> Self {
        Self::built(false, |_| None).await
    }

    /// A house that watches releases: none yet, and everything may be gone back from.
    pub(crate) async fn watching() -> Self {
        Self::built(true, |_| None).await
    }

    /// A house that watches releases of the organisation behind a guide.
    pub(crate) async fn guided(guide: impl FnOnce(Clock) -> Guide) -> Self {
        Self::built(true, |clock| Some(guide(clock))).await
    }

    async fn built(is_watching: bool, guide: impl FnOnce(Clock) -> Option<Guide>) -> Self {
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
        let budgets = Budgets::start(engine::budget::Setup {
            policy: policy(),
            kinds: vec!["push".into(), "push".into()],
            enrichment: vec![vec!["crm-lookup".into()]],
            sources: Vec::new(),
            store: Arc::new(store.clone()),
            incidents: engine.sender(),
            clock: clock.clone(),
        });
        let budgets = budgets.await.unwrap();
        let releases = Arc::new(Watched::default());
        let reviews = Reviews::start(nightly::Setup {
            plans: if is_watching { vec![reviewed::nightly()] } else { Vec::new() },
            reviewer: Arc::new(reviewed::Nobody),
            owner: None,
            holder: "house".into(),
            store: Arc::new(store.clone()),
            incidents: engine.sender(),
            clock: clock.clone(),
        });
        let reviews = reviews.await.unwrap();
        let app = App::new(Setup {
            engine: engine.clone(),
            gateways: gateway.clone(),
            clock: clock.clone(),
            org: "Acme <Support>".into(),
            guide: guide(clock.clone()),
            budgets: Some(budgets.clone()),
            releases: is_watching.then(|| releases.clone() as Arc<dyn Releases>),
            deployments: Some(Deployments::start(Arc::new(store.clone()), clock.clone()).await.unwrap()),
            reviews: Some(reviews.clone()),
            terms: Box::new(terms),
            documents: BTreeMap::new(),
            access: Access::new(
                PEOPLE.map(|(name, role, token)| (Person { name: name.into(), role }, token.to_owned().into())),
            ),
        });
        Self { clock, store, engine, budgets, gateway, releases, reviews, router: router(app.clone()), app }
    }

    /// `minutes` of calls were counted for an objective up to now; `bad` says how many of 50 were bad, by minutes ago.
    pub(crate) fn counted(&self, id: &str, minutes: u32, bad: impl Fn(u32) -> u64) {
        let minute = |ago: u32| PushedMinute {
            at: (self.budgets.now() - Minutes::new(ago)).start(),
            total: 50,
            good: None,
            bad: Some(bad(ago)),
        };
        let all: Vec<_> = (1..=minutes).rev().map(minute).collect();
        for some in all.chunks(1_000) {
            let answer = self.budgets.push(id, some).unwrap();
            assert_eq!(answer.refused, Vec::<String>::new());
        }
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

/// Who may do what, and the tokens that prove it.
pub(crate) const PEOPLE: [(&str, Role, &str); 5] = [
    ("vic", Role::Viewer, "token-of-vic-0123456789"),
    ("pipeline", Role::Ci, "token-of-pipeline-0123456789"),
    ("ann", Role::Operator, "token-of-ann-0123456789"),
    ("ben", Role::Approver, "token-of-ben-0123456789"),
    ("eve", Role::Approver, "token-of-eve-0123456789"),
];

fn terms(objective: Objective) -> Terms {
    Terms {
        objective,
        settle: Minutes::new(0),
        blind_after: Minutes::new(3),
        missing_max: Ppm::percent(20),
        rarity: Rarity::default(),
    }
}

fn policy() -> budget::book::Policy {
    let (target, window) = (Ppm::new(995_000).unwrap(), Window::Rolling(Minutes::days(2)));
    let objective = |id: &str, name: &str| Objective {
        id: id.into(),
        name: name.into(),
        description: "Callers are greeted by name.".into(),
        service: "ivr".into(),
        target,
        alerts: Objective::standard_alerts(target, &window),
        window: window.clone(),
        budgeting: Budgeting::Occurrences,
    };
    let rung =
        |mode, enter, leave| Rung { mode, enter_below: Remaining::percent(enter), leave_at: Remaining::percent(leave) };
    let ladder = ladder::Policy {
        rungs: vec![rung(Mode::Trim, 80, 90), rung(Mode::AgentOnly, 30, 40)],
        dwell: Minutes::new(30),
        unknown: WhenUnknown::Hold,
        patience: Minutes::new(10),
    };
    budget::book::Policy {
        objectives: vec![terms(objective("crm-lookup", "CRM <look-up>")), terms(objective("ivr-errors", "Main IVR"))],
        flows: vec![FlowTerms { id: "main-ivr".into(), objectives: vec![0, 1], ladder }],
        gate: gate::Policy { floor: Remaining::new(0), window: None, age_max: Minutes::new(5) },
    }
}
