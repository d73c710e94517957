//! What is decided and not yet written.
//!
//! While the store works this holds a few milliseconds of decisions, written in one transaction.
//! While it does not, this is the memory of the engine, and it is bounded: when it overflows, journal
//! entries go first (a checkpoint takes their place), then incidents that are over and told. What
//! is live is never given up.

use std::collections::{BTreeMap, BTreeSet};

use store::{Change, Incident, IncidentState, JournalEntry, Letter, LetterState, TimelineLine};

/// The most journal entries that wait.
pub(crate) const JOURNAL_WAITING_MAX: usize = 10_000;
/// The most incidents that wait.
pub(crate) const INCIDENTS_WAITING_MAX: usize = 2_000;

/// Decisions that wait to be written. Of each incident and letter, only its latest form.
#[derive(Debug, Default)]
pub(crate) struct Unsaved {
    incidents: BTreeMap<String, Incident>,
    timeline: Vec<TimelineLine>,
    letters: BTreeMap<u64, Letter>,
    journal: Vec<JournalEntry>,
}

impl Unsaved {
    pub(crate) fn keep(&mut self, incident: Incident) {
        self.incidents.insert(incident.id.clone(), incident);
    }

    pub(crate) fn note(&mut self, line: TimelineLine) {
        self.timeline.push(line);
    }

    pub(crate) fn letter(&mut self, letter: Letter) {
        self.letters.insert(letter.seq, letter);
    }

    pub(crate) fn journal(&mut self, entry: JournalEntry) {
        self.journal.push(entry);
    }

    pub(crate) fn len(&self) -> usize {
        self.incidents.len() + self.timeline.len() + self.letters.len() + self.journal.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything, as one transaction.
    pub(crate) fn take(&mut self) -> Change {
        let all = std::mem::take(self);
        Change {
            incidents: all.incidents.into_values().collect(),
            timeline: all.timeline,
            letters: all.letters.into_values().collect(),
            journal: all.journal,
            ..Change::default()
        }
    }

    /// Puts back what could not be written; newer forms of the same things win.
    pub(crate) fn put_back(&mut self, change: Change) {
        for incident in change.incidents {
            self.incidents.entry(incident.id.clone()).or_insert(incident);
        }
        for letter in change.letters {
            self.letters.entry(letter.seq).or_insert(letter);
        }
        self.timeline.splice(0..0, change.timeline);
        self.journal.splice(0..0, change.journal);
    }

    /// Gives up journal entries when there are too many; how many were given up.
    pub(crate) fn shed_journal(&mut self) -> usize {
        if self.journal.len() <= JOURNAL_WAITING_MAX {
            return 0;
        }
        std::mem::take(&mut self.journal).len()
    }

    /// Gives up the oldest incidents that are over and told, when there are too many; how many.
    pub(crate) fn shed_incidents(&mut self) -> usize {
        if self.incidents.len() <= INCIDENTS_WAITING_MAX {
            return 0;
        }
        // A tenth more than needed, so that looking for them stays seldom.
        let surplus = self.incidents.len() - INCIDENTS_WAITING_MAX * 9 / 10;
        let pending = self.letters.values().filter(|letter| letter.state == LetterState::Pending);
        let untold: BTreeSet<_> = pending.map(|letter| letter.incident_id.clone()).collect();
        let over = self.incidents.values().filter(|incident| incident.state == IncidentState::Resolved);
        let given_up: BTreeSet<_> =
            over.map(|incident| incident.id.clone()).filter(|id| !untold.contains(id)).take(surplus).collect();
        self.incidents.retain(|id, _| !given_up.contains(id));
        self.timeline.retain(|line| !given_up.contains(&line.incident_id));
        self.letters.retain(|_, letter| !given_up.contains(&letter.incident_id));
        given_up.len()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use store::Severity;

    use super::*;

    fn incident(n: usize, state: IncidentState) -> Incident {
        Incident {
            id: format!("i-{n:06}"),
            key: format!("circuit/{n}"),
            dedup_key: String::new(),
            title: String::new(),
            severity: Severity::Error,
            state,
            opened_at: Timestamp::UNIX_EPOCH,
            resolved_at: (state == IncidentState::Resolved).then_some(Timestamp::UNIX_EPOCH),
            acknowledged_by: None,
            detail: "{}".into(),
        }
    }

    fn entry(seq: u64) -> JournalEntry {
        JournalEntry { seq, at: Timestamp::UNIX_EPOCH, version: 1, event: "{}".into(), effects: "[]".into() }
    }

    #[test]
    fn what_is_put_back_does_not_undo_what_is_newer() {
        let mut unsaved = Unsaved::default();
        unsaved.keep(incident(1, IncidentState::Open));
        unsaved.journal(entry(1));
        let failed = unsaved.take();
        unsaved.keep(incident(1, IncidentState::Resolved));
        unsaved.journal(entry(2));
        unsaved.put_back(failed);
        let change = unsaved.take();
        assert_eq!(change.incidents, [incident(1, IncidentState::Resolved)]);
        assert_eq!(change.journal.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2]);
        assert!(unsaved.is_empty());
    }

    #[test]
    fn the_buffer_is_bounded_and_keeps_what_is_live() {
        let mut unsaved = Unsaved::default();
        for n in 0..INCIDENTS_WAITING_MAX + 10 {
            let state = if n % 2 == 0 { IncidentState::Open } else { IncidentState::Resolved };
            unsaved.keep(incident(n, state));
        }
        assert_eq!(unsaved.shed_incidents(), INCIDENTS_WAITING_MAX / 10 + 10);
        assert_eq!(unsaved.shed_incidents(), 0);
        let live = unsaved.take().incidents.iter().filter(|it| it.state == IncidentState::Open).count();
        assert_eq!(live, INCIDENTS_WAITING_MAX / 2 + 5);

        for seq in 0..=JOURNAL_WAITING_MAX as u64 {
            unsaved.journal(entry(seq));
        }
        assert_eq!(unsaved.shed_journal(), JOURNAL_WAITING_MAX + 1);
    }
}
