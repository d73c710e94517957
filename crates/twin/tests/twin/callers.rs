//! Callers keep reaching a queue, whatever the CRM does.

use std::time::Duration;

use std::collections::BTreeMap;

use base::Ppm;
use clock::Clock;
use serde_json::json;
use twin::{AskOutcome, Ended, Mode, Organisation, Tier, TwinHandle};

use crate::setup::{Client, MAIN_IVR, MAIN_IVR_12, founded, twin_and_crm};

#[tokio::test]
async fn callers_are_routed_by_their_tier() {
    // Slow enough that the CRM's answer is never late, even on a busy machine.
    let (twin, crm, _) = twin_and_crm(Clock::scaled(10)).await;
    crm.set_mode(Mode::Healthy(Duration::ZERO));
    twin.start_callers(20.0).unwrap();
    let totals = twin.totals_when(|totals| totals.queued >= 30).await;
    twin.stop_callers();
    assert_eq!(totals.lost, 0);
    for call in twin.calls().iter().filter(|call| call.data_actions[0].outcome == AskOutcome::Ok) {
        let expected = if call.tier == Tier::Standard { "Support" } else { "VIP" };
        assert_eq!(call.queue.as_deref(), Some(expected), "{call:?}");
        assert_eq!(call.participant_data["accountTier"], call.tier.as_str());
    }
    twin.shutdown().await;
}

/// Callers that the platform counted, by the version of their flow and by how it ended.
async fn ends(twin: &TwinHandle) -> BTreeMap<(String, String), u64> {
    twin.settings(|settings| settings.ingestion_lag_ms = 0);
    let (since, until) = (twin.now() - Duration::from_secs(3_600), twin.now() + Duration::from_secs(60));
    let query = json!({
        "interval": format!("{since:.3}/{until:.3}"),
        "groupBy": ["flowVersion", "exitReason"],
        "metrics": ["tFlow"],
        "filter": {"type": "and", "predicates": [{"dimension": "flowType", "value": "INBOUNDCALL"}]},
    });
    let (status, body) = Client::of(twin).await.post("/api/v2/analytics/flows/aggregates/query", &query).await;
    assert_eq!(status, 200, "{body}");
    let mut ends = BTreeMap::new();
    for result in body["results"].as_array().unwrap() {
        let name = |dimension: &str| result["group"][dimension].as_str().unwrap_or_default().to_owned();
        let counted: u64 = result["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["metrics"][0]["stats"]["count"].as_u64().unwrap())
            .sum();
        *ends.entry((name("flowVersion"), name("exitReason"))).or_insert(0) += counted;
    }
    ends
}

#[tokio::test]
async fn version_12_makes_errors_for_important_customers_and_loses_nobody() {
    let organisation = Organisation { vip_share: Ppm::percent(30), ..Organisation::default() };
    // Slow enough that the CRM's answer is never late, even on a busy machine.
    let (twin, crm, _) = founded(Clock::scaled(10), organisation).await;
    crm.set_mode(Mode::Healthy(Duration::ZERO));
    twin.start_callers(20.0).unwrap();
    let healthy = twin.totals_when(|totals| totals.queued >= 100).await;
    assert_eq!(twin.load_flow(MAIN_IVR_12).unwrap().version, "2.0");
    twin.totals_when(|totals| totals.queued >= healthy.queued + 300).await;
    twin.stop_callers();
    // An error takes longer than a greeting: whoever is still in the flow counts too.
    let totals = twin.totals_when(|totals| totals.in_flow == 0).await;
    assert_eq!((totals.lost, totals.handed_over), (0, 0));

    let calls = twin.calls();
    let of = |version: &'static str| calls.iter().filter(move |call| call.version == version);
    assert!(of("1.0").all(|call| call.ended == Ended::Queue && call.exit == "TRANSFER"));
    let (mut answered, mut errors) = (0, 0);
    for call in of("2.0").filter(|call| call.data_actions[0].outcome == AskOutcome::Ok) {
        let fails = call.tier != Tier::Standard;
        let expected = if fails { "FLOW_ERROR_EXIT" } else { "TRANSFER" };
        assert_eq!(
            (call.exit, call.ended, call.queue.as_deref()),
            (expected, Ended::Queue, Some("Support")),
            "{call:?}"
        );
        (answered, errors) = (answered + 1, errors + u64::from(fails));
    }
    assert!(answered * 3 / 20 < errors && errors < answered * 9 / 20, "{errors} of {answered}");

    // As the platform tells it to whoever watches the release.
    let ends = ends(&twin).await;
    let told = |version: &str, reason: &str| ends.get(&(version.to_owned(), reason.to_owned())).copied().unwrap_or(0);
    assert!(ends.keys().all(|(version, reason)| version == "2.0" || !reason.starts_with("FLOW_ERROR")), "{ends:?}");
    assert_eq!(told("2.0", "FLOW_ERROR_EXIT"), errors, "{ends:?}");
    assert_eq!(told("1.0", "TRANSFER"), of("1.0").count() as u64, "{ends:?}");
    assert_eq!(told("2.0", "FLOW_ERROR_DISCONNECT"), 0, "{ends:?}");
}

#[tokio::test]
async fn callers_survive_a_hanging_crm_and_hear_a_recording_meanwhile() {
    let (twin, crm, _) = twin_and_crm(Clock::scaled(50)).await;
    crm.set_mode(Mode::Hang);
    twin.start_callers(5.0).unwrap();
    let totals = twin.totals_when(|totals| totals.queued >= 5).await;
    assert_eq!((totals.lost, totals.asks_ok), (0, 0));
    for call in twin.calls() {
        assert_eq!((call.ended, call.queue.as_deref()), (Ended::Queue, Some("Support")));
        assert_eq!(call.data_actions[0].outcome, AskOutcome::Timeout);
        // The wait is three seconds long; the recording begins after the first.
        assert_eq!(call.dead_air_longest, Duration::from_secs(1));
        assert_eq!(call.participant_data["dataActionFailed"], "true");
    }
}

#[tokio::test]
async fn callers_whose_flow_has_no_way_out_are_counted_as_lost() {
    let (twin, _crm, _) = twin_and_crm(Clock::scaled(50)).await;
    let refused = MAIN_IVR.replace("name: Support", "name: Nowhere").replace("name: VIP", "name: Nowhere");
    // Without the promise to call back, nothing is left for them.
    let broken = refused.replace("- createCallback:", "- setExternalTag:");
    assert_eq!(twin.load_flow(&broken).unwrap().version, "2.0");
    twin.start_callers(10.0).unwrap();
    let totals = twin.totals_when(|totals| totals.lost >= 3).await;
    assert_eq!((totals.queued, totals.handed_over), (0, 0));
    assert!(twin.calls().iter().all(|call| call.version == "2.0" && call.ended == Ended::Disconnect));
}

#[tokio::test]
async fn callers_who_are_promised_a_call_are_not_lost() {
    let (twin, _crm, _) = twin_and_crm(Clock::scaled(50)).await;
    let refused = MAIN_IVR.replace("name: Support", "name: Nowhere").replace("name: VIP", "name: Nowhere");
    twin.load_flow(&refused).unwrap();
    twin.start_callers(10.0).unwrap();
    let totals = twin.totals_when(|totals| totals.handed_over >= 3).await;
    assert_eq!((totals.queued, totals.lost), (0, 0));
    assert!(twin.calls().iter().all(|call| call.ended == Ended::HandedOver));
}

#[tokio::test]
async fn callers_are_controlled_over_http() {
    let (twin, crm, _) = twin_and_crm(Clock::scaled(20)).await;
    crm.set_mode(Mode::Unavailable(None));
    let client = Client::of(&twin).await;
    assert_eq!(client.post("/twin/callers", &json!({"ratePerSecond": 10})).await.0, 204);
    assert_eq!(client.post("/twin/callers", &json!({"ratePerSecond": 0})).await.0, 400);
    twin.totals_when(|totals| totals.queued >= 3).await;
    let url = format!("{}/twin/callers", twin.base_url());
    assert_eq!(client.http.delete(url).send().await.unwrap().status().as_u16(), 204);
    let (_, shown) = client.get("/twin/calls?limit=2").await;
    assert_eq!(shown["calls"].as_array().unwrap().len(), 2);
    assert_eq!(shown["calls"][0]["outcome"], json!({"kind": "queue", "queue": "Support"}));
    assert_eq!(shown["calls"][0]["dataActions"][0]["outcome"], "failure");
    assert!(shown["totals"]["dataActionFailed"].as_u64().unwrap() >= 3);
    twin.totals_when(|totals| totals.in_flow == 0).await;
    assert_eq!(client.post("/twin/reset", &json!({})).await.0, 204);
    assert_eq!(client.get("/twin/calls").await.1["totals"]["offered"], 0);
    let (_, clock) = client.get("/twin/clock").await;
    assert_eq!(clock["speed"], 20);
    assert!(clock["now"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn nobody_comes_at_a_rate_that_is_none() {
    let (twin, _crm, _) = twin_and_crm(Clock::scaled(20)).await;
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1_000.5] {
        assert!(twin.start_callers(rate).is_err(), "{rate}");
    }
}
