//! What the organisation itself knows of what was done to it, and what must hold of that at every moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::body::Body;
use axum::http;
use axum::response::Response;
use clock::Clock;
use rollback::act::RELEASES_MAX;
use serde_json::Value;
use store::{Simulated, Store as _};
use twin::{DEFAULT_CLIENT, FlowSeen, TwinHandle};

use super::wire::Letter;
use super::{BAD, Flows};

/// The organisation, the store, and what was seen of both.
pub(super) struct Truth {
    pub(super) twin: TwinHandle,
    pub(super) store: Simulated,
    pub(super) clock: Clock,
    pub(super) flows: Flows,
    /// Whether somebody else's lock may be taken away.
    pub(super) unlocks: bool,
    /// How many of a hundred requests meet trouble.
    trouble: AtomicU8,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// What must not be.
    wrong: BTreeSet<String>,
    /// Versions that people have published, by flow.
    fixes: BTreeSet<(String, String)>,
    /// Rollbacks that are over, by when they were begun.
    ended: BTreeMap<String, Ended>,
    /// Everything that arrived and changed something, in order.
    orders: Vec<String>,
    last: String,
}

struct Ended {
    flow: String,
    how: String,
    /// The lock was tried to be given back until the end of patience.
    has_tried: bool,
}

/// The rollback as it is kept.
struct Kept {
    begun: String,
    flow: String,
    at: String,
    of: String,
    is_over: bool,
    outcome: Value,
    troubles: u64,
}

impl Kept {
    fn read(body: &str) -> Self {
        let kept: Value = serde_json::from_str(body).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            begun: text(&kept["begun"]),
            flow: text(&kept["plan"]["flow"]),
            at: text(&kept["step"]["at"]),
            of: text(&kept["step"]["of"]["id"]),
            is_over: !kept["ended"].is_null(),
            outcome: kept["step"]["outcome"].clone(),
            troubles: kept["troubles"].as_u64().unwrap(),
        }
    }
}

impl Truth {
    pub(super) fn new(
        (twin, store, clock): (TwinHandle, Simulated, Clock),
        flows: Flows,
        unlocks: bool,
        trouble: u8,
    ) -> Self {
        let (trouble, seen) = (AtomicU8::new(trouble), Mutex::default());
        Self { twin, store, clock, flows, unlocks, trouble, seen }
    }

    pub(super) fn trouble(&self) -> u8 {
        self.trouble.load(Ordering::SeqCst)
    }

    pub(super) fn calm(&self) {
        self.trouble.store(0, Ordering::SeqCst);
    }

    pub(super) fn flow(&self, id: &str) -> FlowSeen {
        self.twin.flow(id).unwrap()
    }

    /// A person has published this version.
    pub(super) fn is_fixed(&self, flow: &str, version: &str) {
        self.seen.lock().unwrap().fixes.insert((flow.to_owned(), version.to_owned()));
    }

    fn holds(&self, what: bool, otherwise: impl FnOnce() -> String) {
        if !what {
            let at = self.clock.now().wall;
            self.seen.lock().unwrap().wrong.insert(format!("{at}: {}", otherwise()));
        }
    }

    async fn kept(&self) -> Option<Kept> {
        let documents = self.store.documents("rollback", None).await.unwrap();
        documents.first().map(|document| Kept::read(&document.body))
    }

    /// A request leaves a controller. What changes something was kept as wanted before, and is still.
    pub(super) async fn sent(&self, letter: &Letter) {
        let (Some(order), Some(flow)) = (letter.order(), letter.asked("flow")) else { return };
        let kept = self.kept().await;
        let is_wanted = kept.as_ref().is_some_and(|kept| {
            let steps: &[&str] = match order {
                "publish" => &["publish"],
                "checkout" => &["lock"],
                "unlock" => &["unlock", "release"],
                _ => &["release"],
            };
            let is_version = letter.asked("version").is_none_or(|version| version == kept.of);
            !kept.is_over && kept.flow == flow && steps.contains(&kept.at.as_str()) && is_version
        });
        self.holds(is_wanted, || {
            let at = kept.map(|kept| format!("{} of {}", kept.at, kept.of));
            format!("{order} goes out and is not what is kept: {at:?}")
        });
    }

    /// A request arrives, and is carried out at this moment if at all.
    pub(super) async fn arrived(
        &self,
        letter: Letter,
        request: impl FnOnce(Letter) -> http::Request<Body>,
    ) -> Result<Response, String> {
        let order = letter.order().zip(letter.asked("flow")).map(|(order, flow)| (order.to_owned(), flow.to_owned()));
        let before = order.as_ref().map(|(_, flow)| self.flow(flow));
        let answered = self.twin.answer(request(letter)).await;
        let is_done = answered.as_ref().is_ok_and(|answer| answer.status().is_success());
        if let (Some((order, flow)), Some(before), true) = (order, before, is_done) {
            self.done(&order, &flow, &before);
        }
        answered.map_err(|error| error.to_string())
    }

    fn done(&self, order: &str, flow: &str, before: &FlowSeen) {
        let at = self.clock.mono().as_millis();
        self.seen.lock().unwrap().orders.push(format!("{at} {order} {flow}"));
        let is_foreign = before.holder.as_ref().is_some_and(|holder| holder != DEFAULT_CLIENT.0);
        self.holds(!is_foreign || self.unlocks && order == "unlock", || {
            format!("{order} of {flow}, which somebody else has locked")
        });
        if order != "publish" {
            return;
        }
        let live = before.live.as_ref().map(|live| live.id.clone()).unwrap_or_default();
        let is_fixed = self.seen.lock().unwrap().fixes.contains(&(flow.to_owned(), live.clone()));
        self.holds(!is_fixed, || format!("{live} of {flow}, which a person has published, is taken back"));
        self.holds(before.busy.is_none(), || format!("{flow} is published while an operation runs"));
        for other in self.flows.iter().filter(|other| *other != flow) {
            let is_ours = self.flow(other).busy.as_deref() == Some(DEFAULT_CLIENT.0);
            self.holds(!is_ours, || format!("{flow} is published while {other} is being published"));
        }
    }

    /// Looks at what is kept, all the time: what has ended stays ended, and has ended as the organisation knows it.
    pub(super) async fn look(&self) {
        let Some(document) = self.store.documents("rollback", None).await.unwrap().pop() else { return };
        if std::mem::replace(&mut self.seen.lock().unwrap().last, document.body.clone()) == document.body {
            return;
        }
        let kept = Kept::read(&document.body);
        let known = self.seen.lock().unwrap().ended.contains_key(&kept.begun);
        self.holds(kept.is_over || !known, || "what had ended is open again".to_owned());
        if !kept.is_over || known {
            return;
        }
        let flow = self.flow(&kept.flow);
        let how = kept.outcome["how"].as_str().unwrap_or_default().to_owned();
        let live = flow.live.as_ref();
        let is_fixed =
            live.is_some_and(|live| self.seen.lock().unwrap().fixes.contains(&(kept.flow.clone(), live.id.clone())));
        let is_as_told = match how.as_str() {
            _ if flow.is_deleted => true,
            "live" => is_fixed || live.is_some_and(|live| live.configuration == kept.outcome["version"]),
            "overtaken" => is_fixed || self.was_gone_back(&kept.flow),
            "gone" => false,
            _ => true,
        };
        self.holds(is_as_told, || format!("{} is told of {}, and callers get {live:?}", kept.outcome, kept.flow));
        let has_tried = u64::from(RELEASES_MAX) <= kept.troubles + 1;
        self.seen.lock().unwrap().ended.insert(kept.begun, Ended { flow: kept.flow, how, has_tried });
    }

    /// Whether an earlier rollback of this flow is over.
    fn was_gone_back(&self, flow: &str) -> bool {
        self.seen.lock().unwrap().ended.values().any(|ended| ended.flow == flow)
    }

    /// What must hold when everything is over.
    pub(super) fn judge(&self) {
        for id in self.flows.iter() {
            let flow = self.flow(id);
            self.holds(flow.busy.is_none(), || format!("something runs on {id} for ever"));
            let ours = flow.published.iter().filter(|publish| publish.by == DEFAULT_CLIENT.0);
            let mut live = BAD.to_owned();
            let mut made = BTreeSet::new();
            for publish in &flow.published {
                let version = publish.version.configuration.clone();
                if publish.by == DEFAULT_CLIENT.0 && version != live {
                    self.holds(made.insert(version.clone()), || format!("{version} of {id} was made live twice"));
                }
                live = version;
            }
            self.holds(made.len() <= 1, || format!("{id} was changed twice: {made:?} by {}", ours.count()));
            let is_ours = flow.holder.as_deref() == Some(DEFAULT_CLIENT.0);
            let has_tried = self.seen.lock().unwrap().ended.values().any(|ended| ended.flow == *id && ended.has_tried);
            self.holds(!is_ours || has_tried || flow.is_deleted, || format!("{id} stays locked by us"));
        }
    }

    /// What must not have been.
    pub(super) fn wrong(&self) -> Vec<String> {
        self.seen.lock().unwrap().wrong.iter().cloned().collect()
    }

    /// How the rollbacks ended.
    pub(super) fn ends(&self) -> Vec<String> {
        self.seen.lock().unwrap().ended.values().map(|ended| ended.how.clone()).collect()
    }

    /// Everything that was done, in order.
    pub(super) fn orders(&self) -> Vec<String> {
        self.seen.lock().unwrap().orders.clone()
    }
}
