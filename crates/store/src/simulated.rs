//! A store in memory that fails on request.
//!
//! It keeps the rules of the real one, so that the engine can be tested against every way in which a
//! database lets its caller down: refused writes, a full disk, an answer that never comes, and an
//! answer that is lost after the work was done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::{
    AUDIT_PAGE, AuditEntry, AuditRecord, BLOCKS_PAGE, COUNTED_PAGE, Change, Counted, CountedBlock, CountedRun,
    DOCUMENTS_PAGE, Document, INCIDENTS_PAGE, Incident, IncidentRecord, IncidentState, JOURNAL_PAGE, JournalEntry,
    LETTERS_PAGE, Lease, Letter, LetterState, Store, StoreError, TimelineLine,
};

/// One way to fail a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The write lock is taken.
    Locked,
    /// The disk is full.
    Full,
    /// The medium fails.
    Broken,
    /// The write is done, and its answer is lost.
    Unsure,
    /// The write is done so much later, in whatever order with those of others: its caller stood still.
    Late(Duration),
    /// No answer until [`Simulated::heal`].
    Hang,
}

/// A store in memory. Clones share their content, so that a "restarted" engine finds what the
/// earlier one wrote.
#[derive(Clone, Debug, Default)]
pub struct Simulated(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    inner: Mutex<Inner>,
    healed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    incidents: BTreeMap<String, Incident>,
    timeline: BTreeMap<(String, u32), TimelineLine>,
    letters: BTreeMap<u64, Letter>,
    journal: BTreeMap<u64, JournalEntry>,
    documents: BTreeMap<(String, String), Document>,
    audit: Vec<AuditEntry>,
    counted: BTreeMap<u64, Counted>,
    blocks: BTreeMap<(String, i64), CountedBlock>,
    leases: BTreeMap<String, Lease>,
    fault: Option<(Fault, u32)>,
    commits: u64,
}

impl Simulated {
    /// An empty store without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next `writes` writes fail with `fault`; `u32::MAX` means until [`heal`](Self::heal).
    pub fn fail_writes(&self, writes: u32, fault: Fault) {
        self.inner().fault = (writes > 0).then_some((fault, writes));
    }

    /// Ends every fault; writes that hang go on.
    pub fn heal(&self) {
        self.inner().fault = None;
        self.0.healed.notify_waiters();
    }

    /// Successful commits so far.
    pub fn commits(&self) -> u64 {
        self.inner().commits
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere cannot leave a half-made change: a change is checked, then applied.
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `write` under the fault that applies to it.
    async fn write<T: Send>(
        &self,
        write: impl FnOnce(&mut Inner) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        loop {
            let healed = self.0.healed.notified();
            let fault = self.inner().take_fault();
            match fault {
                None => return write(&mut self.inner()),
                Some(Fault::Locked) => return Err(StoreError::Locked),
                Some(Fault::Full) => return Err(StoreError::Full),
                Some(Fault::Broken) => return Err(StoreError::Other("simulated failure of the medium".into())),
                Some(Fault::Unsure) => {
                    write(&mut self.inner())?;
                    return Err(StoreError::Locked);
                }
                Some(Fault::Late(pause)) => {
                    late(pause).await;
                    return write(&mut self.inner());
                }
                Some(Fault::Hang) => healed.await,
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a store knows no clock, and a fault takes time all the same")]
async fn late(pause: Duration) {
    tokio::time::sleep(pause).await;
}

impl Inner {
    fn take_fault(&mut self) -> Option<Fault> {
        let (fault, left) = self.fault.as_mut()?;
        let fault = *fault;
        // A hanging write does not use its fault up: only healing ends it.
        if *left != u32::MAX && fault != Fault::Hang {
            *left -= 1;
        }
        self.fault = self.fault.filter(|(_, left)| *left > 0);
        Some(fault)
    }

    fn apply(&mut self, change: &Change) -> Result<(), StoreError> {
        self.refuse_bad(change)?;
        for incident in &change.incidents {
            self.incidents.insert(incident.id.clone(), incident.clone());
        }
        for line in &change.timeline {
            self.timeline.entry((line.incident_id.clone(), line.n)).or_insert_with(|| line.clone());
        }
        for letter in &change.letters {
            self.letters.insert(letter.seq, letter.clone());
        }
        for entry in &change.journal {
            self.journal.entry(entry.seq).or_insert_with(|| entry.clone());
        }
        self.keep(change);
        self.commits += 1;
        Ok(())
    }

    fn keep(&mut self, change: &Change) {
        for document in &change.documents {
            self.documents.insert((document.kind.clone(), document.id.clone()), document.clone());
        }
        for entry in &change.audit {
            if !self.audit.iter().any(|known| known.id == entry.id) {
                self.audit.push(entry.clone());
            }
        }
        for counted in &change.counted {
            self.counted.entry(counted.seq).or_insert_with(|| counted.clone());
        }
        if let Some(fold) = &change.fold {
            for block in &fold.blocks {
                self.blocks.insert((block.objective.clone(), block.block), block.clone());
            }
            self.counted.retain(|seq, _| fold.up_to < *seq);
        }
    }

    /// The lease, unless somebody else has it.
    fn take_lease(&mut self, name: &str, holder: &str, length: Duration, now: Timestamp) -> Option<Lease> {
        let until = now.saturating_add(length).unwrap_or(Timestamp::MAX);
        let known = self.leases.get(name);
        if known.is_some_and(|known| known.holder != holder && now < known.until && known.until <= until) {
            return None;
        }
        let is_anew = known.is_none_or(|known| known.holder != holder || known.until <= now);
        let fence = known.map_or(0, |known| known.fence) + u64::from(is_anew);
        let lease = Lease { name: name.to_owned(), holder: holder.to_owned(), fence, until };
        self.leases.insert(name.to_owned(), lease.clone());
        Some(lease)
    }

    fn give_back_lease(&mut self, lease: &Lease, now: Timestamp) {
        if let Some(known) = self.leases.get_mut(&lease.name).filter(|known| known.fence == lease.fence) {
            known.until = known.until.min(now);
        }
    }

    fn refuse_bad(&self, change: &Change) -> Result<(), StoreError> {
        if let Some((name, fence)) = &change.under
            && self.leases.get(name).is_none_or(|lease| lease.fence != *fence)
        {
            return Err(StoreError::Fenced(name.clone()));
        }
        let mut incidents: BTreeMap<&str, &Incident> =
            self.incidents.iter().map(|(id, it)| (id.as_str(), it)).collect();
        incidents.extend(change.incidents.iter().map(|incident| (incident.id.as_str(), incident)));
        let mut live = BTreeSet::new();
        for incident in incidents.values() {
            if incident.state != IncidentState::Resolved && !live.insert(incident.key.as_str()) {
                return Err(StoreError::Refused(format!("a second live incident for {}", incident.key)));
            }
            if (incident.state == IncidentState::Resolved) != incident.resolved_at.is_some() {
                return Err(StoreError::Refused(format!("incident {} is half resolved", incident.id)));
            }
        }
        for owner in change.timeline.iter().map(|l| &l.incident_id).chain(change.letters.iter().map(|l| &l.incident_id))
        {
            if !incidents.contains_key(owner.as_str()) {
                return Err(StoreError::Refused(format!("no incident {owner}")));
            }
        }
        for letter in &change.letters {
            let other = self.letters.get(&letter.seq).is_some_and(|known| known.id != letter.id);
            if other || (letter.state == LetterState::Delivered) != letter.delivered_at.is_some() {
                return Err(StoreError::Refused(format!("letter {} contradicts the outbox", letter.id)));
            }
        }
        for entry in &change.journal {
            if self.journal.get(&entry.seq).is_some_and(|known| known != entry) {
                return Err(StoreError::Refused(format!("journal entry {} differs", entry.seq)));
            }
        }
        Ok(())
    }

    fn record(&self, incident: &Incident) -> IncidentRecord {
        let lines = (incident.id.clone(), 0)..=(incident.id.clone(), u32::MAX);
        IncidentRecord {
            incident: incident.clone(),
            timeline: self.timeline.range(lines).map(|(_, line)| line.clone()).collect(),
            letters: self.letters.values().filter(|letter| letter.incident_id == incident.id).cloned().collect(),
        }
    }
}

#[async_trait]
impl Store for Simulated {
    async fn commit(&self, change: &Change) -> Result<(), StoreError> {
        self.write(|inner| inner.apply(change)).await
    }

    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        length: Duration,
        now: Timestamp,
    ) -> Result<Option<Lease>, StoreError> {
        self.write(|inner| Ok(inner.take_lease(name, holder, length, now))).await
    }

    async fn give_back_lease(&self, lease: &Lease, now: Timestamp) -> Result<(), StoreError> {
        self.write(|inner| {
            inner.give_back_lease(lease, now);
            Ok(())
        })
        .await
    }

    async fn check(&self, _at: Timestamp) -> Result<(), StoreError> {
        self.write(|_| Ok(())).await
    }

    async fn live_incidents(&self, after: Option<&str>) -> Result<Vec<IncidentRecord>, StoreError> {
        let inner = self.inner();
        let page = inner.incidents.values().filter(|incident| incident.state != IncidentState::Resolved);
        let page = page.filter(|incident| after.is_none_or(|after| incident.id.as_str() > after));
        Ok(page.take(INCIDENTS_PAGE).map(|incident| inner.record(incident)).collect())
    }

    async fn resolved_incidents(&self, before: Option<&str>) -> Result<Vec<IncidentRecord>, StoreError> {
        let inner = self.inner();
        let page = inner.incidents.values().rev().filter(|incident| incident.state == IncidentState::Resolved);
        let page = page.filter(|incident| before.is_none_or(|before| incident.id.as_str() < before));
        Ok(page.take(INCIDENTS_PAGE).map(|incident| inner.record(incident)).collect())
    }

    async fn incident(&self, id: &str) -> Result<Option<IncidentRecord>, StoreError> {
        let inner = self.inner();
        Ok(inner.incidents.get(id).map(|incident| inner.record(incident)))
    }

    async fn pending_letters(&self, receiver: &str, after: u64) -> Result<Vec<Letter>, StoreError> {
        let inner = self.inner();
        let page = inner.letters.range(after.saturating_add(1)..).map(|(_, letter)| letter);
        let page = page.filter(|letter| letter.receiver == receiver && letter.state == LetterState::Pending);
        Ok(page.take(LETTERS_PAGE).cloned().collect())
    }

    async fn pending_receivers(&self) -> Result<Vec<String>, StoreError> {
        let inner = self.inner();
        let pending = inner.letters.values().filter(|letter| letter.state == LetterState::Pending);
        let names: BTreeSet<_> = pending.map(|letter| letter.receiver.clone()).collect();
        Ok(names.into_iter().take(LETTERS_PAGE).collect())
    }

    async fn letters_head(&self) -> Result<u64, StoreError> {
        Ok(self.inner().letters.keys().next_back().copied().unwrap_or(0))
    }

    async fn journal(&self, after: u64) -> Result<Vec<JournalEntry>, StoreError> {
        let inner = self.inner();
        let page = inner.journal.range(after.saturating_add(1)..).map(|(_, entry)| entry.clone());
        Ok(page.take(JOURNAL_PAGE).collect())
    }

    async fn journal_head(&self) -> Result<u64, StoreError> {
        Ok(self.inner().journal.keys().next_back().copied().unwrap_or(0))
    }

    async fn documents(&self, kind: &str, after: Option<&str>) -> Result<Vec<Document>, StoreError> {
        let inner = self.inner();
        let of_kind = inner.documents.values().filter(|document| document.kind == kind);
        let page = of_kind.filter(|document| after.is_none_or(|after| after < document.id.as_str()));
        Ok(page.take(DOCUMENTS_PAGE).cloned().collect())
    }

    async fn audit(&self, before: Option<u64>) -> Result<Vec<AuditRecord>, StoreError> {
        let inner = self.inner();
        let all = (1..).zip(&inner.audit).map(|(seq, entry)| AuditRecord { seq, entry: entry.clone() });
        let mut page: Vec<_> = all.filter(|record| before.is_none_or(|before| record.seq < before)).collect();
        page.reverse();
        page.truncate(AUDIT_PAGE);
        Ok(page)
    }

    async fn counted(&self, after: u64) -> Result<Vec<Counted>, StoreError> {
        let inner = self.inner();
        let page = inner.counted.range(after.saturating_add(1)..).map(|(_, counted)| counted.clone());
        Ok(page.take(COUNTED_PAGE).collect())
    }

    async fn counted_blocks(&self, objective: &str, from: i64) -> Result<Vec<CountedBlock>, StoreError> {
        let inner = self.inner();
        let from = (objective.to_owned(), from);
        let page = inner.blocks.range(from..).map(|(_, block)| block);
        Ok(page.take_while(|block| block.objective == objective).take(BLOCKS_PAGE).cloned().collect())
    }

    async fn counted_run(&self, objective: &str, from: i64) -> Result<CountedRun, StoreError> {
        let blocks = self.counted_blocks(objective, from).await?;
        let lengths = blocks.iter().map(|block| (block.block, block.body.len()));
        let bodies = blocks.iter().flat_map(|block| block.body.iter().copied()).collect();
        CountedRun::new(lengths, bodies).ok_or_else(|| StoreError::Corrupt("blocks differ from themselves".to_owned()))
    }
}
