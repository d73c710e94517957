//! Reviews that a pipeline hands in to a controller.

use serde_json::{Value, json};

use crate::organisation::{Organisation, token};
use crate::setup::{Ended, get};

/// Of which only one question matters: who has the flow.
const PLAN: &str = include_str!("only-the-lock.yaml");

fn organisation() -> Organisation {
    let organisation = Organisation::new();
    organisation.write("launch.yaml", PLAN);
    organisation.configure(&json!({
        "plans": [{ "file": "launch.yaml", "target": "sandbox", "at": "02:30", "zone": "Europe/Berlin" }],
    }));
    organisation
}

fn review(organisation: &Organisation, url: &str, who: &str) -> Ended {
    let token = token(who);
    let server = ["--server", url, "--token", &token];
    organisation.run(&[&["review", "launch.yaml", "--target", "sandbox", "--submit"][..], &server].concat())
}

fn reviews(url: &str) -> Value {
    serde_json::from_str(&get(&format!("{url}/api/v1/reviews")).1).unwrap()
}

#[test]
fn what_a_pipeline_hands_in_is_kept_where_the_plan_is_reviewed_at_night() {
    let organisation = organisation();
    let (_server, url) = organisation.controller(&json!({}));
    let waiting = &reviews(&url)["plans"][0];
    assert_eq!((&waiting["plan"], &waiting["verdict"]), (&json!("launch.yaml"), &Value::Null));
    organisation.lock("Mary");
    let blocked = review(&organisation, &url, "pipeline");
    assert_eq!(blocked.code, 1, "{}", blocked.whole());
    assert!(blocked.stderr.contains("handed in: r-1 of Order status at sandbox"), "{}", blocked.stderr);
    let list = reviews(&url);
    let plan = &list["plans"][0];
    assert_eq!((list["plans"].as_array().unwrap().len(), &plan["verdict"]), (1, &json!("blocked")));
    assert_eq!((&plan["schedule"]["at"], &plan["owner"]), (&json!("02:30"), &json!("architects")));
    let (_, page) = get(&format!("{url}/reviews/r-1"));
    assert!(page.contains("Mary") && page.contains("its evidence"), "{page}");
    assert!(get(&format!("{url}/incidents")).1.contains("Order status must not go ahead at sandbox"));
}

#[test]
fn a_server_that_is_away_or_refuses_turns_no_verdict() {
    let organisation = organisation();
    let away = review(&organisation, "http://127.0.0.1:9", "pipeline");
    assert_eq!(away.code, 0, "{}", away.whole());
    assert!(away.stderr.contains("warning: the review was not handed in"), "{}", away.stderr);
    let (_server, url) = organisation.controller(&json!({}));
    let refused = review(&organisation, &url, "stranger");
    assert_eq!(refused.code, 0, "{}", refused.whole());
    assert!(refused.said().contains("nobody knows who asks"), "{}", refused.stderr);
    assert_eq!(reviews(&url)["plans"][0]["kept"], 0);
}
