//! What people are shown: the live incidents and the latest that are over.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{IncidentView, ReceiverView, StoreView};
use store::{Incident, IncidentRecord, IncidentState, Letter, LetterState, TimelineLine};

use crate::convert::incident_view;

/// Resolved incidents that stay in view.
const RESOLVED_SHOWN: usize = 50;

/// Everything that the engine shows, at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Views {
    /// Grows with every change.
    pub revision: u64,
    /// Live incidents, latest first, and then the latest resolved ones.
    pub incidents: Vec<Arc<IncidentView>>,
    /// How keeping things goes.
    pub store: StoreView,
    /// How telling people goes, in the order of the receivers' names.
    pub receivers: Vec<ReceiverView>,
}

/// The incidents in view, with their stories and letters.
#[derive(Debug, Default)]
pub(crate) struct Board {
    records: BTreeMap<String, Shown>,
    is_changed: bool,
}

#[derive(Debug)]
struct Shown {
    record: IncidentRecord,
    /// The record as others see it; made anew when it has changed.
    view: Option<Arc<IncidentView>>,
}

impl Board {
    pub(crate) fn load(&mut self, record: IncidentRecord) {
        self.is_changed = true;
        self.records.insert(record.incident.id.clone(), Shown { record, view: None });
        self.trim();
    }

    pub(crate) fn keep(&mut self, incident: &Incident) {
        let is_new = !self.records.contains_key(&incident.id);
        if is_new {
            let record = IncidentRecord { incident: incident.clone(), timeline: Vec::new(), letters: Vec::new() };
            return self.load(record);
        }
        if let Some(record) = self.change(&incident.id) {
            record.incident = incident.clone();
        }
        self.trim();
    }

    pub(crate) fn note(&mut self, line: &TimelineLine) {
        if let Some(record) = self.change(&line.incident_id) {
            record.timeline.push(line.clone());
        }
    }

    pub(crate) fn letter(&mut self, letter: &Letter) {
        let Some(record) = self.change(&letter.incident_id) else { return };
        match record.letters.iter_mut().find(|known| known.seq == letter.seq) {
            Some(known) => *known = letter.clone(),
            None => record.letters.push(letter.clone()),
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&IncidentRecord> {
        self.records.get(id).map(|shown| &shown.record)
    }

    /// Live incidents and the latest that are over; `None` when nothing has changed since the last time.
    pub(crate) fn changes(&mut self) -> Option<Vec<Arc<IncidentView>>> {
        if !std::mem::take(&mut self.is_changed) {
            return None;
        }
        let mut live = Vec::new();
        let mut over = Vec::new();
        for shown in self.records.values_mut().rev() {
            let view = shown.view.get_or_insert_with(|| Arc::new(incident_view(&shown.record))).clone();
            if is_resolved(&shown.record) { over.push(view) } else { live.push(view) }
        }
        over.truncate(RESOLVED_SHOWN);
        live.append(&mut over);
        Some(live)
    }

    fn change(&mut self, id: &str) -> Option<&mut IncidentRecord> {
        let shown = self.records.get_mut(id)?;
        self.is_changed = true;
        shown.view = None;
        Some(&mut shown.record)
    }

    /// Forgets the oldest incidents that are over and fully told. Those with letters on their way are
    /// kept, so that the letters have somebody to report to.
    fn trim(&mut self) {
        if self.records.len() <= RESOLVED_SHOWN {
            return;
        }
        let settled = |shown: &Shown| {
            let letters = &shown.record.letters;
            is_resolved(&shown.record) && letters.iter().all(|letter| letter.state != LetterState::Pending)
        };
        let surplus = self.records.values().filter(|shown| settled(shown)).count().saturating_sub(RESOLVED_SHOWN);
        let oldest: Vec<_> = self.records.iter().filter(|(_, shown)| settled(shown)).take(surplus).collect();
        let oldest: Vec<_> = oldest.into_iter().map(|(id, _)| id.clone()).collect();
        for id in oldest {
            self.records.remove(&id);
        }
    }
}

fn is_resolved(record: &IncidentRecord) -> bool {
    record.incident.state == IncidentState::Resolved
}
