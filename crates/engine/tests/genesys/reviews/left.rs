//! Calls that an integration leaves open: a day of them is ended, and what cannot be ended tonight is ended tomorrow.

use std::time::Duration;

use async_trait::async_trait;
use clock::Clock;
use engine::review::Evidence;
use engine::review::nightly::{Nightly, Reviewer, Reviews, Setup};
use engine::{Engine, Policy};
use jiff::tz::TimeZone;
use review::{Fate, Gap, Verdict, Weight};
use std::sync::Arc;
use store::Simulated;

use super::house::{House, Opened};

const HOUR: Duration = Duration::from_secs(3_600);

fn leaking(settings: &str, sessions: &str) -> House {
    House::new()
        .scenario("    flows: [", &format!("    settings: {{ {settings} }}\n    flows: ["))
        .plan("sessions: 1h", &format!("sessions: {sessions}"))
}

#[tokio::test(start_paused = true)]
async fn what_leaks_in_a_day_is_found_ended_and_gone() {
    let house = leaking("leakedSessionsPerHour: 5", "{ window: 24h, longest: 4h, end: true }");
    let opened = house.open().await;
    let began = opened.clock.now().wall;
    let evidence = house.learned(&opened).await;
    assert!(Duration::from_secs(86_400) < evidence.at.duration_since(began).unsigned_abs());

    let left = evidence.facts.left.as_ref().unwrap().as_ref().unwrap();
    // Five an hour in twenty hours; the last of them has been open for four hours and no longer.
    assert_eq!((left.calls.len(), left.more, &left.residue), (99, 0, &Ok(0)));
    assert!(left.calls.iter().all(|call| call.fate == Fate::Ended && call.medium.as_deref() == Some("voice")));
    assert_eq!(left.calls[0].since, "2026-11-21T08:12:00Z");
    // Those of the last four hours may still be calls.
    assert!((20..=21).contains(&left.after.unwrap().sessions), "{:?}", left.after);

    let review = Evidence::read(&evidence.to_json()).unwrap().judge().unwrap();
    let check = review.results.iter().find(|it| it.check.id == "sessions").unwrap();
    let said: Vec<_> = check.judged.findings.iter().map(|finding| (finding.weight, finding.what.as_str())).collect();
    let [(Weight::Warning, grown), (Weight::Warning, ended)] = said[..] else { panic!("{said:?}") };
    assert!(grown.contains("have grown from") && grown.contains("since calls were ended"), "{grown}");
    assert!(ended.starts_with("Ended: 99 calls that had been left open, the first since 2026-11-21T08:12"), "{ended}");
    assert_eq!(review.verdict(), Verdict::Pass, "a cause that has to be found keeps nothing back");
    opened.close().await;
}

/// A controller's reviewer, whose only target is this organisation.
struct Target(House, Arc<Opened>);

#[async_trait]
impl Reviewer for Target {
    async fn learn(&self, _: &Nightly) -> Result<Evidence, Gap> {
        Ok(self.0.learned(&self.1).await)
    }
}

async fn nights(target: Target, clock: &Clock, store: &Simulated) -> (engine::Handle, Reviews) {
    let policy = Policy::standard("acme");
    let setup =
        engine::Setup { store: Arc::new(store.clone()), receivers: Vec::new(), clock: clock.clone(), policy, seed: 1 };
    let engine = Engine::start(setup).await.unwrap();
    let (file, target_name) = ("plan.yaml".to_owned(), "sandbox".to_owned());
    let at = "20:00".parse().unwrap();
    let setup = Setup {
        plans: vec![Nightly { file, target: target_name, at, zone: TimeZone::UTC, keep: 9 }],
        reviewer: Arc::new(target),
        owner: None,
        holder: "controller".to_owned(),
        store: Arc::new(store.clone()),
        incidents: engine.sender(),
        clock: clock.clone(),
    };
    let reviews = Reviews::start(setup).await.unwrap();
    (engine, reviews)
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_ended_tonight_is_ended_the_next_night() {
    let house = leaking("leakedSessionsPerHour: 1, disconnectRefusals: 3", "{ window: 10m, end: true }");
    let opened = Arc::new(house.open().await);
    let (clock, store) = (opened.clock.clone(), Simulated::new());
    let (_engine, reviews) = nights(Target(house, opened.clone()), &clock, &store).await;
    let said = async |id: &str| {
        let review = reviews.one(id).await.unwrap();
        let check = review.checks.into_iter().find(|check| check.id == "sessions").unwrap();
        let findings: Vec<String> = check.findings.into_iter().map(|finding| finding.what).collect();
        (review.verdict, review.is_reproduced, findings.join(" "))
    };
    clock.sleep(13 * HOUR).await;
    let since = "that had been left open, the first since 2026-11-21T09:00:00Z";
    let first = format!("Still open: 3 of 8 calls {since}: 503 service.unavailable.");
    assert_eq!(said("r-1").await, ("blocked".to_owned(), Some(true), first));
    clock.sleep(24 * HOUR).await;
    let second = format!("Ended: 27 calls {since}; none is open any more.");
    assert_eq!(said("r-2").await, ("pass".to_owned(), Some(true), second), "24 of the day, and the three");
    reviews.shutdown().await;
}
