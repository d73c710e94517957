//! What people are shown: the live incidents and the latest that are over.

use std::collections::BTreeMap;

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
    pub incidents: Vec<IncidentView>,
    /// How keeping things goes.
    pub store: StoreView,
    /// How telling people goes, in the order of the receivers' names.
    pub receivers: Vec<ReceiverView>,
}

/// The incidents in view, with their stories and letters.
#[derive(Debug, Default)]
pub(crate) struct Board {
    records: BTreeMap<String, IncidentRecord>,
}

impl Board {
    pub(crate) fn load(&mut self, record: IncidentRecord) {
        self.records.insert(record.incident.id.clone(), record);
        self.trim();
    }

    pub(crate) fn keep(&mut self, incident: &Incident) {
        let record = self.records.entry(incident.id.clone()).or_insert_with(|| IncidentRecord {
            incident: incident.clone(),
            timeline: Vec::new(),
            letters: Vec::new(),
        });
        record.incident = incident.clone();
        self.trim();
    }

    pub(crate) fn note(&mut self, line: &TimelineLine) {
        if let Some(record) = self.records.get_mut(&line.incident_id) {
            record.timeline.push(line.clone());
        }
    }

    pub(crate) fn letter(&mut self, letter: &Letter) {
        let Some(record) = self.records.get_mut(&letter.incident_id) else { return };
        match record.letters.iter_mut().find(|known| known.seq == letter.seq) {
            Some(known) => *known = letter.clone(),
            None => record.letters.push(letter.clone()),
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&IncidentRecord> {
        self.records.get(id)
    }

    pub(crate) fn incidents(&self) -> Vec<IncidentView> {
        let live = self.records.values().rev().filter(|record| !is_resolved(record));
        let over = self.records.values().rev().filter(|record| is_resolved(record)).take(RESOLVED_SHOWN);
        live.chain(over).map(incident_view).collect()
    }

    /// Forgets the oldest incidents that are over and fully told. Those with letters on their way are
    /// kept, so that the letters have somebody to report to.
    fn trim(&mut self) {
        let settled = |record: &IncidentRecord| {
            is_resolved(record) && record.letters.iter().all(|letter| letter.state != LetterState::Pending)
        };
        let surplus = self.records.values().filter(|record| settled(record)).count().saturating_sub(RESOLVED_SHOWN);
        if surplus == 0 {
            return;
        }
        let oldest: Vec<_> = self.records.iter().filter(|(_, record)| settled(record)).take(surplus).collect();
        let oldest: Vec<_> = oldest.into_iter().map(|(id, _)| id.clone()).collect();
        for id in oldest {
            self.records.remove(&id);
        }
    }
}

fn is_resolved(record: &IncidentRecord) -> bool {
    record.incident.state == IncidentState::Resolved
}
