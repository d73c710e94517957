//! Releases under watch: what is answered and shown, and who may go back from them.

use std::time::Duration;

use ::api::{Problem, ReleaseView, RollbackList};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use engine::rollback::guard::WishError;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::house::watched::{Course, Store, example, line, list, recovering, release, without_past};
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
fn refusals() -> [(WishError, u16); 5] {
    [
        (WishError::NoSuch("there is no version 99.0".into()), 404),
        (WishError::Wrong("callers get version 11.0 already".into()), 422),
        (WishError::Held("flow billing is being gone back; one at a time".into()), 409),
        (WishError::LockedOut("none before 08:12".into()), 423),
        (WishError::Away("the platform does not answer".into()), 503),
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
        json!({"id": "20261121-081500-ann", "begun": "main-ivr is being gone back to version 11.0"})
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

fn form(path: &str, token: &str) -> Request<Body> {
    let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("token", token).finish();
    Request::post(path).header("content-type", "application/x-www-form-urlencoded").body(Body::from(body)).unwrap()
}

/// A page as a person reads it, with ordinary spaces.
async fn page(house: &House, path: &str) -> String {
    let (_, html) = house.get(path).await;
    let lines = html.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<_> = lines.map(|line| if line.contains("/assets/") { "[asset]" } else { line }).collect();
    lines.join("\n").replace(['\u{a0}', '\u{202f}'], " ")
}

#[tokio::test(start_paused = true)]
async fn the_page_when_an_approver_is_waited_for() {
    let house = House::watching().await;
    let mut asked = release("r2", ("billing", "Billing <EU>"), "ASKED", Course::Bad, 4);
    asked.is_reproduced = None;
    let ended = release("r1", MAIN, "RECOVERED", Course::Bad, 4);
    house.releases.tells(list(vec![asked, ended]));
    insta::assert_snapshot!("rollbacks_asked", page(&house, "/rollbacks").await);
}

#[tokio::test(start_paused = true)]
async fn the_page_of_a_release_has_all_of_it() {
    let house = House::watching().await;
    let mut recovered = release("r1", MAIN, "RECOVERED", Course::Bad, 4);
    recovered.minutes[1].is_maintained = true;
    recovered.minutes[2].conversations = None;
    recovered.minutes.extend(recovering(6, 2));
    recovered.story.push(line(6, "callers get version 11.0"));
    house.releases.tells(list(vec![recovered]));
    insta::assert_snapshot!("rollbacks_release", page(&house, "/rollbacks/r1").await);
}

#[tokio::test(start_paused = true)]
async fn the_page_when_nothing_is_known_and_when_nothing_is_watched() {
    let house = House::watching().await;
    insta::assert_snapshot!("rollbacks_unknown", page(&house, "/rollbacks").await);
    let nobody = page(&House::new().await, "/rollbacks").await;
    assert!(nobody.contains("No release is watched here.") && nobody.contains("<code>rollback</code>"), "{nobody}");
}

#[tokio::test(start_paused = true)]
async fn every_state_is_a_word_and_only_what_waits_has_a_button() {
    let states = [
        ("WATCHING", "watched: nothing against it"),
        ("SUSPECT", "suspect"),
        ("BLIND", "not seen"),
        ("SHADOW", "in maintenance: only looked at"),
        ("CONFIRMED", "bad"),
        ("ASKED", "bad: waits for an approver"),
        ("ROLLING_BACK", "being gone back"),
        ("VERIFYING", "gone back: did it help?"),
        ("RECOVERED", "gone back: it helped"),
        ("NOT_HELPED", "gone back: it did not help"),
        ("UNSEEN", "gone back: nobody saw whether it helped"),
        ("CERTIFIED", "proved good"),
        ("UNPROVEN", "over: neither proved good nor bad"),
        ("OVERTAKEN", "over: another version took its place"),
        ("HANDED_OVER", "handed over to people"),
        ("SOMETHING_NEW", "SOMETHING_NEW"),
    ];
    for (state, word) in states {
        let house = House::watching().await;
        house.releases.tells(list(vec![release("r1", MAIN, state, Course::Bad, 5)]));
        for path in ["/rollbacks", "/rollbacks/r1"] {
            let html = page(&house, path).await;
            assert!(html.contains(&format!(">{word}<")), "{state} on {path}: {html}");
            assert_eq!(html.contains("<form"), state == "ASKED", "{state} on {path}");
            assert_eq!(html.contains("Go back to version 11.0"), state == "ASKED", "{state} on {path}");
        }
        let overview = page(&house, "/").await;
        let is_told = ["SUSPECT", "BLIND", "CONFIRMED", "ASKED", "ROLLING_BACK", "VERIFYING"].contains(&state);
        assert_eq!(overview.contains("Main IVR"), is_told, "{state} on the first page: {overview}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_is_a_gap_and_no_number() {
    let house = House::watching().await;
    let mut unseen = release("r1", MAIN, "BLIND", Course::Unseen, 12);
    (unseen.normal_percent, unseen.before) = (None, None);
    (unseen.conversations, unseen.errors, unseen.minute) = (0, 0, 0);
    house.releases.tells(list(vec![unseen]));
    let html = page(&house, "/rollbacks/r1").await;
    assert_eq!(html.matches("<rect class=\"gap\"").count(), 1, "{html}");
    assert_eq!(html.matches("<td colspan=\"4\" class=\"unknown\">unknown</td>").count(), 9);
    assert!(!html.contains("<circle"), "there is no latest odds");
    for fact in ["odds against", "failed", "normal", "before it"] {
        assert!(html.contains(&format!("<dt>{fact}</dt><dd><span class=\"unknown\">unknown</span></dd>")), "{fact}");
    }
    let mut none = release("r1", MAIN, "WATCHING", Course::Healthy, 0);
    none.minute = 0;
    house.releases.tells(list(vec![none]));
    let html = page(&house, "/rollbacks").await;
    assert!(html.contains("Nothing is known of any minute yet.") && !html.contains("<polyline"), "{html}");
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_has_fallen_silent_is_not_known_to_look() {
    let house = House::watching().await;
    house.releases.tells(list(vec![release("r1", MAIN, "WATCHING", Course::Healthy, 20)]));
    house.seconds(601).await;
    let html = page(&house, "/rollbacks").await;
    assert!(html.contains("The guard has said nothing for 10 min 1 s"), "{html}");
    house.releases.is_still_so(house.clock.now().wall);
    let html = page(&house, "/rollbacks").await;
    assert!(!html.contains("has said nothing"), "{html}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_or_forgets_takes_only_the_curves_along() {
    let house = House::watching().await;
    house.releases.tells(list(vec![release("r1", MAIN, "ASKED", Course::Bad, 5)]));
    assert!(page(&house, "/rollbacks").await.contains("<polyline"));
    for store in [Store::Hangs, Store::Empty] {
        house.releases.keeps(store);
        let mut worse = release("r1", MAIN, "ASKED", Course::Bad, 6);
        worse.why = format!("{store:?}");
        house.releases.tells(list(vec![worse]));
        let html = page(&house, "/rollbacks").await;
        assert!(html.contains("Its minutes cannot be read now.") && !html.contains("<polyline"), "{html}");
        assert!(html.contains(&format!("{store:?}")) && html.contains("Go back to version 11.0"), "{html}");
        assert!(page(&house, "/").await.contains("Somebody must say whether to go back"));
    }
    let (status, _) = house.get("/api/v1/rollbacks/r1").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    house.releases.keeps(Store::Hangs);
    let (status, _) = house.get("/api/v1/rollbacks/r1").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    house.releases.keeps(Store::Works);
    assert!(page(&house, "/rollbacks").await.contains("<polyline"));
}

#[tokio::test(start_paused = true)]
async fn no_list_is_longer_than_its_bound() {
    let house = House::watching().await;
    let watching = (0..20).map(|n| release(&format!("w{n}"), MAIN, "WATCHING", Course::Healthy, 40));
    let over = (0..50).map(|n| release(&format!("o{n}"), MAIN, "CERTIFIED", Course::Healthy, 1));
    let mut many = list(watching.chain(over).collect());
    many.releases[0].story = (0..100).map(|n| line(n, "something happened")).collect();
    many.flows = vec![many.flows[0].clone(); 80];
    house.releases.tells(many);
    let html = page(&house, "/rollbacks").await;
    assert_eq!(html.matches("<article").count(), 12);
    assert!(html.contains("8 more, all of them better"), "{html}");
    assert_eq!(html.matches("class=\"state ").count(), 30);
    assert!(html.contains("20 more; <code>steadyline rollback history"), "{html}");
    assert_eq!(html.matches("class=\"circuit flow").count(), 60);
    assert!(html.contains("10 earlier minutes") && html.contains("40 earlier lines"), "{html}");
}

#[tokio::test(start_paused = true)]
async fn a_browser_approves_with_the_form_and_is_told_why_not() {
    let house = House::watching().await;
    house.releases.tells(list(vec![release("r1", MAIN, "ASKED", Course::Bad, 5)]));
    let path = "/rollbacks/r1/approve";
    for (who, expected, said) in [("nobody", 401, "nobody&#39;s"), ("ann", 403, "ann is operator; it takes approver")] {
        let (status, html) = house.send(form(path, token(who))).await;
        assert_eq!(status.as_u16(), expected, "{who}");
        assert!(html.contains(said) && html.contains("Go back to version 11.0"), "{html}");
    }
    assert_eq!(house.releases.asked(), Vec::<String>::new());
    for (refusal, expected) in refusals() {
        let house = House::watching().await;
        house.releases.tells(list(vec![release("r1", MAIN, "ASKED", Course::Bad, 5)]));
        house.releases.refuses(refusal.clone());
        let (status, html) = house.send(form(path, token("ben"))).await;
        assert_eq!(status.as_u16(), expected);
        assert!(html.contains(&refusal.to_string()) && html.contains("role=\"alert\""), "{html}");
    }
    let response = house.answer(form(path, token("ben"))).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()["location"], "/rollbacks");
    let html = page(&house, "/rollbacks").await;
    assert!(html.contains("being gone back") && !html.contains("<form"), "{html}");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_not_there_has_no_page() {
    let house = House::watching().await;
    house.releases.tells(example("well"));
    let (status, html) = house.get("/rollbacks/r-none").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(html.contains("no such release") && html.contains("/rollbacks/r-91b0"), "{html}");
}

#[tokio::test(start_paused = true)]
async fn what_others_wrote_about_a_release_is_escaped() {
    let house = House::watching().await;
    let mut wicked = release("r1", ("x", "<script>alert(1)</script>"), "ASKED", Course::Bad, 5);
    let text = "<img src=x onerror=alert(1)>".to_owned();
    (wicked.version, wicked.why, wicked.published_by) = (text.clone(), text.clone(), Some(text.clone()));
    wicked.story = vec![line(0, &text)];
    house.releases.tells(list(vec![wicked]));
    for path in ["/rollbacks", "/rollbacks/r1", "/"] {
        let html = page(&house, path).await;
        assert!(!html.contains("<script>alert") && !html.contains("<img"), "{path}: {html}");
        for forbidden in [" style=", "<style", "onclick=", "javascript:"] {
            assert!(!html.contains(forbidden), "{forbidden} on {path}");
        }
    }
}

/// More events than it takes.
const EVENTS_MAX: usize = 60;

/// What a stream tells until it has told of a fragment that says something.
async fn told(body: &mut Body, id: &str, says: &str) {
    let (mut text, mut heard) = (String::new(), Vec::new());
    for _ in 0..EVENTS_MAX {
        let frame = tokio::time::timeout(Duration::from_secs(60), body.frame()).await;
        let frame = frame.unwrap_or_else(|_| panic!("{id} never says {says}: {heard:?}")).unwrap().unwrap();
        text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        while let Some((event, rest)) = text.clone().split_once("\n\n") {
            rest.clone_into(&mut text);
            let Some(data) = event.lines().find_map(|line| line.strip_prefix("data:")) else { continue };
            let update: Value = serde_json::from_str(data).unwrap();
            let fragments = update["fragments"].as_array().unwrap();
            let is_told = |fragment: &Value| fragment["id"] == id && fragment["html"].as_str().unwrap().contains(says);
            if fragments.iter().any(is_told) {
                return;
            }
            heard.extend(fragments.iter().map(|fragment| fragment["id"].to_string()));
        }
    }
    panic!("{id} never says {says}: {heard:?}");
}

#[tokio::test(start_paused = true)]
async fn open_pages_follow_a_release_to_its_end() {
    let house = House::watching().await;
    let told_by = |state: &str, minutes| -> ReleaseView { release("r1", MAIN, state, Course::Bad, minutes) };
    house.releases.tells(list(vec![told_by("SUSPECT", 2)]));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let serving = tokio::spawn(server::serve(listener, house.app.clone(), std::future::pending()));
    let response = house.answer(Request::get("/events").body(Body::empty()).unwrap()).await;
    let mut body = response.into_body();
    told(&mut body, "open-releases", "<polyline").await;
    house.releases.tells(list(vec![told_by("ROLLING_BACK", 5)]));
    told(&mut body, "release-r1", "being gone back").await;
    let mut recovered = told_by("RECOVERED", 5);
    recovered.story.push(line(20, "it has helped"));
    house.releases.tells(list(vec![recovered]));
    told(&mut body, "release-r1", "gone back: it helped").await;
    serving.abort();
}

#[tokio::test(start_paused = true)]
async fn without_a_past_no_odds_are_measured_and_none_are_shown() {
    let house = House::watching().await;
    let open = without_past(release("r1", MAIN, "WATCHING", Course::Healthy, 9));
    let over = without_past(release("r2", MAIN, "UNPROVEN", Course::Healthy, 60));
    house.releases.tells(RollbackList { releases: vec![open, over], ..example("nothing") });
    let (_, text) = house.get("/metrics").await;
    assert!(text.contains("steadyline_release_state{") && !text.contains("steadyline_release_odds{"), "{text}");
    let (_, json) = house.get("/api/v1/rollbacks/r1").await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["odds"], &json["toleratedPercent"], &json["minutes"][0]["odds"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    for path in ["/rollbacks", "/rollbacks/r1"] {
        let (_, page) = house.get(path).await;
        assert!(page.contains("Without a known past of the flow there are no odds."), "{page}");
        for unknown in ["odds against", "tolerated", "normal"] {
            let fact = format!("<dt>{unknown}</dt><dd><span class=\"unknown\">unknown</span></dd>");
            assert!(page.contains(&fact), "{path}: {unknown}: {page}");
        }
        assert!(!page.contains("1.0\u{a0}:\u{a0}1") && !page.contains("90.0\u{a0}%"), "{page}");
    }
}

#[tokio::test]
async fn numbers_of_releases_are_measured_and_what_is_not_known_has_no_line() {
    let house = House::watching().await;
    let (_, none) = house.get("/metrics").await;
    assert!(none.contains("steadyline_rollback_open 0\n") && !none.contains("steadyline_release_odds{"), "{none}");
    house.releases.tells(RollbackList { trouble: Some("analytics answer 503".into()), ..example("bad-release") });
    let (_, text) = house.get("/metrics").await;
    let of_them = |line: &&str| line.starts_with("steadyline_release_") || line.starts_with("steadyline_rollback_");
    let mut of_releases: Vec<_> = text.lines().filter(of_them).collect();
    // Which comes first is left to chance.
    of_releases.sort_unstable();
    insta::assert_snapshot!(of_releases.join("\n"));
    let nobody = House::new().await;
    let (_, text) = nobody.get("/metrics").await;
    assert!(!text.contains("rollback_"), "without an organisation nothing is said of releases");
}
