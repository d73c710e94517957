//! Scenarios played at once, and what is said to those that cannot be.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::*;

fn example(name: &str) -> Scenario {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/twin").join(name);
    Scenario::read(&path).unwrap_or_else(|error| panic!("{error}"))
}

fn played(name: &str, minutes: u64) -> Report {
    simulate(&example(name), Timestamp::UNIX_EPOCH, Duration::from_secs(minutes * 60)).unwrap()
}

#[test]
fn every_example_is_played_the_same_way_twice() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/twin");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let once = played(&name, 30);
        assert_eq!(once, played(&name, 30), "{name}");
        assert!(once.organisations.iter().all(|organisation| organisation.offered > 50), "{once:?}");
        count += 1;
    }
    assert_eq!(count, 5);
}

#[test]
fn another_seed_is_another_day() {
    let mut scenario = example("crm-outage.yaml");
    let hour = Duration::from_secs(3_600);
    let one = simulate(&scenario, Timestamp::UNIX_EPOCH, hour).unwrap();
    scenario.seed = 2;
    assert_ne!(
        simulate(&scenario, Timestamp::UNIX_EPOCH, hour).unwrap().organisations[0].hash,
        one.organisations[0].hash
    );
}

#[test]
fn an_outage_loses_nobody_and_a_bad_release_does() {
    let outage = &played("crm-outage.yaml", 40).organisations[0];
    assert_eq!(outage.lost, 0, "{outage:?}");
    assert!(outage.data_actions_failed > 400, "{outage:?}");
    let (before, after) = (played("bad-release.yaml", 30), played("bad-release.yaml", 60));
    assert_eq!(before.organisations[0].lost, 0, "{before:?}");
    assert!(after.organisations[0].lost > 80, "{after:?}");
}

#[test]
fn what_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let said = |text: &str| {
        let path = folder.path().join("scenario.yaml");
        std::fs::write(&path, text).unwrap();
        let played = Scenario::read(&path)
            .and_then(|scenario| simulate(&scenario, Timestamp::UNIX_EPOCH, Duration::from_secs(600)));
        played.unwrap_err().to_string()
    };
    assert!(said("name: x\norganisations: []\n").contains("from 1 to 2 organisations"));
    assert!(said("name: x\norganisations: [{ name: a, colour: red }]\n").contains("colour"));
    assert!(
        said("name: x\norganisations: [{ name: a, flows: [{ file: nowhere.yaml }] }]\n")
            .contains("nowhere.yaml cannot be read")
    );
    let order = |order: &str| {
        said(&format!("name: x\norganisations: [{{ name: a }}]\ntimeline: [{{ at: 1m, do: {order} }}]\n"))
    };
    assert_eq!(order("{ agents: { queue: Nobody, agents: 3 } }"), "there is no queue named `Nobody`");
    assert_eq!(
        order("{ fault: { target: analytics, kind: latency, for: 1m } }"),
        "a fault of the kind `latency` needs `latency`"
    );
    assert!(order("{ settings: { color: red } }").contains("color"));
    assert!(
        said("name: x\norganisations: [{ name: a }]\ntimeline: [{ at: soon, do: { mend: region } }]\n")
            .contains("no length of time")
    );
    let flow = std::fs::canonicalize(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/flows")).unwrap();
    let unsimulated = format!(
        "name: x\norganisations: [{{ name: a, flows: [{{ file: {0}/main-ivr.yaml }}], actions: [{{ category: CRM, file: {0}/crm-lookup.custom.json }}], callers: [{{ perMinute: 9 }}] }}]\n",
        flow.display()
    );
    assert!(said(&unsimulated).contains("is not simulated"));
}
