//! Reviews of an organisation that is made up: a lock, an integration that is slow or not, and what is used up.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use engine::review::Evidence;
use engine::review::nightly::{Nightly, Reviewer};
use jiff::{Timestamp, ToSpan as _};
use review::{CHECKS, Calls, Facts, Flow, Gap, Holder, Integration, Probe, Requests, Sample};

use super::House;

/// Checks that something is known for.
const ASKED: [&str; 3] = ["flow-lock", "latency", "quota"];

/// What is wrong with the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Nothing,
    /// Somebody has the flow locked, and the CRM is slow.
    Much,
    /// The CRM cannot be asked.
    Away,
}

/// Nobody who is asked knows anything.
pub(crate) struct Nobody;

#[async_trait]
impl Reviewer for Nobody {
    async fn learn(&self, _plan: &Nightly) -> Result<Evidence, Gap> {
        Err(Gap { why: "nobody is there".into(), fix: "start the twin".into() })
    }
}

/// What is reviewed every night.
pub(crate) fn nightly() -> Nightly {
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let at = "02:30".parse().unwrap();
    Nightly { file: "launches/order-status.yaml".into(), target: "sandbox".into(), at, zone, keep: 40 }
}

/// What was learned of it.
pub(crate) fn evidence(name: &str, target: &str, wrong: Wrong, at: Timestamp) -> Evidence {
    let skipped = CHECKS.iter().filter(|check| !ASKED.contains(&check.id));
    let skipped: Vec<String> = skipped.map(|check| format!("{}: not part of this launch", check.id)).collect();
    let plan = format!(
        "name: {name}\nowner: architects\nflows: [{{ name: Main IVR }}]\nintegrations: [{{ name: CRM }}]\n\
         load: {{ callsPerMinute: 20, addedPerMinute: 2 }}\nlicences: {{ cloudCX3: {{ bought: 1000, added: 2 }} }}\n\
         skip: {{ {} }}\n",
        skipped.join(", ")
    );
    let file = "launches/order-status.yaml".to_owned();
    Evidence { file, plan, at, facts: facts(target, wrong) }
}

fn facts(target: &str, wrong: Wrong) -> Facts {
    let holder = Holder { name: "Mary <mary@acme.example>".into(), is_ours: false, since: None };
    let flow = Flow {
        name: "Main IVR".into(),
        source: "main-ivr.yaml".into(),
        text: Err(Gap::unasked()),
        validation: Err(Gap::unasked()),
        missing: Err(Gap::unasked()),
        lock: Ok((wrong == Wrong::Much).then_some(holder)),
    };
    let slowness = if wrong == Wrong::Much { 90 } else { 4 };
    let sample = |n: u64| Sample { took: Duration::from_millis(80 + n * slowness), failed: None };
    let samples = match wrong {
        Wrong::Away => Err(Gap { why: "the CRM does not answer".into(), fix: "see whether it is up".into() }),
        Wrong::Nothing | Wrong::Much => Ok((0..50).map(sample).collect()),
    };
    let probe = Probe { integration: "CRM".into(), vantage: target.into(), samples, path: None };
    Facts {
        organisation: Ok("Acme Sandbox".into()),
        flows: Ok(vec![flow]),
        integrations: Ok(vec![Integration { name: "CRM".into(), exists: true, state: Some("ACTIVE".into()) }]),
        actions: Ok(Vec::new()),
        probes: vec![probe],
        licences: Ok(BTreeMap::from([("cloudCX3".to_owned(), 812)])),
        calls: Ok(Calls { now: 31, max: 500 }),
        requests: Ok(Requests { used: 12, allowed: 300 }),
        actions_at_once: Ok(Some(50)),
        ..Facts::unasked(target)
    }
}

/// A month in which a launch was kept back now and then, and another one that cannot be judged.
pub(crate) async fn month(house: &House, last: Wrong) {
    let now = house.clock.now().wall;
    for ago in (1..=34_i64).rev() {
        let wrong = match ago {
            1 => last,
            9..=12 | 25 => Wrong::Much,
            17 => Wrong::Away,
            _ => Wrong::Nothing,
        };
        let at = now - (ago * 24 - 18).hours();
        let made = evidence("Order status", "sandbox", wrong, at);
        house.reviews.submit(made.to_json(), "pipeline").await.unwrap();
    }
    if last != Wrong::Nothing {
        let away = evidence("Billing in two languages", "staging", Wrong::Away, now - 2.hours());
        house.reviews.submit(Evidence { file: "billing.yaml".into(), ..away }.to_json(), "pipeline").await.unwrap();
    }
}
