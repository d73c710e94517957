//! Going back from a release, the whole way: the act, its states in a store, and the organisation over HTTP.
//!
//! The clock runs at twenty times the speed, so that a question is over within half a second and a rollback within one or
//! two.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::rollback::act::{Answer, Locked, Outcome, Plan, Published, Question, Trouble, Version};
use async_trait::async_trait;
use engine::rollback::{Ended, GenesysPlatform, LOCKOUT, Platform, REQUEST_TIME_MAX, Rollbacks, Setup};
use genesys::budget::Policy;
use genesys::{Client, Connection, Credential, Hosts, flows};
use secrecy::SecretString;
use serde_json::json;
use store::{Simulated, Sqlite, Store};
use twin::{DEFAULT_CLIENT, Fault, FaultKind, FaultTarget};

use super::{House, MAIN_IVR};

const SPEED: u32 = 20;
/// The longest that a rollback takes here, on the house's clock.
const PATIENCE: Duration = Duration::from_secs(600);
/// A policy that leaves ordinary requests nothing to live on: whoever goes back must not be one of them.
const MEAN: Policy = Policy { ordinary_max: 1, reserved_percent: 20 };
/// What a client needs to go back and no more.
const GOING_BACK: [&str; 4] =
    ["architect:flow:view", "architect:flow:edit", "architect:flow:publish", "architect:dependencyTracking:view"];

/// A house with a flow in three versions: the first two were good, and the third is live and bad.
async fn house_with(second: &str) -> House {
    let house = House::at_speed(SPEED).await;
    for version in [second, MAIN_IVR] {
        house.clock.sleep(Duration::from_secs(1)).await;
        house.twin.load_flow(version).unwrap();
    }
    house
}

async fn house() -> House {
    house_with(MAIN_IVR).await
}

/// A version that uses a queue which does not exist.
fn without_its_queue() -> String {
    MAIN_IVR.replace("name: Support", "name: Nowhere")
}

fn plan(house: &House) -> Plan {
    Plan {
        flow: house.flow.clone(),
        bad: "3.0".into(),
        to: None,
        good: vec!["1.0".into(), "2.0".into()],
        known_bad: Vec::new(),
        locked: Locked::HandOver,
    }
}

/// Goes back, and tells how that ended.
async fn go_back(house: &House, platform: Arc<dyn Platform>, store: Arc<dyn Store>, plan: Plan) -> Outcome {
    let clock = house.clock.clone();
    let setup = Setup { holder: "controller".into(), platform, store, clock: clock.clone(), lockout: LOCKOUT };
    let rollbacks = Rollbacks::start(setup).await;
    rollbacks.begin(plan, "r-1".into(), "the odds".into()).await.unwrap();
    let ended = async {
        loop {
            if let Some(Ended { flow, outcome, .. }) = rollbacks.standing().last {
                assert_eq!(flow, house.flow);
                return outcome;
            }
            clock.sleep(Duration::from_millis(200)).await;
        }
    };
    let outcome = clock.timeout(PATIENCE, ended).await.expect("it comes to an end");
    rollbacks.shutdown().await;
    outcome
}

async fn gone_back(house: &House, client: &Client, plan: Plan) -> Outcome {
    go_back(house, Arc::new(GenesysPlatform::new(client)), Arc::new(Simulated::new()), plan).await
}

/// What callers get, whether the flow is locked, and what was published over the API, the latest first.
async fn seen(house: &House) -> (String, bool, Vec<String>) {
    let client = house.client();
    let flow = flows::one(&client, &house.flow).await.unwrap();
    let is_locked = flow.locked_user.or(flow.locked_client).is_some();
    let history = flows::history(&client, &house.flow, &["publish"], Duration::from_secs(60)).await.unwrap();
    let published = history.into_iter().filter_map(|entry| entry.version).collect();
    (flow.published_version.unwrap().id, is_locked, published)
}

fn live(version: &str) -> Outcome {
    Outcome::Live(version.into())
}

#[tokio::test]
async fn callers_get_the_last_good_version_again_and_the_flow_is_free_and_has_no_further_version() {
    let house = house().await;
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&dir.path().join("steadyline.db")).await.unwrap();
    let client = house.client_as(DEFAULT_CLIENT, MEAN);
    let platform = Arc::new(GenesysPlatform::new(&client));
    assert_eq!(go_back(&house, platform, Arc::new(store), plan(&house)).await, live("2.0"));
    assert_eq!(seen(&house).await, ("2.0".into(), false, vec!["2.0".into()]));
    let versions = flows::versions(&house.client(), &house.flow).await.unwrap();
    assert_eq!(versions.iter().map(|version| version.id.as_str()).collect::<Vec<_>>(), ["3.0", "2.0", "1.0"]);
}

#[tokio::test]
async fn a_version_that_uses_what_is_deleted_is_passed_over() {
    let house = house_with(&without_its_queue()).await;
    assert_eq!(gone_back(&house, &house.client(), plan(&house)).await, live("1.0"));
    assert_eq!(seen(&house).await, ("1.0".into(), false, vec!["1.0".into()]));
}

#[tokio::test]
async fn a_publish_that_fails_rules_its_version_out() {
    let house = house_with(&without_its_queue()).await;
    // Whoever may not see the index learns it from the platform's refusal to publish.
    house.twin.register_client("blind", "secret", &GOING_BACK[..3]);
    let client = house.client_as(("blind", "secret"), Policy::default());
    assert_eq!(gone_back(&house, &client, plan(&house)).await, live("1.0"));
    assert_eq!(seen(&house).await, ("1.0".into(), false, vec!["1.0".into()]));
    let nowhere = Plan { to: Some("2.0".into()), bad: "1.0".into(), ..plan(&house) };
    assert_eq!(gone_back(&house, &client, nowhere).await, Outcome::NoTarget, "there is no other");
    assert_eq!(seen(&house).await, ("1.0".into(), false, vec!["1.0".into()]));
}

#[tokio::test]
async fn the_version_that_somebody_wants_is_published_or_none_is() {
    let house = house().await;
    let to = |version: &str| Plan { to: Some(version.into()), known_bad: vec!["1.0".into()], ..plan(&house) };
    assert_eq!(gone_back(&house, &house.client(), to("99.0")).await, Outcome::NoTarget);
    assert_eq!(seen(&house).await, ("3.0".into(), false, Vec::new()));
    assert_eq!(gone_back(&house, &house.client(), to("1.0")).await, live("1.0"));
    assert_eq!(seen(&house).await, ("1.0".into(), false, vec!["1.0".into()]));
}

#[tokio::test]
async fn a_flow_that_somebody_has_locked_is_handed_over_or_unlocked() {
    let house = house().await;
    assert!(house.twin.lock_flow(&house.flow, "ann"));
    assert_eq!(gone_back(&house, &house.client(), plan(&house)).await, Outcome::Locked("user-ann".into()));
    assert_eq!(seen(&house).await, ("3.0".into(), true, Vec::new()));
    let unlocks = Plan { locked: Locked::Unlock, ..plan(&house) };
    assert_eq!(gone_back(&house, &house.client(), unlocks).await, live("2.0"));
    assert_eq!(seen(&house).await, ("2.0".into(), false, vec!["2.0".into()]));
}

/// Somebody saves a change of the flow and does not check it in.
async fn save_draft(house: &House) {
    let (http, base) = (reqwest::Client::new(), house.twin.base_url());
    let login = http.post(format!("{base}/oauth/token")).basic_auth(DEFAULT_CLIENT.0, Some(DEFAULT_CLIENT.1));
    let token = login.form(&[("grant_type", "client_credentials")]).send().await.unwrap();
    let token: serde_json::Value = token.json().await.unwrap();
    let save = http.post(format!("{base}/api/v2/flows/{}/versions", house.flow));
    let save = save.bearer_auth(token["access_token"].as_str().unwrap()).json(&json!({"yaml": MAIN_IVR}));
    assert!(save.send().await.unwrap().status().is_success());
}

#[tokio::test]
async fn what_somebody_has_saved_and_not_checked_in_is_never_lost() {
    // Its holder's lock is taken away; what was saved stays what it was.
    let first = house().await;
    save_draft(&first).await;
    assert!(first.twin.lock_flow(&first.flow, "ann"));
    let unlocks = Plan { locked: Locked::Unlock, ..plan(&first) };
    assert_eq!(gone_back(&first, &first.client(), unlocks).await, live("2.0"));
    assert_eq!(seen(&first).await, ("2.0".into(), false, vec!["2.0".into()]));
    let kinds = async |house: &House| {
        let versions = flows::versions(&house.client(), &house.flow).await.unwrap();
        versions.into_iter().map(|version| (version.id, version.kind.unwrap())).take(2).collect::<Vec<_>>()
    };
    let known = |id: &str, kind: &str| (id.to_owned(), kind.to_owned());
    assert_eq!(kinds(&first).await, [known("4.0", "SAVE"), known("3.0", "PUBLISH")]);
    // Whoever may not take a lock off leaves a further version rather than nothing.
    let second = house().await;
    save_draft(&second).await;
    second.twin.register_client("modest", "secret", &GOING_BACK);
    let client = second.client_as(("modest", "secret"), Policy::default());
    assert_eq!(gone_back(&second, &client, plan(&second)).await, live("2.0"));
    assert_eq!(seen(&second).await, ("2.0".into(), false, vec!["2.0".into()]));
    assert_eq!(kinds(&second).await, [known("5.0", "CHECKIN"), known("4.0", "SAVE")]);
}

#[tokio::test]
async fn a_storm_of_refusals_for_their_number_is_sat_out() {
    let house = house().await;
    let wish = Duration::from_secs(15);
    let (kind, ttl) = (FaultKind::Throttle(wish), Duration::from_secs(45));
    let platform = Twisted::new(&house, Twist::Nothing);
    assert!(house.twin.inject(Fault { target: FaultTarget::Platform, kind, ttl }));
    assert_eq!(go_back(&house, platform.clone(), Arc::new(Simulated::new()), plan(&house)).await, live("2.0"));
    let refused = platform.troubles.lock().unwrap().iter().filter(|told| **told == Trouble::Busy(Some(wish))).count();
    assert!((1..=3).contains(&refused), "it left the platform alone for as long as it wished: {refused} times refused");
    assert_eq!(seen(&house).await, ("2.0".into(), false, vec!["2.0".into()]));
}

#[tokio::test]
async fn a_version_that_comes_back_under_a_new_id_is_known_by_what_it_holds() {
    let house = house().await;
    house.twin.settings(|settings| settings.publish_assigns_new_id = true);
    assert_eq!(gone_back(&house, &house.client(), plan(&house)).await, live("2.0"));
    assert_eq!(seen(&house).await, ("4.0".into(), false, vec!["4.0".into()]));
}

#[tokio::test]
async fn a_flow_that_is_deleted_cannot_be_gone_back() {
    let house = house().await;
    assert!(house.twin.delete_flow(&house.flow, "ann"));
    assert_eq!(gone_back(&house, &house.client(), plan(&house)).await, Outcome::Gone);
}

#[tokio::test]
async fn a_lock_of_the_backup_credential_is_ours_while_that_one_steps_in() {
    let house = house().await;
    house.twin.register_client("backup", "another", &GOING_BACK);
    let credential = |id: &str, secret| Credential { id: id.to_owned(), secret: SecretString::from(secret) };
    let connection = Connection {
        hosts: Hosts::behind(&house.twin.base_url(), "", ""),
        credential: credential(DEFAULT_CLIENT.0, "exchanged"),
        backup: Some(credential("backup", "another")),
        policy: MEAN,
    };
    let client = Client::new(connection, house.clock.clone(), 7).unwrap();
    assert_eq!(gone_back(&house, &client, plan(&house)).await, live("2.0"));
    assert_eq!(seen(&house).await, ("2.0".into(), false, vec!["2.0".into()]));
}

/// The organisation, beside the truth in one thing.
struct Twisted {
    platform: GenesysPlatform,
    twist: Twist,
    published: Mutex<Vec<String>>,
    troubles: Mutex<Vec<Trouble>>,
}

#[derive(PartialEq)]
enum Twist {
    /// It is only listened to.
    Nothing,
    /// It tells of a version that does not exist, as the last one that was live.
    Invents,
    /// What becomes of the first publish is never told.
    LosesAnswer,
}

impl Twisted {
    fn new(house: &House, twist: Twist) -> Arc<Self> {
        let platform = GenesysPlatform::new(&house.client_as(DEFAULT_CLIENT, MEAN));
        Arc::new(Self { platform, twist, published: Mutex::default(), troubles: Mutex::default() })
    }
}

#[async_trait]
impl Platform for Twisted {
    async fn ask(&self, flow: &str, question: &Question) -> Result<Answer, Trouble> {
        let is_invented = |id: &String| self.twist == Twist::Invents && id == "99.0";
        let answer = self.platform.ask(flow, question).await;
        self.troubles.lock().unwrap().extend(answer.as_ref().err().cloned());
        match (question, answer) {
            (Question::Versions, Ok(Answer::Versions(mut versions))) if self.twist == Twist::Invents => {
                let version = Version { id: "99.0".into(), configuration: None };
                versions.push(Published { version, until: Some(i64::MAX) });
                Ok(Answer::Versions(versions))
            }
            (Question::Dependencies(id), Err(Trouble::Gone)) if is_invented(id) => Ok(Answer::Dependencies(Vec::new())),
            (Question::Publish(id), answer) => {
                let mut published = self.published.lock().unwrap();
                published.push(id.clone());
                let is_lost = self.twist == Twist::LosesAnswer && published.len() == 1;
                if is_lost { Err(Trouble::NoAnswer) } else { answer }
            }
            (_, answer) => answer,
        }
    }
}

#[tokio::test]
async fn a_version_that_does_not_exist_is_taken_on_and_not_believed() {
    let house = house().await;
    let (platform, store) = (Twisted::new(&house, Twist::Invents), Arc::new(Simulated::new()));
    let plan = Plan { good: vec!["1.0".into(), "2.0".into(), "99.0".into()], ..plan(&house) };
    assert_eq!(go_back(&house, platform.clone(), store, plan).await, live("2.0"));
    assert_eq!(*platform.published.lock().unwrap(), ["99.0", "2.0"]);
    assert_eq!(seen(&house).await, ("2.0".into(), false, vec!["2.0".into()]));
    // Asked straight, the index and the list of versions know better.
    let checked = platform.platform.ask(&house.flow, &Question::Dependencies("99.0".into())).await;
    assert_eq!(checked, Err(Trouble::Gone));
}

#[tokio::test]
async fn a_publish_whose_answer_is_lost_is_not_repeated() {
    let house = house().await;
    let (platform, store) = (Twisted::new(&house, Twist::LosesAnswer), Arc::new(Simulated::new()));
    assert_eq!(go_back(&house, platform.clone(), store, plan(&house)).await, live("2.0"));
    assert_eq!(*platform.published.lock().unwrap(), ["2.0"]);
    assert_eq!(seen(&house).await, ("2.0".into(), false, vec!["2.0".into()]));
}

#[tokio::test]
async fn a_question_is_over_in_its_time_and_a_read_is_told_apart_from_an_order() {
    let house = house().await;
    let platform = GenesysPlatform::new(&house.client());
    assert!(platform.ask(&house.flow, &Question::Flow).await.is_ok());
    let kind = FaultKind::Latency(Duration::from_secs(60));
    assert!(house.twin.inject(Fault { target: FaultTarget::Platform, kind, ttl: Duration::from_secs(300) }));
    let asked = async |question: Question| {
        let answer = house.clock.timeout(REQUEST_TIME_MAX, platform.ask(&house.flow, &question)).await;
        answer.expect("it is over in its time")
    };
    let (flow, publish) = tokio::join!(asked(Question::Flow), asked(Question::Publish("2.0".into())));
    assert_eq!((flow, publish), (Err(Trouble::Busy(None)), Err(Trouble::NoAnswer)));
}
