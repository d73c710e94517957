//! The demo, played to its end.

use crate::setup::{Running, get, play, run};

const ANYWHERE: [&str; 6] =
    ["--listen", "127.0.0.1:0", "--gateway-listen", "127.0.0.1:0", "--twin-listen", "127.0.0.1:0"];

fn demo(args: &[&'static str]) -> Vec<&'static str> {
    [&["demo"], &ANYWHERE[..], args].concat()
}

#[test]
fn a_crm_outage_comes_out_as_it_must() {
    let ended = run(&demo(&["--exit-when-done", "--speed", "4", "--format", "json"]));
    assert_eq!(ended.code, 0, "{}", ended.whole());
    let told = ended.json();
    let keys: Vec<_> = told.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["callersLost", "calls", "events", "ok", "pagesDelivered", "story"]);
    assert_eq!((told["story"].as_str(), told["ok"].as_bool()), (Some("crm-outage"), Some(true)));
    assert!(0 < told["calls"].as_u64().unwrap());
    assert_eq!(told["callersLost"], 0);
    assert!(2 <= told["pagesDelivered"].as_u64().unwrap());

    let events = told["events"].as_array().unwrap();
    let whats: Vec<_> = events.iter().map(|event| event["what"].as_str().unwrap()).collect();
    let expected = [
        "callers come in",
        "healthy",
        "CRM hangs",
        "circuit opened",
        "incident raised",
        "page delivered",
        "served without CRM",
        "CRM answers 503",
        "still served",
        "callers stop",
        "nobody calls",
        "CRM is back",
        "circuit closed",
        "incident resolved",
        "resolve delivered",
        "callers come back",
        "served live",
    ];
    assert_eq!(whats, expected);
    let instants: Vec<_> = events.iter().map(|event| event["at"].as_str().unwrap()).collect();
    assert!(instants.is_sorted() && instants.iter().all(|at| at.ends_with('Z')), "{instants:?}");
    let numbers = |what: &str| &events.iter().find(|event| event["what"] == what).unwrap()["numbers"];
    assert!(0 < numbers("served without CRM")["kept"].as_u64().unwrap());
    assert!(0 < numbers("served without CRM")["fallback"].as_u64().unwrap());
    assert_eq!(numbers("circuit closed")["callsRunning"], 0);
    assert!(ended.stderr.contains("listening console http://127.0.0.1:"), "{}", ended.stderr);
}

#[test]
fn a_budget_that_burns_comes_out_as_it_must() {
    let ended = run(&demo(&["--story", "budget-burn", "--exit-when-done", "--format", "json"]));
    assert_eq!(ended.code, 0, "{}", ended.whole());
    let told = ended.json();
    assert_eq!((told["story"].as_str(), told["ok"].as_bool()), (Some("budget-burn"), Some(true)));
    assert_eq!(told["callersLost"], 0);
    let events = told["events"].as_array().unwrap();
    let whats: Vec<_> = events.iter().map(|event| event["what"].as_str().unwrap()).collect();
    let expected = [
        "callers come in",
        "healthy",
        "gate open",
        "CRM answers 503",
        "flow trims",
        "served in TRIM",
        "agents only",
        "gate shut",
        "served by agents",
        "CRM is back",
        "gate open again",
        "a rung up",
        "as always again",
        "callers stop",
    ];
    assert_eq!(whats, expected);
    let numbers = |what: &str| &events.iter().find(|event| event["what"] == what).unwrap()["numbers"];
    assert!(0 < numbers("served in TRIM")["lookupsSkipped"].as_u64().unwrap());
    assert_eq!(numbers("gate shut")["allowed"], false);
}

#[test]
fn a_bad_release_is_gone_back_from_once_and_twice_left_to_people_with_reasons() {
    let ended = play(&demo(&["--story", "bad-release", "--exit-when-done", "--format", "json"]));
    assert_eq!(ended.code, 0, "{}", ended.whole());
    let told = ended.json();
    assert_eq!((told["story"].as_str(), told["ok"].as_bool()), (Some("bad-release"), Some(true)));
    assert_eq!(told["callersLost"], 0);
    let events = told["events"].as_array().unwrap();
    let whats: Vec<_> = events.iter().map(|event| event["what"].as_str().unwrap()).collect();
    let expected = [
        "callers come in",
        "guard armed",
        "release published",
        "release suspect",
        "went back",
        "alert delivered",
        "recovery proved",
        "release published",
        "locked out",
        "people go back",
        "people did it",
        "analytics away",
        "release published",
        "nothing is done",
        "people go back",
        "analytics back",
        "callers stop",
    ];
    assert_eq!(whats, expected);
    let numbers = |what: &str| &events.iter().find(|event| event["what"] == what).unwrap()["numbers"];
    assert_eq!(numbers("went back")["version"], "11.0");
    assert!(numbers("went back")["oddsNeeded"].as_f64() <= numbers("went back")["odds"].as_f64());
    assert_eq!(numbers("locked out")["version"], "13.0");
    assert_eq!(numbers("nothing is done")["version"], "14.0");
}

#[test]
fn the_demo_stays_for_those_who_want_to_look_around() {
    let mut demo = Running::start(&demo(&["--speed", "10"]));
    let (console, gateway) = (demo.url("console"), demo.url("gateway"));
    demo.line_with("callers come in");
    assert_eq!(get(&format!("{console}/healthz")).0, 200);
    assert_eq!(get(&format!("{gateway}/crm/lookup?ani=%2B13175550019")).0, 200);
    demo.line_with("As it must be");
    demo.line_with("Callers keep coming");
    demo.signal("INT");
    let (status, _) = demo.end();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn an_interrupted_story_has_not_come_out_as_it_must() {
    let mut demo = Running::start(&demo(&["--exit-when-done"]));
    demo.line_with("callers come in");
    demo.signal("TERM");
    let (status, _) = demo.end();
    assert_eq!(status.code(), Some(1));
}

#[test]
fn a_taken_port_is_named_with_the_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for option in ["--listen", "--gateway-listen", "--twin-listen"] {
        let mut args = vec!["demo"];
        for other in ["--listen", "--gateway-listen", "--twin-listen"] {
            args.extend([other, if other == option { &address } else { "127.0.0.1:0" }]);
        }
        let ended = run(&args);
        assert_eq!(ended.code, 2, "{}", ended.whole());
        let told = ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(&format!("cannot listen on {address}")), "{told}");
        assert!(told.contains(&format!("`{option} 127.0.0.1:0`")), "{told}");
    }
}
