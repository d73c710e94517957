//! What a watch asks of an organisation, against the twin over HTTP.

use std::collections::BTreeMap;
use std::time::Duration;

use base::{Minutes, Ppm, Stretch};
use engine::rollback::{GenesysOrganisation, Organisation as _};
use genesys::budget::Purpose;
use genesys::flows::{self, Published};

use twin::Simulated;

use super::{CallRecord, FIRST, House, MAIN_IVR, minute, tally};

const VERSION_12: &str = include_str!("../../../../examples/flows/main-ivr-12.yaml");

fn is_error(call: &CallRecord) -> bool {
    call.exit.contains("ERROR")
}

#[tokio::test(start_paused = true)]
async fn callers_count_for_the_version_that_they_left_in_the_minute_in_which_they_left() {
    let house = House::new().await;
    // A number of an account as real customers have it.
    let outputs = serde_json::json!({"customerId": "C-1", "customerName": "A", "accountTier": "gold"});
    let simulated = Simulated {
        latency_min: Duration::from_millis(100),
        latency_max: Duration::from_millis(700),
        failures: Ppm::ZERO,
        outputs: outputs.as_object().unwrap().clone(),
    };
    assert!(house.twin.simulate(&house.action, simulated));
    house.twin.start_callers(1.0).unwrap();
    house.minutes(10).await;
    assert_eq!(house.twin.load_flow(VERSION_12).unwrap().version, "2.0");
    house.minutes(10).await;
    house.twin.stop_callers();
    house.minutes(10).await;
    tokio::time::resume();
    let organisation = GenesysOrganisation::new(&house.client());
    let asked = Stretch { from: FIRST, until: minute(31) };
    let told = organisation.counts(std::slice::from_ref(&house.flow), asked).await.unwrap();
    assert_eq!(told.until, minute(31) - Minutes::new(3), "a minute without callers is told after a while");
    let calls = house.twin.calls();
    for version in ["1.0", "2.0"] {
        let of = |is_meant: &dyn Fn(&CallRecord) -> bool| {
            tally(calls.iter().filter(|call| call.version == version && is_meant(call)).map(|call| call.ended_at))
        };
        let (all, errors) = (of(&|_| true), of(&is_error));
        let left = told.counts.iter().flat_map(|((minute, _), left)| left.iter().map(move |left| (*minute, left)));
        let left: Vec<_> = left.filter(|(_, left)| left.version == version).collect();
        let counted = |of: &dyn Fn(&engine::rollback::Left) -> u64| {
            let counts = left.iter().map(|(minute, left)| (*minute, of(left)));
            counts.filter(|(_, count)| *count > 0).collect::<BTreeMap<_, _>>()
        };
        assert_eq!(counted(&|left| left.all), all, "{version}");
        assert_eq!(counted(&|left| left.errors), errors, "{version}");
        assert_eq!(errors.is_empty(), version == "1.0", "the first version makes none");
    }
    // In parts, when the platform refuses the whole, it is the same.
    house.twin.settings(|settings| settings.buckets_max = 60);
    let early = Stretch { from: FIRST - Minutes::hours(5), ..asked };
    assert_eq!(organisation.counts(std::slice::from_ref(&house.flow), early).await.unwrap().counts, told.counts);
}

#[tokio::test(start_paused = true)]
async fn whoever_published_is_known_and_whether_that_was_we() {
    let house = House::new().await;
    assert!(house.twin.load_flow(MAIN_IVR).is_ok());
    house.twin.register_client("pipeline", "secret", &["architect:*:*"]);
    tokio::time::resume();
    let client = house.client();
    let organisation = GenesysOrganisation::new(&client);
    let [flow] = &organisation.flows(&[]).await.unwrap()[..] else { panic!("there is one flow") };
    assert_eq!((&flow.id, flow.name.as_str(), flow.version.as_deref()), (&house.flow, "Main IVR", Some("2.0")));
    let pipeline = house.client_as(("pipeline", "secret"), Default::default());
    let patience = Duration::from_secs(20);
    for (client, version) in [(&pipeline, "1.0"), (&client, "2.0")] {
        let published = flows::publish(client, &flow.id, version, Purpose::Ordinary, patience).await;
        assert_eq!(published, Ok(Published::Live));
    }
    let publishes = organisation.publishes(&flow.id).await.unwrap();
    let told: Vec<_> = publishes.iter().map(|it| (it.version.as_str(), it.by.as_deref(), it.is_ours)).collect();
    assert_eq!(told[1], ("1.0", Some("pipeline"), false));
    assert_eq!((told[0].0, told[0].2), ("2.0", true));
    let known = organisation.flows(std::slice::from_ref(&flow.id)).await.unwrap();
    assert_eq!((known[0].version.as_deref(), known[0].since), (Some("2.0"), Some(publishes[0].at)));
}
