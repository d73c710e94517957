//! A kind of organisation.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::Minutes;
use jiff::Timestamp;
use store::{Document, Store as _};

use super::{FLOWS, HISTORY, House};
use crate::centre::minutes;
use crate::centre::traffic::{Before, Habit};

/// The habits of its callers, the past of its flows, and what was learned from that.
pub(crate) struct Variation {
    pub(super) habits: BTreeMap<String, Habit>,
    pub(super) before: Arc<Before>,
    pub(super) flows: Vec<Document>,
}

pub(super) fn began() -> Timestamp {
    "2026-11-21T08:00:00Z".parse().unwrap()
}

impl Variation {
    /// Watches a calm organisation until its flows are armed.
    pub(crate) async fn new(place: usize) -> Self {
        let callers = [200.0, 60.0, 20.0, 8.0, 120.0, 35.0][place];
        let share = [0.01, 0.03, 0.005, 0.01, 0.002, 0.02][place];
        let habit = |(place, id): (usize, &&str)| {
            ((*id).to_owned(), Habit { callers: callers / (1.0 + place as f64 / 4.0), share })
        };
        let habits: BTreeMap<_, _> = FLOWS.iter().enumerate().map(habit).collect();
        let before = Arc::new(Before::new(place as u64, &habits, began(), HISTORY + Minutes::hours(1)));
        let variation = Self { habits, before, flows: Vec::new() };
        let mut house = House::new(place as u64, Arc::new(variation)).await;
        house.calm();
        house.start_all().await;
        house.pass(minutes(FLOWS.len() as u32 + 2)).await;
        let list = house.leader().list();
        let is_armed =
            |id: &str| list.flows.iter().any(|it| it.id == id && it.armed.as_ref().is_some_and(|a| a.is_armed));
        assert!(is_armed("main") && is_armed("night"), "{list:?}");
        let flows = house.store.documents("release-flow", None).await.unwrap();
        let House { variation, .. } = house;
        Self { habits: variation.habits.clone(), before: variation.before.clone(), flows }
    }
}
