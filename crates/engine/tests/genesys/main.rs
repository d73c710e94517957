//! The engine beside an organisation, which is the twin over HTTP.
//!
//! Counts of the platform's aggregates: what the source counts is what happened there. Half an hour of calls passes in
//! virtual time; only then does the runtime's clock run, and the twin is asked. And going back from a release.

#![expect(clippy::unwrap_used, reason = "a helper of a test is a test")]

mod episodes;
mod organisation;
mod reviews;
mod rollback;

use std::collections::BTreeMap;
use std::time::Duration;

use base::Ppm;
use budget::{Count, Minute, Minutes};
use clock::Clock;
use engine::budget::source::{GenesysCounts, Readings, SetupError};
use engine::budget::table::{FlowRow, Tables};
use engine::budget::{Source as _, SourceError};
use genesys::budget::Policy;
use genesys::{Client, Connection, Credential, Hosts, datatables, queues};
use openslo::genesys::{Actions, ConversationCount, Conversations, ExitReason, FlowCount, Flows, Genesys, Status};
use openslo::{Indicator, Numerator, Query, Ratio, Source};
use secrecy::SecretString;
use twin::{
    CallRecord, DEFAULT_CLIENT, Ended, Fault, FaultKind, FaultTarget, Options, Organisation, Service, Simulated, Twin,
    TwinHandle,
};

const MAIN_IVR: &str = include_str!("../../../../examples/flows/main-ivr.yaml");
const BAD_RELEASE: &str = include_str!("../../../../examples/flows/main-ivr-bad-release.yaml");
const CRM_LOOKUP: &str = include_str!("../../../../examples/flows/crm-lookup.custom.json");

/// The minute in which the twin is founded: 2026-11-21T08:00Z.
const FIRST: Minute = Minute::new(29_920_800);
/// Executions of Data Actions that take less are fast.
const FAST_MS: u32 = 400;

fn minute(after: u32) -> Minute {
    FIRST + Minutes::new(after)
}

/// A contact center with a flow that asks a CRM.
struct House {
    twin: TwinHandle,
    clock: Clock,
    flow: String,
    action: String,
}

impl House {
    async fn new() -> Self {
        Self::at_speed(1).await
    }

    async fn at_speed(speed: u32) -> Self {
        let clock = Clock::starting_at(FIRST.start(), speed);
        let organisation = Organisation { seed: 7, ..Organisation::default() };
        let twin = Twin::start(Options { organisation, ..Options::new(clock.clone()) }).await.unwrap();
        let flow = twin.load_flow(MAIN_IVR).unwrap().id;
        let action = twin.load_action("CRM", CRM_LOOKUP, &[("baseUrl", "http://127.0.0.1:9")]).unwrap();
        let outputs = serde_json::json!({"customerId": "1", "customerName": "A", "accountTier": "gold"});
        let simulated = Simulated {
            latency_min: Duration::from_millis(100),
            latency_max: Duration::from_millis(700),
            failures: Ppm::percent(3),
            outputs: outputs.as_object().unwrap().clone(),
        };
        assert!(twin.simulate(&action, simulated));
        Self { twin, clock, flow, action }
    }

    async fn minutes(&self, how_many: u64) {
        self.clock.sleep(Duration::from_secs(60 * how_many)).await;
    }

    /// Half an hour with a CRM that fails, is silent and fails again, and with bad versions of the flow: one cuts callers
    /// off when the CRM fails, one makes errors.
    async fn half_an_hour(&self) {
        self.twin.start_callers(0.6).unwrap();
        self.minutes(8).await;
        let broken = |kind| Fault { target: FaultTarget::DataActions, kind, ttl: Duration::from_secs(200) };
        assert!(self.twin.inject(broken(FaultKind::Failure(503))));
        self.minutes(6).await;
        assert!(self.twin.inject(broken(FaultKind::Latency(Duration::from_secs(30)))));
        self.minutes(6).await;
        assert_eq!(self.twin.load_flow(BAD_RELEASE).unwrap().version, "2.0");
        assert!(self.twin.inject(broken(FaultKind::Failure(503))));
        self.minutes(4).await;
        let wrong = MAIN_IVR.replace(r#"Lower(Flow.accountTier) == "platinum""#, "ToInt(Flow.customerName) == 1");
        // There is no queue for errors either: the first one that is named.
        let wrong = wrong.replacen("name: Support", "name: Nowhere", 1);
        assert_eq!(self.twin.load_flow(&wrong).unwrap().version, "3.0");
        self.minutes(6).await;
        self.twin.stop_callers();
        self.minutes(10).await;
    }

    fn client_as(&self, (id, secret): (&str, &str), policy: Policy) -> Client {
        let credential = Credential { id: id.to_owned(), secret: SecretString::from(secret) };
        let hosts = Hosts::behind(&self.twin.base_url(), "", "");
        Client::new(Connection { hosts, credential, backup: None, policy }, self.clock.clone(), 7).unwrap()
    }

    fn client(&self) -> Client {
        self.client_as(DEFAULT_CLIENT, Policy { ordinary_max: 1_000, reserved_percent: 20 })
    }

    fn flows(&self, version: Option<&str>, exit_reasons: &[ExitReason]) -> Genesys {
        let (flow, version) = (Some(self.flow.clone()), version.map(str::to_owned));
        Genesys::Flows(Flows { flow, version, count: FlowCount::Ended, exit_reasons: exit_reasons.to_vec() })
    }

    fn actions(&self, statuses: &[Status], within_ms: Option<u32>) -> Genesys {
        let (action, response_statuses) = (Some(self.action.clone()), statuses.to_vec());
        Genesys::Actions(Actions { action, response_statuses, within_ms, ..Actions::default() })
    }

    /// Callers who were cut off, of all and of those in a version.
    fn of_flows(&self, version: Option<&str>) -> Indicator {
        const CUT_OFF: [ExitReason; 2] = [ExitReason::FlowDisconnect, ExitReason::FlowErrorDisconnect];
        ratio(Numerator::Bad, self.flows(version, &CUT_OFF), self.flows(version, &[]))
    }
}

fn conversations(queue: Option<&str>, count: ConversationCount) -> Genesys {
    let (media, direction) = (Some("voice".to_owned()), None);
    Genesys::Conversations(Conversations { queue: queue.map(str::to_owned), media, direction, count })
}

fn ratio(numerator: Numerator, part: Genesys, total: Genesys) -> Indicator {
    let query = |genesys| Query { data_source: None, source: Source::Genesys(genesys) };
    Indicator::Ratio(Ratio { numerator, part: query(part), total: query(total), counter: false })
}

fn source(client: &Client, indicators: Vec<Indicator>) -> GenesysCounts {
    GenesysCounts::new(client, indicators.into_iter().enumerate().collect()).unwrap()
}

/// The minutes of an objective that are known.
fn known(readings: &Readings, objective: usize) -> BTreeMap<Minute, Count> {
    let of_it = readings.counts.iter().filter(|reading| reading.objective == objective);
    of_it.map(|reading| (reading.minute, reading.count)).collect()
}

/// So many happened in each minute.
fn tally(instants: impl Iterator<Item = jiff::Timestamp>) -> BTreeMap<Minute, u64> {
    let mut tally = BTreeMap::new();
    for instant in instants {
        *tally.entry(Minute::of(instant)).or_insert(0) += 1;
    }
    tally
}

/// The minutes that a source should know, from parts and totals that were tallied here.
fn truth(
    numerator: Numerator,
    part: &BTreeMap<Minute, u64>,
    total: &BTreeMap<Minute, u64>,
    until: Minute,
) -> BTreeMap<Minute, Count> {
    let at = |tally: &BTreeMap<Minute, u64>, minute| tally.get(&minute).copied().unwrap_or(0);
    let count = |minute| match numerator {
        Numerator::Good => Count::good(at(part, minute), at(total, minute)),
        Numerator::Bad => Count::bad(at(part, minute), at(total, minute)),
    };
    let minutes = (FIRST.get()..until.get()).map(Minute::new);
    minutes.filter_map(|minute| Some((minute, count(minute).ok()?))).collect()
}

fn sums(counts: &BTreeMap<Minute, Count>) -> (u64, u64) {
    counts
        .values()
        .fold((0, 0), |(bad, total), count| (bad + u64::from(count.pair().0), total + u64::from(count.pair().1)))
}

#[tokio::test(start_paused = true)]
async fn what_is_counted_is_what_happened() {
    let house = House::new().await;
    house.half_an_hour().await;
    tokio::time::resume();
    let client = house.client();
    let queues = queues::list(&client, None).await.unwrap();
    let vip = queues.iter().find(|queue| queue.name == "VIP").unwrap().id.clone();
    let (offered, answered) = (ConversationCount::Offered, ConversationCount::Answered);
    let all = house.actions(&[], None);
    let source = source(
        &client,
        vec![
            house.of_flows(None),
            house.of_flows(Some("2.0")),
            ratio(Numerator::Bad, house.actions(&[Status::Class(5)], None), all.clone()),
            ratio(Numerator::Good, house.actions(&[], Some(FAST_MS)), all),
            ratio(Numerator::Good, conversations(Some(&vip), answered), conversations(Some(&vip), offered)),
            ratio(
                Numerator::Bad,
                conversations(None, ConversationCount::Errors),
                conversations(None, ConversationCount::All),
            ),
        ],
    );
    let used = client.window().1;
    let readings = source.read(FIRST, minute(40)).await.unwrap();
    assert_eq!(client.window().1 - used, 4, "flows, actions, and conversations by queue and by medium");

    let calls = house.twin.calls();
    assert!(900 < calls.len() && calls.iter().any(|call| call.is_error), "{}", calls.len());
    let of = |is_meant: &dyn Fn(&CallRecord) -> bool| {
        tally(calls.iter().filter(|call| is_meant(call)).map(|call| call.ended_at))
    };
    let until = minute(40) - GenesysCounts::TOLD_AFTER;
    let cut_off = |call: &CallRecord| call.ended == Ended::Disconnect;
    let flows = truth(Numerator::Bad, &of(&cut_off), &of(&|_| true), until);
    assert_eq!(known(&readings, 0), flows);
    assert!(flows.values().any(|count| *count == Count::Empty), "somebody looked, and nothing had happened");
    let second = |call: &CallRecord| call.version == "2.0";
    let flows = truth(Numerator::Bad, &of(&|call| second(call) && cut_off(call)), &of(&second), until);
    assert_eq!(known(&readings, 1), flows);

    let totals = house.twin.totals();
    let failed = totals.asks_failed + totals.asks_timed_out;
    assert!(0 < totals.asks_failed && 0 < totals.asks_timed_out, "{totals:?}");
    assert_eq!(sums(&known(&readings, 2)), (failed, failed + totals.asks_ok));
    let fast = |call: &CallRecord| {
        call.data_actions.iter().filter(|ask| ask.waited < Duration::from_millis(FAST_MS.into())).count()
    };
    let fast: usize = calls.iter().map(fast).sum();
    let (slow, executions) = sums(&known(&readings, 3));
    assert_eq!((executions - slow, executions), (fast as u64, failed + totals.asks_ok));

    let in_vip = |call: &CallRecord| call.queue.as_deref() == Some("VIP");
    let answered =
        calls.iter().filter(|call| in_vip(call)).filter_map(|call| Some(call.ended_at + call.answered_after?));
    let vip = truth(Numerator::Good, &tally(answered), &of(&in_vip), until);
    assert_eq!(known(&readings, 4), vip);
    let entered = tally(calls.iter().map(|call| call.started_at));
    let voice = truth(Numerator::Bad, &of(&|call| call.is_error), &entered, until);
    assert_eq!(known(&readings, 5), voice);

    // A minute with more answered than offered is told and not believed.
    let is_whole = |counts: &BTreeMap<Minute, Count>| counts.len() == 37;
    let troubled: Vec<_> = readings.troubles.iter().map(|(objective, _)| *objective).collect();
    let expected = [(4, &vip), (5, &voice)].into_iter().filter(|(_, counts)| !is_whole(counts));
    assert_eq!(troubled, expected.map(|(objective, _)| objective).collect::<Vec<_>>());

    // In parts, when the platform refuses the whole, it is the same.
    house.twin.settings(|settings| settings.buckets_max = 60);
    let early = FIRST - Minutes::hours(5);
    let parts = source.read(early, minute(40)).await.unwrap();
    let whole = known(&readings, 0);
    assert!(known(&parts, 0).into_iter().skip(300).eq(whole), "{parts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_minute_is_told_once_it_can_be_known_and_corrected_when_it_was_not() {
    let house = House::new().await;
    house.twin.start_callers(2.0).unwrap();
    house.minutes(20).await;
    house.clock.sleep(Duration::from_secs(30)).await;
    tokio::time::resume();
    let client = house.client();
    let source = source(&client, vec![house.of_flows(None)]);
    let now = minute(20);
    let from = now - Minutes::new(source.corrects() + 1);
    let told_when_late = async |lag_ms: u64| {
        house.twin.settings(|settings| settings.ingestion_lag_ms = lag_ms);
        known(&source.read(from, now).await.unwrap(), 0)
    };
    let usual = told_when_late(10_000).await;
    assert_eq!(usual.keys().next_back(), Some(&minute(18)), "the last one may still be incomplete");
    assert!(usual.values().all(|count| 60 < count.pair().1), "{usual:?}");
    let late = told_when_late(200_000).await;
    assert_eq!(late.keys().next_back(), Some(&minute(16)));
    assert!(late.iter().all(|(minute, count)| usual[minute] == *count), "{late:?}");
    // Nobody could know; but it is asked for again.
    let very_late = told_when_late(600_000).await;
    assert_eq!(very_late[&minute(15)], Count::Empty);
    assert_eq!(told_when_late(10_000).await[&minute(15)], usual[&minute(15)]);
}

#[tokio::test]
async fn a_family_that_may_not_be_seen_is_told_and_does_not_blind_the_others() {
    let house = House::new().await;
    house.twin.register_client("watcher", "secret", &["analytics:flowAggregate:view"]);
    let client = house.client_as(("watcher", "secret"), Policy::default());
    let actions = ratio(Numerator::Bad, house.actions(&[Status::Code(503)], None), house.actions(&[], None));
    let both = source(&client, vec![house.of_flows(None), actions.clone()]);
    let readings = both.read(FIRST, minute(8)).await.unwrap();
    let empty = (0..5).map(|after| (minute(after), Count::Empty)).collect();
    assert_eq!((known(&readings, 0), known(&readings, 1)), (empty, BTreeMap::new()));
    let [(1, trouble)] = &readings.troubles[..] else { panic!("{readings:?}") };
    assert!(trouble.contains("; give a role of the OAuth client: integrations:action:view"), "{trouble}");
    house.twin.register_client("watcher", "secret", &["analytics:flowAggregate:view", "integrations:action:view"]);
    let readings = both.read(minute(7), minute(9)).await.unwrap();
    assert_eq!(known(&readings, 1).len(), 6, "what was not told is asked for again: {readings:?}");
    house.twin.register_client("watcher", "secret", &[]);
    let error = source(&client, vec![actions]).read(FIRST, minute(8)).await.unwrap_err();
    assert!(error.why.contains("integrations:action:view") && error.retry_after.is_none(), "{error}");
}

#[tokio::test]
async fn a_limit_leaves_the_platform_alone_for_as_long_as_it_wishes() {
    let house = House::new().await;
    let one = source(&house.client(), vec![house.of_flows(None)]);
    let (target, kind) = (FaultTarget::Service(Service::Analytics), FaultKind::Throttle(Duration::from_secs(120)));
    let fault = Fault { target, kind, ttl: Duration::from_secs(3_000) };
    assert!(house.twin.inject(fault));
    let SourceError { why, retry_after } = one.read(FIRST, minute(8)).await.unwrap_err();
    assert!(why.contains("429"), "{why}");
    assert_eq!(retry_after, Some(Duration::from_secs(120)));
    let modest = house.client_as(DEFAULT_CLIENT, Policy { ordinary_max: 1, reserved_percent: 20 });
    let actions = ratio(Numerator::Bad, house.actions(&[Status::Code(503)], None), house.actions(&[], None));
    queues::list(&modest, None).await.unwrap();
    let error = source(&modest, vec![house.of_flows(None), actions]).read(FIRST, minute(8)).await.unwrap_err();
    assert!(error.why.starts_with("the budget of requests is used up"), "{error}");
    assert!(error.retry_after.is_some_and(|wait| wait <= Duration::from_secs(60)), "{error:?}");
}

#[tokio::test]
async fn a_source_is_for_its_own_objectives_only() {
    let house = House::new().await;
    let new = |indicator| GenesysCounts::new(&house.client(), vec![(4, indicator)]).map(|_| ());
    assert!(new(house.of_flows(None)).is_ok());
    assert!(matches!(new(Indicator::pushed()), Err(SetupError::Foreign { objective: 4, word: "push" })));
}

#[tokio::test]
async fn a_flow_reads_how_it_stands_in_a_data_table_that_is_there_when_it_is_needed() {
    let house = House::new().await;
    let client = house.client();
    let row = FlowRow { flow: "main-ivr".into(), table: "Steadyline".into(), row: "main".into() };
    let tables = Tables::new(client.clone(), vec![row]);
    let flow = |mode: &str, left| api::FlowView {
        flow: "main-ivr".into(),
        mode: mode.into(),
        since: None,
        objectives: vec!["crm".into()],
        error_budget_remaining: left,
        current_budget_health: None,
        enrichment: Vec::new(),
        mode_when_unknown: None,
    };
    let list = |mode: &str, left| api::BudgetList {
        at: Some("2026-11-21T08:30:00.25Z".parse().unwrap()),
        objectives: Vec::new(),
        flows: vec![flow(mode, left)],
    };
    let told = async || {
        let found = datatables::list(&client).await.unwrap();
        let table = found.iter().find(|table| table.name == "Steadyline").unwrap().id.clone();
        (datatables::row(&client, &table, "main").await.unwrap().unwrap(), table)
    };
    tables.write(&list("AGENT_ONLY", Some(12))).await;
    let (row, table) = told().await;
    let expected = serde_json::json!({
        "key": "main", "mode": "AGENT_ONLY", "skipEnrichment": true, "agentOnly": true, "errorBudgetRemaining": 12,
        "dataAvailable": true, "updatedAt": "2026-11-21T08:30:00Z",
    });
    for (column, value) in expected.as_object().unwrap() {
        assert_eq!(row.get(column), Some(value), "{column}");
    }
    tables.write(&list("NORMAL", None)).await;
    let (row, _) = told().await;
    assert_eq!((&row["mode"], &row["dataAvailable"]), (&"NORMAL".into(), &false.into()));
    // Another start finds the table that is there.
    let row = FlowRow { flow: "main-ivr".into(), table: "Steadyline".into(), row: "main".into() };
    Tables::new(client.clone(), vec![row]).write(&list("TRIM", Some(60))).await;
    let (row, again) = told().await;
    assert_eq!((&row["mode"], again), (&"TRIM".into(), table));
}
