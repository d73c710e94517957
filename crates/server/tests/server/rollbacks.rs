//! Releases under watch: what is answered and shown, and who may go back from them.

use ::api::{Problem, RollbackList};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use server::RollbackRefusal;

use crate::house::watched::{Course, list, recovering, release};
use crate::house::{House, PEOPLE};

const MAIN: (&str, &str) = ("main-ivr", "Main IVR");

async fn json(house: &House, path: &str) -> (StatusCode, Value) {
    let (status, body) = house.get(path).await;
    (status, serde_json::from_str(&body).unwrap())
}

fn post(path: &str, who: Option<&str>, body: &Value) -> Request<Body> {
    let mut request = Request::post(path).header("content-type", "application/json");
    if let Some(who) = who {
        request = request.header("authorization", format!("Bearer {}", token(who)));
    }
    request.body(Body::from(body.to_string())).unwrap()
}

fn token(who: &str) -> &'static str {
    PEOPLE.iter().find(|(name, ..)| *name == who).map_or("nobody-knows-this-token", |(.., token)| token)
}

fn wish() -> Value {
    json!({"flow": "main-ivr", "to": "11.0", "reason": "callers complain"})
}

/// Every reason not to go back, and the status that says it.
fn refusals() -> [(RollbackRefusal, u16); 5] {
    [
        (RollbackRefusal::NoSuch("there is no version 99.0".into()), 404),
        (RollbackRefusal::Wrong("callers get version 11.0 already".into()), 422),
        (RollbackRefusal::Held("flow billing is being gone back; one at a time".into()), 409),
        (RollbackRefusal::LockedOut("none before 08:12".into()), 423),
        (RollbackRefusal::Away("the platform does not answer".into()), 503),
    ]
}

#[tokio::test(start_paused = true)]
async fn without_an_organisation_there_is_nothing_and_it_is_said_what_to_configure() {
    let house = House::new().await;
    for path in ["/api/v1/rollbacks", "/api/v1/rollbacks/r1"] {
        let (status, problem) = json(&house, path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        let hint = problem["hint"].as_str().unwrap();
        assert!(hint.contains("`platform`") && hint.contains("`rollback`"), "{hint}");
    }
    for path in ["/api/v1/rollbacks", "/api/v1/rollbacks/r1/approve"] {
        let (status, _) = house.send(post(path, Some("ben"), &wish())).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_leaves_minutes_out_and_a_release_has_them() {
    let house = House::watching().await;
    let (_, empty) = json(&house, "/api/v1/rollbacks").await;
    assert_eq!((&empty["at"], &empty["releases"]), (&Value::Null, &json!([])));
    house.releases.tells(list(vec![release("r1", MAIN, "ASKED", Course::Bad, 5)]));
    let (status, all) = json(&house, "/api/v1/rollbacks").await;
    assert_eq!((status, &all["flows"][0]["armed"]["isArmed"]), (StatusCode::OK, &json!(true)));
    assert_eq!((&all["releases"][0]["id"], &all["releases"][0]["minutes"]), (&json!("r1"), &Value::Null));
    let (status, one) = json(&house, "/api/v1/rollbacks/r1").await;
    assert_eq!((status, one["minutes"].as_array().unwrap().len()), (StatusCode::OK, 5));
    assert_eq!((&one["isReproduced"], &one["state"]), (&json!(true), &json!("ASKED")));
    let (status, problem) = json(&house, "/api/v1/rollbacks/r2").await;
    assert_eq!((status, &problem["detail"]), (StatusCode::NOT_FOUND, &json!("release r2")));
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_which_nothing_is_known_has_no_numbers() {
    let house = House::watching().await;
    let mut unseen = release("r1", MAIN, "BLIND", Course::Unseen, 9);
    unseen.minutes.extend(recovering(9, 1));
    let others = [("r2", Course::Healthy), ("r3", Course::Doubtful)];
    let others = others.map(|(id, course)| release(id, MAIN, "WATCHING", course, 9));
    house.releases.tells(list([unseen].into_iter().chain(others).collect()));
    let (_, one) = json(&house, "/api/v1/rollbacks/r1").await;
    assert_eq!((&one["minutes"][2]["conversations"], &one["minutes"][3]["conversations"]), (&json!(51), &Value::Null));
    assert_eq!((&one["minutes"][8]["errors"], &one["minutes"][9]["isAfterRollback"]), (&Value::Null, &json!(true)));
    for id in ["r2", "r3"] {
        let (_, one) = json(&house, &format!("/api/v1/rollbacks/{id}")).await;
        assert!(one["minutes"].as_array().unwrap().iter().all(|minute| minute["errors"].is_u64()), "{one}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_an_approver_approves_and_only_operators_and_approvers_go_back_by_themselves() {
    let everybody = PEOPLE.iter().map(|(name, ..)| Some(*name)).chain([None, Some("a stranger")]);
    for who in everybody {
        let house = House::watching().await;
        house.releases.tells(list(vec![release("r1", MAIN, "ASKED", Course::Bad, 5)]));
        let (approves, runs) = match who {
            Some("ben" | "eve") => (200, 200),
            Some("ann") => (403, 200),
            Some("vic" | "pipeline") => (403, 403),
            _ => (401, 401),
        };
        let (status, body) = house.send(post("/api/v1/rollbacks/r1/approve", who, &Value::Null)).await;
        assert_eq!(status.as_u16(), approves, "{who:?} approves: {body}");
        let (status, body) = house.send(post("/api/v1/rollbacks", who, &wish())).await;
        assert_eq!(status.as_u16(), runs, "{who:?} runs: {body}");
        let mut asked = Vec::new();
        if let Some(who) = who {
            asked.extend((approves == 200).then(|| format!("{who} approves r1")));
            asked.extend((runs == 200).then(|| format!("{who} wants main-ivr at 11.0: callers complain")));
        }
        assert_eq!(house.releases.asked(), asked, "nobody else's wish gets through");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_done_is_answered() {
    let house = House::watching().await;
    house.releases.tells(list(vec![release("r1", MAIN, "ASKED", Course::Bad, 5)]));
    let (_, body) = house.send(post("/api/v1/rollbacks/r1/approve", Some("ben"), &Value::Null)).await;
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["state"], "ROLLING_BACK");
    let (_, body) = house.send(post("/api/v1/rollbacks", Some("ann"), &wish())).await;
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({"begun": "main-ivr is being gone back to version 11.0"})
    );
}

#[tokio::test(start_paused = true)]
async fn every_refusal_has_its_status_and_says_why() {
    let house = House::watching().await;
    house.releases.tells(RollbackList::default());
    for (refusal, expected) in refusals() {
        house.releases.refuses(refusal.clone());
        for path in ["/api/v1/rollbacks", "/api/v1/rollbacks/r1/approve"] {
            let (status, body) = house.send(post(path, Some("ben"), &wish())).await;
            let problem: Problem = serde_json::from_str(&body).unwrap();
            assert_eq!((status.as_u16(), problem.status), (expected, expected), "{path}: {body}");
            assert_eq!(problem.detail, Some(refusal.to_string()));
            assert!(problem.hint.is_some(), "{body}");
            // What others wait for is told from other conflicts by its kind.
            assert_eq!(problem.kind == Problem::HELD, expected == 409, "{body}");
            assert_eq!(problem.kind == Problem::LOCKED_OUT, expected == 423, "{body}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_be_no_wish_is_asked_of_nobody() {
    let house = House::watching().await;
    let (long, longer) = ("x".repeat(201), "x".repeat(1_001));
    for wrong in [
        json!({}),
        json!({"flow": "main-ivr"}),
        json!({"flow": " ", "to": "11.0"}),
        json!({"flow": "main-ivr", "to": ""}),
        json!({"flow": "main\nivr", "to": "11.0"}),
        json!({"flow": long, "to": "11.0"}),
        json!({"flow": "main-ivr", "to": "11.0", "reason": longer}),
    ] {
        let (status, body) = house.send(post("/api/v1/rollbacks", Some("ann"), &wrong)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}: {body}");
    }
    assert_eq!(house.releases.asked(), Vec::<String>::new());
}
