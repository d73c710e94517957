use std::sync::atomic::{AtomicU32, Ordering};

use review::{CHECKS, Facts, Flow, Holder};
use store::{Fault, Simulated};

use super::*;
use crate::{Engine, Handle, Policy};

/// An organisation whose only question is who has its flow locked.
#[derive(Default)]
struct Played {
    /// Who has it locked.
    holder: Mutex<Option<String>>,
    /// Why nothing can be learned.
    gap: Mutex<Option<Gap>>,
    asked: AtomicU32,
    /// How long it takes to ask.
    takes: Mutex<Duration>,
    clock: Mutex<Option<Clock>>,
}

#[async_trait]
impl Reviewer for Played {
    async fn learn(&self, plan: &Nightly) -> Result<Evidence, Gap> {
        let clock = self.clock.lock().unwrap().clone().unwrap();
        self.asked.fetch_add(1, Ordering::Relaxed);
        let takes = *self.takes.lock().unwrap();
        clock.sleep(takes).await;
        if let Some(gap) = self.gap.lock().unwrap().clone() {
            return Err(gap);
        }
        let holder = self.holder.lock().unwrap().clone();
        Ok(evidence("Launch", &plan.target, holder.as_deref(), clock.now().wall))
    }
}

/// What is learned of a flow that somebody has locked, or nobody.
fn evidence(name: &str, target: &str, holder: Option<&str>, at: Timestamp) -> Evidence {
    let skipped = CHECKS.iter().filter(|check| check.id != "flow-lock");
    let skipped: Vec<String> = skipped.map(|check| format!("{}: not asked here", check.id)).collect();
    let plan = format!(
        "name: {name}\nowner: architects\nflows: [{{ name: Main IVR }}]\nload: {{ callsPerMinute: 1 }}\nskip: {{ {} }}\n",
        skipped.join(", ")
    );
    let unasked = || Err(Gap::unasked());
    let flow = Flow {
        name: "Main IVR".into(),
        source: "main.yaml".into(),
        text: unasked(),
        validation: Err(Gap::unasked()),
        missing: Err(Gap::unasked()),
        lock: Ok(holder.map(|name| Holder { name: name.into(), is_ours: false, since: None })),
    };
    let facts = Facts { organisation: Ok("Acme".into()), flows: Ok(vec![flow]), ..Facts::unasked(target) };
    Evidence { file: "launch.yaml".into(), plan, at, facts }
}

/// A controller, and the world around it.
struct House {
    clock: Clock,
    store: Simulated,
    played: Arc<Played>,
    engine: Handle,
    reviews: Reviews,
}

fn plan(file: &str, at: &str) -> Nightly {
    let (at, zone) = (at.parse().unwrap(), TimeZone::get("Europe/Berlin").unwrap());
    Nightly { file: file.into(), target: "sandbox".into(), at, zone, keep: 3 }
}

impl House {
    /// Where it is noon in London, and one plan is reviewed in the night.
    async fn new() -> Self {
        Self::with(vec![plan("launch.yaml", "02:30")]).await
    }

    async fn with(plans: Vec<Nightly>) -> Self {
        let clock = Clock::starting_at("2026-11-21T12:00:00Z".parse().unwrap(), 1);
        let (store, played) = (Simulated::new(), Arc::new(Played::default()));
        *played.clock.lock().unwrap() = Some(clock.clone());
        let engine = engine(&store, &clock).await;
        let reviews = reviews(&store, &played, &engine, &clock, plans, "first").await;
        let house = Self { clock, store, played, engine, reviews };
        house.seconds(1).await;
        house
    }

    async fn seconds(&self, seconds: u64) {
        self.clock.sleep(Duration::from_secs(seconds)).await;
        assert!(self.engine.ping().await);
    }

    async fn hours(&self, hours: u64) {
        self.seconds(hours * 3_600).await;
    }

    /// The process ends without a word, and another one begins so many hours later.
    async fn dies_for(&mut self, hours: u64) {
        self.reviews.abort();
        self.engine.kill();
        self.clock.sleep(Duration::from_hours(hours)).await;
        self.engine = engine(&self.store, &self.clock).await;
        let plans = self.reviews.0.setup.plans.clone();
        self.reviews = reviews(&self.store, &self.played, &self.engine, &self.clock, plans, "next").await;
        self.seconds(1).await;
    }

    fn verdicts(&self) -> Vec<String> {
        let list = self.reviews.list();
        list.plans.iter().flat_map(|plan| &plan.reviews).map(|mark| format!("{} {}", mark.at, mark.verdict)).collect()
    }

    fn asked(&self) -> u32 {
        self.played.asked.load(Ordering::Relaxed)
    }

    /// Incidents of reviews: their state and title.
    fn incidents(&self) -> Vec<String> {
        let views = self.engine.views().borrow().clone();
        views.incidents.iter().map(|it| format!("{:?} {}", it.state, it.title)).collect()
    }
}

async fn engine(store: &Simulated, clock: &Clock) -> Handle {
    let (store, clock, policy) = (Arc::new(store.clone()), clock.clone(), Policy::standard("acme"));
    Engine::start(crate::Setup { store, receivers: Vec::new(), clock, policy, seed: 1 }).await.unwrap()
}

async fn reviews(
    store: &Simulated,
    played: &Arc<Played>,
    engine: &Handle,
    clock: &Clock,
    plans: Vec<Nightly>,
    holder: &str,
) -> Reviews {
    let setup = Setup {
        plans,
        reviewer: played.clone(),
        owner: None,
        holder: holder.into(),
        store: Arc::new(store.clone()),
        incidents: engine.sender(),
        clock: clock.clone(),
    };
    Reviews::start(setup).await.unwrap()
}

const BLOCKED: &str = "Review: Launch must not go ahead at sandbox: flow-lock keeps it back; its owner is architects; \
                       /reviews/r-1 says more";

#[tokio::test(start_paused = true)]
async fn a_night_that_blocks_is_an_incident_until_a_night_passes() {
    let house = House::new().await;
    *house.played.holder.lock().unwrap() = Some("Mary".into());
    house.hours(13).await;
    assert_eq!((house.asked(), house.verdicts()), (0, vec![]), "it is 02:00 in Berlin");
    house.hours(1).await;
    assert_eq!(house.verdicts(), ["2026-11-22T01:30:00Z blocked"]);
    assert_eq!(house.incidents(), [format!("Open {BLOCKED}")]);
    let whole = house.reviews.one("r-1").await.unwrap();
    assert_eq!((whole.verdict.as_str(), whole.is_reproduced, whole.evidence.as_str()), ("blocked", Some(true), "kept"));
    let lock = whole.checks.iter().find(|check| check.id == "flow-lock").unwrap();
    assert!(lock.findings[0].what.starts_with("Mary has it locked"), "{lock:?}");
    house.hours(24).await;
    assert_eq!(house.asked(), 2, "the same again, in the same incident");
    assert_eq!(house.incidents(), [format!("Open {BLOCKED}")]);
    *house.played.holder.lock().unwrap() = None;
    house.hours(24).await;
    assert_eq!(house.verdicts().last().unwrap(), "2026-11-24T01:30:00Z pass");
    assert_eq!(house.incidents(), [format!("Resolved {BLOCKED}")]);
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_everything_is_there_and_the_night_is_not_begun_again() {
    let mut house = House::new().await;
    *house.played.holder.lock().unwrap() = Some("Mary".into());
    house.hours(14).await;
    let before = house.reviews.list();
    house.dies_for(1).await;
    assert_eq!((house.reviews.list().plans, house.asked()), (before.plans, 1));
    assert_eq!(house.incidents(), [format!("Open {BLOCKED}")], "nobody is told twice");
    *house.played.holder.lock().unwrap() = None;
    house.hours(24).await;
    assert_eq!(house.incidents(), [format!("Resolved {BLOCKED}")]);
}

#[tokio::test(start_paused = true)]
async fn nights_that_were_missed_are_made_up_for_once() {
    let mut house = House::new().await;
    house.dies_for(100).await;
    house.seconds(120).await;
    assert_eq!((house.asked(), house.verdicts().len()), (1, 1), "four nights were missed");
    house.hours(24).await;
    assert_eq!(house.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_review_that_a_crash_has_cut_short_is_made_again() {
    let mut house = House::new().await;
    *house.played.takes.lock().unwrap() = Duration::from_secs(1_200);
    house.seconds(13 * 3_600 + 1_800 + 60).await;
    assert!(house.reviews.list().plans[0].is_running);
    house.dies_for(1).await;
    house.seconds(1_300).await;
    assert_eq!((house.asked(), house.verdicts().len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn of_two_controllers_one_reviews_and_the_other_goes_on_when_it_is_gone() {
    let house = House::new().await;
    let plans = vec![plan("launch.yaml", "02:30")];
    let other = reviews(&house.store, &house.played, &house.engine, &house.clock, plans, "second").await;
    house.hours(14).await;
    assert_eq!(house.asked(), 1);
    assert!(house.reviews.list().is_leader && !other.list().is_leader);
    let late = evidence("Launch", "sandbox", None, house.clock.now().wall).to_json();
    assert!(matches!(other.submit(late, "pipeline").await, Err(SubmitError::NotLeader)));
    house.reviews.shutdown().await;
    house.hours(24).await;
    assert_eq!((house.asked(), other.list().plans[0].kept), (2, 2), "with what the first has kept");
    other.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn one_review_at_a_time() {
    let house = House::with(vec![plan("a.yaml", "02:30"), plan("b.yaml", "02:30")]).await;
    *house.played.takes.lock().unwrap() = Duration::from_secs(600);
    house.seconds(13 * 3_600 + 1_800 + 300).await;
    assert_eq!(house.asked(), 1);
    house.seconds(600).await;
    assert_eq!((house.asked(), house.verdicts().len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_learned_is_unknown_and_goes_by_the_name_that_the_plan_had() {
    let house = House::new().await;
    house.hours(14).await;
    let gap = Gap { why: "the plan cannot be read".into(), fix: "correct launch.yaml".into() };
    *house.played.gap.lock().unwrap() = Some(gap);
    house.hours(24).await;
    assert_eq!(house.verdicts(), ["2026-11-22T01:30:00Z pass", "2026-11-23T01:30:00Z unknown"]);
    let said = "Open Review: nobody can say whether Launch may go ahead at sandbox: the plan cannot be read (correct \
                launch.yaml); its owner is architects; /reviews/r-2 says more";
    assert_eq!(house.incidents(), [said]);
    let one = house.reviews.one("r-2").await.unwrap();
    assert_eq!((one.evidence.as_str(), one.checks.len(), one.is_reproduced), ("missing", 0, None));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_delays_a_review_and_asks_nobody_again() {
    let house = House::new().await;
    house.seconds(13 * 3_600 + 1_800 - 1).await;
    house.store.fail_writes(u32::MAX, Fault::Full);
    house.seconds(45).await;
    house.store.heal();
    house.seconds(60).await;
    assert_eq!((house.asked(), house.verdicts().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_handed_in_is_judged_here_and_kept_once() {
    let house = House::with(Vec::new()).await;
    let now = house.clock.now().wall;
    let blocked = evidence("Launch", "sandbox", Some("Mary"), now).to_json();
    // Whatever somebody writes beside the evidence counts nothing.
    let claimed = blocked.replacen('{', r#"{ "verdict": "pass","#, 1);
    let kept = house.reviews.submit(claimed, "pipeline").await.unwrap();
    assert_eq!((kept.id.as_str(), kept.verdict.as_str(), kept.by.as_deref()), ("r-1", "blocked", Some("pipeline")));
    let again = house.reviews.submit(blocked, "pipeline").await.unwrap();
    assert_eq!(again.id, "r-1", "a pipeline that tries again");
    house.seconds(1).await;
    assert_eq!(house.incidents(), [format!("Open {BLOCKED}")]);
    let passed = evidence("Launch", "sandbox", None, house.clock.now().wall);
    house.reviews.submit(passed.to_json(), "pipeline").await.unwrap();
    house.seconds(1).await;
    assert_eq!(house.incidents(), [format!("Resolved {BLOCKED}")]);
    let audit: Vec<_> = house.store.audit(None).await.unwrap().into_iter().map(|it| it.entry.what).collect();
    assert_eq!(audit, ["submit_review", "submit_review"]);
}

#[tokio::test(start_paused = true)]
async fn what_makes_no_sense_is_refused_with_a_reason() {
    let house = House::with(Vec::new()).await;
    let now = house.clock.now().wall;
    let said =
        async |evidence: Evidence| house.reviews.submit(evidence.to_json(), "pipeline").await.unwrap_err().to_string();
    house.reviews.submit(evidence("Launch", "sandbox", None, now).to_json(), "pipeline").await.unwrap();
    let hour = SignedDuration::from_hours(1);
    assert!(
        said(evidence("Launch", "sandbox", None, now - hour)).await.contains("as r-1 says: hand in a later review")
    );
    assert!(said(evidence("Launch", "sandbox", None, now + hour)).await.contains("still to come"));
    assert!(said(evidence("Launch", "sand\nbox", None, now)).await.contains("name of the target"));
    assert!(said(evidence(&"x".repeat(201), "sandbox", None, now)).await.contains("name of the plan"));
    let unreadable = Evidence { plan: "name: [".into(), ..evidence("Launch", "sandbox", None, now) };
    assert!(said(unreadable).await.starts_with("the plan in it cannot be read"));
    let none = house.reviews.submit("{}".into(), "pipeline").await.unwrap_err();
    assert!(matches!(&none, SubmitError::Unreadable(why) if why.contains("no evidence of a review")), "{none}");
}

#[tokio::test(start_paused = true)]
async fn evidence_that_is_too_large_is_left_out_and_said_so() {
    let house = House::with(Vec::new()).await;
    let mut large = evidence("Launch", "sandbox", None, house.clock.now().wall);
    if let Ok(flows) = &mut large.facts.flows {
        flows[0].text = Ok("x".repeat(EVIDENCE_BYTES_MAX));
    }
    house.reviews.submit(large.to_json(), "pipeline").await.unwrap();
    let one = house.reviews.one("r-1").await.unwrap();
    assert_eq!((one.evidence.as_str(), one.verdict.as_str(), one.is_reproduced), ("too-large", "pass", None));
    assert_eq!(house.reviews.evidence("r-1").await, None);
}
