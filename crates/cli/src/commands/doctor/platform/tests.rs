//! Faults in an organisation, one at a time: each must be found, with what to do about it.

use std::collections::BTreeMap;
use std::time::Duration;

use config::{Place, Platform, PlatformClient};
use genesys::flows::Published;
use genesys::roles::{ACT, READ};
use genesys::routes::Hours;
use genesys::{Client, budget, dependencies, flow_jobs, flows, integrations, numbers, routes, telephony, tokens};
use secrecy::SecretString;
use twin::{
    Crm, CrmHandle, CrmOptions, Fault, FaultKind, FaultTarget, Mode, Options, Organisation, Service, Twin, TwinHandle,
};

use super::super::check::Verdict;
use super::*;

const FLOW: &str = include_str!("../../../../../../examples/flows/main-ivr.yaml");
const ACTION: &str = include_str!("../../../../../../examples/flows/crm-lookup.custom.json");
const PATIENCE: Duration = Duration::from_secs(60);

/// An organisation in good health, as Steadyline is told of it.
struct Bench {
    twin: TwinHandle,
    crm: CrmHandle,
    clock: Clock,
    configured: Platform,
    /// What may do everything, to break things with.
    client: Client,
    flow: String,
}

fn credential(id: &str, secret: &str) -> PlatformClient {
    PlatformClient { id: id.to_owned(), secret: SecretString::from(secret) }
}

async fn healthy() -> Bench {
    let clock = Clock::scaled(50);
    let crm = Crm::start(CrmOptions::new(clock.clone())).await.unwrap();
    let twin = Twin::start(Options::new(clock.clone())).await.unwrap();
    let flow = twin.load_flow(FLOW).unwrap().id;
    twin.load_action("CRM", ACTION, &[("baseUrl", &crm.base_url())]).unwrap();
    twin.settings(|settings| settings.ingestion_lag_ms = 0);
    twin.register_client("spare", "spare-secret", &["*:*:*"]);
    crm.set_mode(Mode::Healthy(Duration::ZERO));
    // Slow enough that the CRM's answer is never late, even on a busy machine.
    twin.start_callers(0.5).unwrap();
    twin.totals_when(|totals| totals.answered >= 2 && totals.asks_ok >= 2).await;
    twin.stop_callers();
    let (login_prefix, api_prefix) = (String::new(), String::new());
    let configured = Platform {
        place: Place::Gateway { url: twin.base_url(), login_prefix, api_prefix },
        client: credential(twin::DEFAULT_CLIENT.0, twin::DEFAULT_CLIENT.1),
        backup: Some(credential("spare", "spare-secret")),
        requests_per_minute: 60,
        reserved_percent: 20,
        licences: BTreeMap::from([("cloudCX3".to_owned(), 100)]),
        health_hosts: Vec::new(),
    };
    let hurried = Platform { requests_per_minute: REQUESTS, ..configured.clone() };
    let client = platform::client(&hurried, clock.clone()).unwrap();
    Bench { twin, crm, clock, configured, client, flow }
}

impl Bench {
    async fn examined(&self) -> Vec<Check> {
        check(&self.configured, &self.clock).await
    }

    fn fault(&self, target: FaultTarget, kind: FaultKind) {
        assert!(self.twin.inject(Fault { target, kind, ttl: Duration::from_secs(80_000) }));
    }

    /// The watched client may do everything that it should, but for this.
    fn forbid(&mut self, permission: &str) {
        let held: Vec<&str> =
            READ.iter().chain(&ACT).map(|held| held.name).filter(|held| *held != permission).collect();
        assert_eq!(held.len() + 1, READ.len() + ACT.len(), "{permission} is one that is needed");
        self.twin.register_client("watcher", "watcher-secret", &held);
        self.configured.client = credential("watcher", "watcher-secret");
    }
}

/// Breaks something, and looks whether the check with this name finds it.
async fn finds(name: &str, verdict: Verdict, break_it: impl AsyncFnOnce(&mut Bench)) {
    let mut bench = healthy().await;
    break_it(&mut bench).await;
    let checks = bench.examined().await;
    let found = checks.iter().find(|check| check.name == name && check.verdict != Verdict::Good);
    let told: Vec<String> = checks.iter().flat_map(Check::lines).collect();
    let found = found.unwrap_or_else(|| panic!("{name} must find it:\n{}", told.join("\n")));
    assert_eq!(found.verdict, verdict, "{name}:\n{}", told.join("\n"));
    assert!(!found.summary.is_empty() && !found.fix.is_empty(), "{found:?}");
    bench.twin.shutdown().await;
}

#[tokio::test]
async fn a_healthy_organisation_is_green() {
    let checks = healthy().await.examined().await;
    let wrong: Vec<_> =
        checks.iter().filter(|check| !matches!(check.verdict, Verdict::Good | Verdict::Advice)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(checks.len() >= 25, "{}", checks.len());
}

#[tokio::test]
async fn a_client_with_just_the_role_set_is_green() {
    let bench = {
        let mut bench = healthy().await;
        let held: Vec<&str> = READ.iter().chain(&ACT).map(|held| held.name).collect();
        bench.twin.register_client("watcher", "watcher-secret", &held);
        bench.configured.client = credential("watcher", "watcher-secret");
        bench
    };
    let checks = bench.examined().await;
    let wrong: Vec<_> =
        checks.iter().filter(|check| !matches!(check.verdict, Verdict::Good | Verdict::Advice)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn faults_of_the_way_in_are_found() {
    finds("connection", Verdict::Bad, async |bench| bench.configured.client.secret = "wrong".into()).await;
    finds("connection", Verdict::Bad, async |bench| bench.configured.client.id = "nobody".to_owned()).await;
    finds("connection", Verdict::Bad, async |bench| bench.fault(FaultTarget::Tokens, FaultKind::Failure(503))).await;
    finds("connection", Verdict::Unknown, async |bench| bench.fault(FaultTarget::Region, FaultKind::Reset)).await;
    finds("connection", Verdict::Bad, async |bench| bench.configured.place = Place::Region("eu-central-9".to_owned()))
        .await;
    finds("connection", Verdict::Unknown, async |bench| {
        let (login_prefix, api_prefix) = (String::new(), String::new());
        bench.configured.place = Place::Gateway { url: "http://127.0.0.1:9".to_owned(), login_prefix, api_prefix };
    })
    .await;
    finds("backup credential", Verdict::Bad, async |bench| bench.configured.backup = Some(credential("spare", "no")))
        .await;
    finds("backup credential", Verdict::Advice, async |bench| bench.configured.backup = None).await;
    finds("OAuth client", Verdict::Advice, async |bench| bench.twin.settings(|settings| settings.token_seconds = 600))
        .await;
    finds("clock", Verdict::Bad, async |bench| bench.twin.settings(|settings| settings.clock_ahead_seconds = -90))
        .await;
}

#[tokio::test]
async fn every_kind_of_missing_permission_is_found() {
    for permission in [
        "architect:flow:view",
        "analytics:flowAggregate:view",
        "routing:queue:view",
        "telephony:plugin:all",
        "integrations:action:view",
        "usage:organization:view",
    ] {
        finds("permissions to watch", Verdict::Bad, async |bench| bench.forbid(permission)).await;
    }
    for permission in ["architect:flow:publish", "architect:flow:unlock", "routing:emergencyGroup:edit"] {
        finds("permissions to act", Verdict::Bad, async |bench| bench.forbid(permission)).await;
    }
}

#[tokio::test]
async fn faults_of_services_and_too_little_room_are_found() {
    let down = FaultKind::Failure(503);
    finds("notifications", Verdict::Bad, async |bench| bench.fault(FaultTarget::Sockets, FaultKind::Reset)).await;
    finds("notifications", Verdict::Bad, async |bench| bench.fault(FaultTarget::Service(Service::Notifications), down))
        .await;
    finds("flow analytics", Verdict::Bad, async |bench| bench.fault(FaultTarget::Service(Service::Analytics), down))
        .await;
    finds("flows", Verdict::Bad, async |bench| bench.fault(FaultTarget::Service(Service::Architect), down)).await;
    finds("request limit", Verdict::Bad, async |bench| bench.configured.requests_per_minute = 290).await;
    finds("licences", Verdict::Bad, async |bench| {
        bench.configured.licences.insert("cloudCX3".to_owned(), 21);
    })
    .await;
    finds("licences", Verdict::Advice, async |bench| bench.configured.licences.clear()).await;
    finds("call capacity", Verdict::Bad, async |bench| {
        bench.twin.set_agents("Support", 0);
        bench.twin.set_agents("VIP", 0);
        bench.twin.settings(|settings| settings.call_capacity = 3);
        bench.twin.start_callers(20.0).unwrap();
        bench.twin.totals_when(|totals| totals.waiting >= 3).await;
    })
    .await;
}

#[tokio::test]
async fn faults_of_flows_are_found() {
    finds("published flows", Verdict::Bad, async |bench| {
        flows::deactivate(&bench.client, &bench.flow).await.unwrap();
    })
    .await;
    finds("flow locks", Verdict::Bad, async |bench| assert!(bench.twin.lock_flow(&bench.flow, "mary"))).await;
    finds("failure paths", Verdict::Bad, async |bench| {
        // What was promised when no queue takes the caller is gone.
        let broken = FLOW.replace("failure:", "success2:");
        let silent = broken.replace("timeout:\n", "elsewhere:\n");
        bench.twin.load_flow(&silent).unwrap();
    })
    .await;
    finds("validation", Verdict::Advice, async |bench| bench.twin.settings(|settings| settings.preview = false)).await;
    finds("execution history", Verdict::Advice, async |bench| {
        bench.twin.settings(|settings| settings.execution_history = false);
    })
    .await;
    finds("dependency index", Verdict::Bad, async |bench| {
        bench.twin.settings(|settings| settings.job_state_ms = 200_000);
        dependencies::rebuild(&bench.client).await.unwrap();
    })
    .await;
    finds("dependencies", Verdict::Bad, async |bench| {
        bench.twin.load_flow(&FLOW.replace("name: Support", "name: Gone")).unwrap();
    })
    .await;
    finds("last operations", Verdict::Bad, async |bench| {
        let deployed = FLOW.replace("name: Support", "name: Gone");
        flow_jobs::deploy(&bench.client, deployed, PATIENCE).await.unwrap();
        let purpose = budget::Purpose::Ordinary;
        let published = flows::publish(&bench.client, &bench.flow, "2.0", purpose, PATIENCE).await.unwrap();
        assert!(matches!(published, Published::Failed(_)), "{published:?}");
    })
    .await;
}

#[tokio::test]
async fn faults_of_what_flows_need_are_found() {
    finds("integrations", Verdict::Bad, async |bench| {
        let integration = integrations::list(&bench.client).await.unwrap().remove(0);
        integrations::switch(&bench.client, &integration.id, false).await.unwrap();
    })
    .await;
    finds("Data Actions", Verdict::Bad, async |bench| {
        let action = integrations::actions(&bench.client, None).await.unwrap().remove(0);
        integrations::set_timeout(&bench.client, &action.id, 60).await.unwrap();
    })
    .await;
    finds("Data Action analytics", Verdict::Bad, async |bench| {
        bench.crm.set_mode(Mode::Unavailable(None));
        bench.twin.start_callers(20.0).unwrap();
        bench.twin.totals_when(|totals| totals.asks_failed >= 5).await;
        bench.twin.stop_callers();
    })
    .await;
    finds("queues", Verdict::Bad, async |bench| {
        bench.twin.set_agents("VIP", 0);
        bench.twin.totals_when(|totals| totals.talking == 0 && totals.in_flow == 0).await;
    })
    .await;
    let bench = healthy().await;
    let later = Clock::starting_at(bench.clock.now().wall + Duration::from_secs(86_400), 50);
    let checks = check(&bench.configured, &later).await;
    let silent = checks.iter().find(|check| check.name == "flow analytics").unwrap();
    assert_eq!(silent.verdict, Verdict::Unknown, "nobody called in the hour that is asked about: {silent:?}");
}

#[tokio::test]
async fn faults_of_trunks_routes_and_numbers_are_found() {
    finds("trunks", Verdict::Bad, async |bench| {
        let trunk = telephony::trunks(&bench.client).await.unwrap().remove(0);
        assert!(bench.twin.set_trunk_connected(&trunk.id, false));
    })
    .await;
    finds("trunks", Verdict::Advice, async |bench| {
        let base = telephony::trunk_bases(&bench.client).await.unwrap().remove(0);
        telephony::switch_trunks(&bench.client, &base.id, false).await.unwrap();
    })
    .await;
    finds("edges", Verdict::Bad, async |bench| {
        let edge = telephony::edges(&bench.client).await.unwrap().remove(0);
        telephony::switch_edge(&bench.client, &edge.id, false, 0).await.unwrap();
    })
    .await;
    finds("outbound routes", Verdict::Advice, async |bench| {
        let route = telephony::outbound_routes(&bench.client).await.unwrap().remove(0);
        let first = [route.external_trunk_bases[0].id.clone()];
        telephony::order_trunks(&bench.client, &route.site.unwrap().id, &route.id, &first).await.unwrap();
    })
    .await;
    finds("emergency groups", Verdict::Bad, async |bench| {
        let group = routes::emergency_groups(&bench.client).await.unwrap().remove(0);
        routes::switch_emergency(&bench.client, &group.id, true).await.unwrap();
    })
    .await;
    finds("call routes", Verdict::Bad, async |bench| {
        let other = bench.twin.load_flow(&FLOW.replace("Main IVR", "Night")).unwrap().id;
        let ivr = routes::ivrs(&bench.client).await.unwrap().remove(0);
        routes::lead(&bench.client, &ivr.id, Hours::Closed, &other).await.unwrap();
        flows::deactivate(&bench.client, &other).await.unwrap();
    })
    .await;
    finds("number routing", Verdict::Advice, async |bench| {
        bench.twin.settings(|settings| settings.number_routing = false);
    })
    .await;
    finds("number routing", Verdict::Bad, async |bench| {
        let organisation = Organisation { seed: 2, number: "+18005550200".to_owned(), ..Organisation::default() };
        let backup = Twin::start(Options { organisation, ..Options::new(bench.clock.clone()) }).await.unwrap();
        bench.twin.link(&backup);
        let mine = tokens::me(&bench.client).await.unwrap().organization.id;
        let link = numbers::links(&bench.client).await.unwrap().remove(0);
        numbers::route_all(&bench.client, &mine, &link.target_organization_id.unwrap(), "us-west-2").await.unwrap();
        numbers::settled(&bench.client, PATIENCE).await.unwrap();
        bench.configured.backup = None;
    })
    .await;
}
