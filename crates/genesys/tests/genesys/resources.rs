//! Every resource against the twin.

use std::time::Duration;

use clock::Clock;
use genesys::analytics::{self, Family, Interval, Query, Which};
use genesys::budget::Policy;
use genesys::flow_jobs::{self, Validation};
use genesys::instances::Criterion;
use genesys::notifications::{self, Heard};
use genesys::routes::Hours;
use genesys::telephony::Verdict;
use genesys::{
    Client, Error, audits, datatables, dependencies, flows, instances, integrations, numbers, organisation, queues,
    routes, telephony, tokens,
};
use jiff::Timestamp;
use serde_json::json;
use twin::{Organisation, TwinHandle, VersionConflict};

use super::{ACTION, FLOW, bare, founded, ready};

const PATIENCE: Duration = Duration::from_secs(300);

/// An organisation that has been called for a while.
async fn called() -> (TwinHandle, twin::CrmHandle, Client, String) {
    let (twin, client, flow) = ready().await;
    let crm = twin::Crm::start(twin::CrmOptions::new(Clock::scaled(50))).await.unwrap();
    twin.load_action("CRM", ACTION, &[("baseUrl", &crm.base_url())]).unwrap();
    twin.settings(|settings| settings.ingestion_lag_ms = 0);
    twin.start_callers(2.0).unwrap();
    twin.totals_when(|totals| totals.answered >= 10 && totals.asks_ok >= 5).await;
    twin.stop_callers();
    twin.totals_when(|totals| totals.in_flow == 0).await;
    (twin, crm, client, flow)
}

/// An hour around now.
fn hour(twin: &TwinHandle) -> Interval {
    let now: Timestamp = twin.now();
    Interval { from: now - Duration::from_secs(3_600), until: now + Duration::from_secs(60) }
}

#[tokio::test]
async fn a_client_knows_what_it_may_do() {
    let (_twin, client, _) = ready().await;
    tokens::check(&client).await.unwrap();
    let permissions = tokens::permissions(&client).await.unwrap();
    assert!(permissions.allow("architect:flow:publish") && !permissions.allow("nonsense"));
    let own = organisation::oauth_client(&client, twin::DEFAULT_CLIENT.0).await.unwrap();
    assert_eq!(own.state.as_deref(), Some("active"));
    assert_eq!(organisation::oauth_clients(&client).await.unwrap(), [own]);
}

#[tokio::test]
async fn what_happened_is_counted_at_once_and_by_jobs() {
    let (twin, _crm, client, flow) = called().await;
    let query = Query::new(hour(&twin), &["nFlow"]).by(&["flowId", "flowVersion"]).only("flowId", &flow).each("PT5M");
    let groups = analytics::aggregate(&client, Family::Flows, &query).await.unwrap();
    let entered = groups[0].total("nFlow").count.unwrap();
    assert!(entered >= 10.0, "{groups:?}");
    assert_eq!(groups[0].group["flowVersion"], "1.0");
    let by_job = analytics::aggregate_job(&client, Family::Flows, &query, PATIENCE).await.unwrap();
    assert_eq!(by_job[0].total("nFlow").count, Some(entered));
    let mut query = Query::new(hour(&twin), &["tTotalExecution"]).by(&["responseStatus"]);
    query.ranges.push(("tTotalExecution".to_owned(), "slow".to_owned(), Some(60_000), None));
    let actions = analytics::aggregate(&client, Family::Actions, &query).await.unwrap();
    assert_eq!((actions[0].group["responseStatus"].as_str(), actions[0].within("slow")), ("200", 0.0));
    let query = Query::new(hour(&twin), &["oServiceLevel", "tAnswered"]);
    let all = analytics::aggregate(&client, Family::Conversations, &query).await.unwrap();
    assert!(all[0].total("oServiceLevel").ratio.unwrap() > 0.5, "{all:?}");
    let none = Query::new(hour(&twin), &["nFlow"]).only("flowId", "another");
    assert_eq!(analytics::aggregate(&client, Family::Flows, &none).await.unwrap(), []);
    assert_eq!(
        analytics::aggregate(&client, Family::FlowExecutions, &Query::new(hour(&twin), &["nFlowExecutions"]))
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn conversations_are_found_by_pages_and_in_bulk() {
    let (twin, _crm, client, flow) = called().await;
    let which = Which { interval: hour(&twin), only: vec![("flowId".to_owned(), flow)] };
    let found = analytics::conversations(&client, &which).await.unwrap();
    let bulk = analytics::conversations_job(&client, &which, PATIENCE).await.unwrap();
    assert_eq!((found.len(), found.len() >= 10), (bulk.len(), true));
    let one = analytics::conversation(&client, &found[0].conversation_id).await.unwrap();
    assert_eq!(one, found[0]);
    assert!(analytics::available_until(&client).await.unwrap().is_some());
    assert!(analytics::agents(&client).await.unwrap()["IDLE"] > 0);
    assert!(analytics::in_flows(&client, &["nothing".to_owned()]).await.unwrap().is_empty());
    let criteria = [Criterion { key: "FlowErrorReason", operator: "not_null", value: None }];
    assert_eq!(instances::find(&client, &criteria).await.unwrap(), []);
    assert!(instances::are_kept(&client).await.unwrap());
    assert!(!instances::capabilities(&client).await.unwrap().error_codes.is_empty());
    organisation::write_attributes(&client, &one.conversation_id, "p", &[("a".to_owned(), "b".to_owned())].into())
        .await
        .unwrap();
    assert_eq!(organisation::disconnect(&client, "nobody").await.unwrap_err().status(), Some(404));
}

#[tokio::test]
async fn flows_are_validated_exported_and_deployed() {
    let (twin, client, flow) = bare().await;
    // Without its Data Action the flow refers to what does not exist.
    let judged = flow_jobs::validate(&client, &flow, None, PATIENCE).await.unwrap();
    assert!(
        matches!(judged, Validation::Judged { valid: false, ref messages } if messages[0].text.contains("CRM")),
        "{judged:?}"
    );
    twin.settings(|settings| (settings.preview, settings.export_refusals) = (false, 2));
    assert_eq!(flow_jobs::validate(&client, &flow, None, PATIENCE).await.unwrap(), Validation::Unavailable);
    let yaml = flow_jobs::export(&client, &flow, Some("1.0"), PATIENCE).await.unwrap();
    assert_eq!(yaml, FLOW);
    let deployed = flow_jobs::deploy(&client, yaml.replace("Main IVR", "Second"), PATIENCE).await.unwrap().unwrap();
    assert_eq!(flows::lookup(&client, &[flow.clone(), deployed.clone()]).await.unwrap().len(), 2);
    // More than one address holds.
    let many: Vec<_> = (0..2_000).map(|n| format!("00000000-0000-4000-8000-{n:012}")).chain([flow.clone()]).collect();
    assert_eq!(flows::lookup(&client, &many).await.unwrap().len(), 1);
    let error = flow_jobs::deploy(&client, "nonsense".to_owned(), PATIENCE).await.unwrap_err();
    assert!(matches!(error, Error::JobFailed { .. }), "{error}");
    assert_eq!(flows::configuration(&client, &deployed, "1.0").await.unwrap()["name"], "Second");
    assert_eq!(flows::latest_configuration(&client, &deployed).await.unwrap()["name"], "Second");
    let history = flows::history(&client, &deployed, &["publish"], PATIENCE).await.unwrap();
    assert_eq!((history.len(), history[0].version.as_deref()), (1, Some("1.0")));
    flows::checkout(&client, &deployed).await.unwrap();
    assert_eq!(flows::revert(&client, &deployed).await.unwrap().locked_client, None);
    assert_eq!(flows::deactivate(&client, &deployed).await.unwrap().active, Some(false));
}

#[tokio::test]
async fn dependencies_name_what_is_gone() {
    let (_twin, client, flow) = bare().await;
    let used = dependencies::consumed(&client, &flow, "1.0", "INBOUNDCALLFLOW").await.unwrap();
    let action = used.iter().find(|item| item.kind == "DATAACTION").unwrap();
    assert!(action.deleted);
    let queue = used.iter().find(|item| item.kind == "QUEUE").unwrap();
    assert_eq!(dependencies::consumers(&client, &queue.id, "QUEUE").await.unwrap()[0].id, flow);
    assert_eq!(dependencies::consumers_of_deleted(&client).await.unwrap().len(), 1);
    assert_eq!(dependencies::consumers_of_updated(&client).await.unwrap().len(), 0);
    assert_eq!(dependencies::required(&client, "flow", &flow).await.unwrap(), []);
    dependencies::rebuild(&client).await.unwrap();
    assert!(!dependencies::is_operational(&client).await.unwrap());
}

#[tokio::test]
async fn rows_of_a_table_are_written_whether_or_not_they_are_there() {
    let (_twin, client, _) = ready().await;
    let table = datatables::create(&client, "Budget", "what is left", &[("health", "integer")]).await.unwrap();
    datatables::add_columns(&client, &table.id, &[("mode", "string")]).await.unwrap();
    let row =
        |health: u32| json!({"key": "slo:crm/1", "health": health, "mode": "normal"}).as_object().unwrap().clone();
    assert_eq!(datatables::row(&client, &table.id, "slo:crm/1").await.unwrap(), None);
    for health in [82, 40] {
        assert_eq!(datatables::put(&client, &table.id, &row(health)).await.unwrap(), row(health));
    }
    assert_eq!(datatables::rows(&client, &table.id).await.unwrap(), [row(40)]);
    assert_eq!(datatables::list(&client).await.unwrap(), [datatables::one(&client, &table.id).await.unwrap()]);
    datatables::delete(&client, &table.id, "slo:crm/1").await.unwrap();
    datatables::delete(&client, &table.id, "slo:crm/1").await.unwrap();
    assert_eq!(datatables::rows(&client, &table.id).await.unwrap(), Vec::<datatables::Row>::new());
}

#[tokio::test]
async fn a_version_conflict_in_either_form_is_solved_by_reading_again() {
    let (twin, client, flow) = ready().await;
    for conflict in [VersionConflict::Conflict, VersionConflict::BadRequest] {
        twin.settings(|settings| settings.version_conflict = conflict);
        let ivr = routes::ivrs(&client).await.unwrap().remove(0);
        // Two at once: one of them finds that the other was faster.
        let (one, other) = tokio::join!(
            routes::lead(&client, &ivr.id, Hours::Closed, &flow),
            routes::lead(&client, &ivr.id, Hours::Holiday, &flow),
        );
        assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
        let now = routes::ivr(&client, &ivr.id).await.unwrap();
        assert_eq!(
            (now.closed_hours_flow.unwrap().id, now.holiday_hours_flow.unwrap().id),
            (flow.clone(), flow.clone())
        );
    }
}

#[tokio::test]
async fn emergencies_and_schedules_are_switched() {
    let (_twin, client, _) = ready().await;
    let group = routes::emergency_groups(&client).await.unwrap().remove(0);
    let on = routes::switch_emergency(&client, &group.id, true).await.unwrap();
    assert_eq!((on.enabled, on.version), (true, group.version.map(|version| version + 1)));
    // What is as wanted is not written.
    assert_eq!(routes::switch_emergency(&client, &group.id, true).await.unwrap(), on);
    assert_eq!(routes::emergency_group(&client, &group.id).await.unwrap(), on);
    let ivr = routes::ivrs(&client).await.unwrap().remove(0);
    let (start, end) = ("2026-12-24T08:00:00".parse().unwrap(), "2026-12-24T12:00:00".parse().unwrap());
    let window = routes::create_schedule(&client, "Maintenance", start, end).await.unwrap();
    let hours = routes::schedule_group(&client, &ivr.schedule_group.unwrap().id).await.unwrap();
    let closed = routes::close_during(&client, &hours.id, &window.id).await.unwrap();
    assert_eq!(closed.closed_schedules[0].id, window.id);
    assert_eq!(routes::schedules(&client).await.unwrap().len(), 2);
}

#[tokio::test]
async fn trunks_edges_and_routes_are_read_and_switched() {
    let (_twin, client, _) = ready().await;
    let trunk = telephony::trunks(&client).await.unwrap().remove(0);
    assert_eq!(trunk.verdict(), Verdict::InService);
    let base = trunk.trunk_base.clone().unwrap().id;
    assert_eq!(telephony::trunk_base(&client, &base).await.unwrap().is_enabled(), Some(true));
    assert_eq!(telephony::switch_trunks(&client, &base, false).await.unwrap().is_enabled(), Some(false));
    assert_eq!(telephony::trunk(&client, &trunk.id).await.unwrap().verdict(), Verdict::Maintenance);
    telephony::switch_trunks(&client, &base, true).await.unwrap();
    let edge = telephony::edges(&client).await.unwrap().remove(0);
    telephony::switch_edge(&client, &edge.id, false, 0).await.unwrap();
    assert_eq!(telephony::edge(&client, &edge.id).await.unwrap().status_code.as_deref(), Some("OUT_OF_SERVICE"));
    assert_eq!(telephony::trunk(&client, &trunk.id).await.unwrap().verdict(), Verdict::OutOfService);
    assert_eq!(telephony::trunk_metrics(&client, std::slice::from_ref(&trunk.id)).await.unwrap().len(), 1);
    assert_eq!(telephony::trunk_bases(&client).await.unwrap().len(), 2);
    let route = telephony::outbound_routes(&client).await.unwrap().remove(0);
    let reversed: Vec<String> = route.external_trunk_bases.iter().rev().map(|base| base.id.clone()).collect();
    let site = route.site.unwrap().id;
    assert_eq!(telephony::sites(&client).await.unwrap()[0].id, site);
    let ordered = telephony::order_trunks(&client, &site, &route.id, &reversed).await.unwrap();
    assert_eq!(ordered.external_trunk_bases[0].id, reversed[0]);
    assert_eq!(telephony::dids(&client).await.unwrap().iter().filter(|did| did.assigned).count(), 1);
    assert_eq!(telephony::capacity(&client).await.unwrap().concurrent_call_count, Some(0));
    assert_eq!(telephony::home_region(&client).await.unwrap().as_deref(), Some("us-east-1"));
}

#[tokio::test]
async fn numbers_move_to_a_linked_organisation_and_its_callers_with_them() {
    let (twin, client, _) = ready().await;
    let (name, region) = ("Backup".to_owned(), "us-west-2".to_owned());
    let organisation =
        Organisation { seed: 2, name, region, number: "+18005550200".to_owned(), ..Organisation::default() };
    let (backup, elsewhere, _) = founded(organisation, twin::DEFAULT_CLIENT.1, None, Policy::default()).await;
    assert_eq!(numbers::links(&client).await.unwrap(), []);
    twin.link(&backup);
    let (mine, theirs) =
        (tokens::me(&client).await.unwrap().organization.id, tokens::me(&elsewhere).await.unwrap().organization.id);
    assert_eq!(numbers::links(&client).await.unwrap()[0].status.as_deref(), Some("Approved"));
    numbers::route_all(&client, &mine, &theirs, "us-west-2").await.unwrap();
    let moved = numbers::settled(&client, PATIENCE).await.unwrap();
    assert!(moved.iter().filter(|number| number.owner_organization_id.as_deref() == Some(&mine)).all(|number| {
        (number.status.as_deref(), number.active_organization_id.as_deref()) == (Some("Redirected"), Some(&theirs))
    }));
    twin.start_callers(5.0).unwrap();
    assert!(backup.totals_when(|totals| totals.offered >= 3).await.offered >= 3);
    assert_eq!(twin.totals().offered, 0);
    twin.stop_callers();
    numbers::reset(&client, &mine).await.unwrap();
    let back = numbers::settled(&client, PATIENCE).await.unwrap();
    let own = back.iter().find(|number| number.owner_organization_id.as_deref() == Some(&mine)).unwrap();
    assert_eq!(own.status.as_deref(), Some("Normal"));
    numbers::route(&client, std::slice::from_ref(&own.number_id), &theirs, "us-west-2").await.unwrap();
}

#[tokio::test]
async fn integrations_are_switched_and_addresses_probed_from_inside() {
    let (_twin, crm, client, _) = called().await;
    let integration = integrations::list(&client).await.unwrap().remove(0);
    let url = format!("{}/health", crm.base_url());
    let probed = integrations::probe(&client, &integration.id, "GET", &url, Duration::from_secs(5)).await.unwrap();
    assert!(probed.tested.success, "{probed:?}");
    crm.set_mode(twin::Mode::Unavailable(None));
    assert!(
        !integrations::probe(&client, &integration.id, "GET", &url, Duration::from_secs(5))
            .await
            .unwrap()
            .tested
            .success
    );
    let action = integrations::actions(&client, None).await.unwrap().remove(0);
    assert_eq!(
        integrations::set_timeout(&client, &action.id, 3).await.unwrap().timeout(),
        Some(Duration::from_secs(3))
    );
    integrations::switch(&client, &integration.id, false).await.unwrap();
    let state = integrations::one(&client, &integration.id).await.unwrap().reported_state.unwrap();
    assert_eq!(state.code.as_deref(), Some("INACTIVE"));
    let noted = integrations::configure(&client, &integration.id, |config| {
        config.insert("notes".to_owned(), "mind".into()) != Some("mind".into())
    });
    assert_eq!(noted.await.unwrap()["notes"], "mind");
    assert_eq!(integrations::configuration(&client, &integration.id).await.unwrap()["version"], 2);
}

#[tokio::test]
async fn the_organisation_tells_its_limits_licences_use_and_changes() {
    let (twin, client, _) = ready().await;
    twin.settings(|settings| settings.usage_lag_ms = 0);
    let limits = organisation::limits(&client, "platform.api").await.unwrap();
    assert!(limits.iter().any(|limit| limit.key == "token.rate.per.minute" && limit.value == Some(300)));
    assert_eq!(organisation::licences(&client).await.unwrap()["cloudCX1"], 5);
    assert_eq!(organisation::licence_definitions(&client).await.unwrap().len(), 2);
    let queue = queues::list(&client, Some("VIP")).await.unwrap().remove(0);
    queues::change(&client, &queue.id, |queue| queue.insert("description".to_owned(), "x".into()).is_none())
        .await
        .unwrap();
    assert_eq!(queues::estimated_wait(&client, &queue.id).await.unwrap(), Some(Duration::ZERO));
    let changes = audits::query(&client, hour(&twin), "Routing", &[("EntityId", &queue.id)], PATIENCE).await.unwrap();
    assert_eq!((changes.len(), changes[0].action.as_deref()), (1, Some("Update")));
    for of in [None, Some(twin::DEFAULT_CLIENT.0)] {
        let usage = organisation::usage(&client, hour(&twin), of, PATIENCE).await.unwrap();
        assert!(usage.iter().map(|row| row.request_count).sum::<u64>() > 5, "{usage:?}");
    }
    assert!(!audits::event_definitions(&client).await.unwrap().is_empty());
    assert_eq!(audits::events(&client, hour(&twin), &["flow-publish-failed"]).await.unwrap(), []);
    let campaign = organisation::campaigns(&client).await.unwrap().remove(0);
    organisation::stop_campaign(&client, &campaign.id).await.unwrap();
    while organisation::campaign(&client, &campaign.id).await.unwrap().campaign_status.as_deref() != Some("off") {
        tokio::task::yield_now().await;
    }
    organisation::start_campaign(&client, &campaign.id).await.unwrap();
}

#[tokio::test]
async fn a_listener_hears_comes_back_and_says_when_to_ask() {
    let (twin, client, flow) = ready().await;
    let topic = notifications::flow_topic(&flow);
    let known = notifications::topics(&client).await.unwrap();
    assert!(known.contains(&notifications::flow_topic("{id}")), "{known:?}");
    let (sender, mut heard) = tokio::sync::mpsc::channel(100);
    let listener = tokio::spawn(notifications::listen(client.clone(), vec![topic.clone()], sender));
    // The first word is that what was before must be asked for.
    while heard.recv().await != Some(Heard::Ask) {}
    flows::checkout(&client, &flow).await.unwrap();
    let Some(Heard::Told { topic: told, body }) = heard.recv().await else { panic!("nothing was told") };
    assert_eq!((told, body["id"].as_str()), (topic, Some(flow.as_str())));
    twin.drop_sockets();
    while heard.recv().await != Some(Heard::Ask) {}
    flows::checkin(&client, &flow).await.unwrap();
    while !matches!(heard.recv().await, Some(Heard::Told { .. })) {}
    drop(heard);
    listener.await.unwrap();
    let channel = notifications::open(&client).await.unwrap();
    let rejected = notifications::subscribe(&client, &channel, &["v2.nothing".to_owned()]).await.unwrap();
    assert_eq!(rejected[0].state.as_deref(), Some("Rejected"));
    assert!(notifications::is_alive(&client, &channel).await.unwrap());
}
