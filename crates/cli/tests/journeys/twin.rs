//! The twin alone.

use crate::setup::{Running, get, run, run_in};

#[test]
fn callers_run_the_example_flow_without_any_crm() {
    let args = ["twin", "--twin-listen", "127.0.0.1:0", "--speed", "50", "--callers", "20", "--seed", "7"];
    let mut twin = Running::start(&args);
    let url = twin.url("twin");
    let (status, body) = get(&format!("{url}/twin/calls?limit=1"));
    assert_eq!(status, 200);
    let shown: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(shown["totals"]["lost"], 0);
    assert_eq!(get(&format!("{url}/api/v2/flows")).0, 401);
    twin.signal("TERM");
    let (status, _) = twin.end();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn what_cannot_be_used_is_refused() {
    let listen = ["twin", "--twin-listen", "127.0.0.1:0"];
    let with = |args: &[&'static str]| [&listen[..], args].concat();
    assert_eq!(run(&with(&["--callers", "0"])).code, 2);
    assert_eq!(run(&with(&["--flow", "nowhere.yaml"])).code, 2);
    assert_eq!(run(&with(&["--action", "action.json"])).code, 2);
    let dir = tempfile::TempDir::new().unwrap();
    let ended = run_in(dir.path(), &with(&["--flow", "-"]), "inboundCall: { name: 3 }");
    assert_eq!(ended.code, 2, "{}", ended.whole());
    assert!(ended.stderr.contains("stdin cannot be used"), "{}", ended.stderr);
}

#[test]
fn a_scenario_is_played_at_once_and_comes_out_the_same() {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/twin/crm-outage.yaml");
    let args = ["twin", "--scenario", scenario, "--for", "20m", "--format", "json"];
    let (once, twice) = (run(&args).json(), run(&args).json());
    assert_eq!(once, twice);
    let organisation = &once["organisations"][0];
    assert_eq!((&organisation["lost"], organisation["hash"].as_str().unwrap().len()), (&0.into(), 64));
    let other = run(&[&args[..], &["--seed", "9"]].concat()).json();
    assert_ne!(other["organisations"][0]["hash"], organisation["hash"]);
    assert_eq!(run(&["twin", "--scenario", "nowhere.yaml"]).code, 2);
}

#[test]
fn two_organisations_of_a_scenario_listen_and_know_of_each_other() {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/twin/region-loss.yaml");
    let mut twin = Running::start(&["twin", "--scenario", scenario, "--twin-listen", "127.0.0.1:0", "--speed", "50"]);
    let (east, west) = (twin.url("twin"), twin.url("twin-2"));
    assert_ne!(east, west);
    for url in [east, west] {
        assert_eq!(get(&format!("{url}/twin/calls?limit=1")).0, 200);
    }
    twin.signal("TERM");
    assert_eq!(twin.end().0.code(), Some(0));
}
