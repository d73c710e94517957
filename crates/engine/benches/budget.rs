//! What do budgets cost with a store? `cargo bench -p engine --bench budget`
//!
//! Running budgets over SQLite on this machine's disk, through the engine's own path: a source answers for all
//! objectives, the book takes every count and a tick, views are made, one transaction is written. The clock runs sixty
//! times as fast, so that a minute is a second. `STEADYLINE_SLOS=1000` takes fewer than 10,000 objectives,
//! `STEADYLINE_BLOCKS=1` blocks of version 1, and `STEADYLINE_STORE=FOLDER` keeps what was prepared for the next time.
//!
//! - *prepare*: thirty days of blocks are written as the engine folds them, one block of all objectives a transaction.
//! - *start*: from an open store to running budgets, with two hours that are in no block yet.
//! - *a minute*: from the source's answer to the end of the commit.
//! - *gate*: as the HTTP API asks it, decision id and all.

#![expect(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base::Ppm;
use budget::book::{FlowTerms, Policy};
use budget::ladder::{Mode, Rung, WhenUnknown};
use budget::{
    BLOCK, Budgeting, Count, Minute, Minutes, Objective, Rarity, Remaining, Series, Terms, Window, gate, ladder,
};
use clock::Clock;
use engine::budget::source::{Reading, Readings};
use engine::budget::{Budgets, Setup, Source, SourceError};
use engine::{Engine, Policy as Incidents};
use jiff::Timestamp;
use store::{
    AuditRecord, Change, Counted, CountedBlock, CountedRun, Document, Fold, IncidentRecord, JournalEntry, Lease,
    Letter, Sqlite, Store, StoreError,
};

/// The end of the thirty days, in minutes since 1970; in the middle of a block.
const END: i64 = 29_000_100;
const MONTH: Minutes = Minutes::days(30);
/// Minutes that are in no block yet when budgets start.
const UNFOLDED: i64 = 120;
/// Minutes that are measured.
const MINUTES: usize = 15;
/// How often the gate is asked.
const ASKED: usize = 1_000;
/// How much faster than real time minutes pass.
const SPEED: u32 = 60;

fn main() {
    // `cargo test` runs benchmarks, too; there it has nothing to tell.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run());
}

async fn run() {
    let objectives = std::env::var("STEADYLINE_SLOS").map_or(10_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("budget.db");
    let form = if std::env::var("STEADYLINE_BLOCKS").is_ok_and(|text| text == "1") { by_minutes } else { by_columns };
    println!("{objectives} objectives\n\n| what | took |\n|---|--:|");
    match std::env::var("STEADYLINE_STORE").map(std::path::PathBuf::from) {
        Ok(kept) => {
            let kept = kept.join("budget.db");
            if !kept.exists() {
                prepare(&kept, objectives, form).await;
            }
            std::fs::copy(kept, &path).unwrap();
        }
        Err(_) => prepare(&path, objectives, form).await,
    }

    let store = Sqlite::open(&path).await.unwrap();
    let store = Arc::new(Watched { inner: store, moments: Mutex::default() });
    let clock = Clock::starting_at(Minute::new(END).start(), SPEED);
    let incidents = engine::Setup {
        store: Arc::new(store::Simulated::default()),
        receivers: Vec::new(),
        clock: clock.clone(),
        policy: Incidents::standard("bench"),
        seed: 1,
    };
    let engine = Engine::start(incidents).await.unwrap();
    let setup = Setup {
        policy: policy(objectives),
        kinds: vec!["bench".into(); objectives],
        enrichment: vec![Vec::new(); objectives.div_ceil(10)],
        sources: vec![store.clone()],
        store: store.clone(),
        incidents: engine.sender(),
        clock: clock.clone(),
    };
    store.moments.lock().unwrap().objectives = objectives;
    let began = Instant::now();
    let budgets = Budgets::start(setup).await.unwrap();
    println!("| start | {:.2?} |", began.elapsed());
    println!("| memory in use after it | {} MiB |", rss_mib());
    while store.moments.lock().unwrap().took.len() < MINUTES {
        clock.sleep(Duration::from_secs(10)).await;
    }
    let mut took = store.moments.lock().unwrap().took.split_off(1);
    took.sort_unstable();
    println!("| a minute, median of {} | {:.1?} |", took.len(), took[took.len() / 2]);
    println!("| a minute, the slowest | {:.1?} |", took[took.len() - 1]);
    for (name, slos, flows) in [("one objective", 1, 0), ("a flow of ten", 0, 1)] {
        let answers = (0..ASKED).map(|nth| {
            let slos: Vec<_> = (0..slos).map(|_| format!("slo-{}", nth * 7 % objectives)).collect();
            let flows: Vec<_> = (0..flows).map(|_| format!("flow-{}", nth % (objectives / 10) * 10)).collect();
            let began = Instant::now();
            std::hint::black_box(budgets.gate(&slos, &flows));
            began.elapsed()
        });
        let mut answers: Vec<_> = answers.collect();
        answers.sort_unstable();
        let [middle, most] = [ASKED / 2, ASKED * 99 / 100].map(|at| answers[at]);
        println!("| gate, {name}: p50, p99 | {middle:.1?}, {most:.1?} |");
    }
    budgets.shutdown().await;
}

/// Thirty days up to two hours before [`END`] in blocks, the rest as it came.
async fn prepare(path: &std::path::Path, objectives: usize, form: fn(&[(u64, u64)]) -> Vec<u8>) {
    let store = Sqlite::open(path).await.unwrap();
    let mut traffic = traffic();
    let folded_until = END - UNFOLDED;
    let (first, last) = (Series::block_of(Minute::new(END) - MONTH), Series::block_of(Minute::new(folded_until)));
    let mut slowest = Duration::ZERO;
    for number in first..=last {
        let known = usize::try_from(folded_until - number * BLOCK as i64).unwrap().min(BLOCK);
        let bodies: Vec<_> = (0..257).map(|_| form(&traffic.by_ref().take(known).collect::<Vec<_>>())).collect();
        let body = |place: usize| bodies[(place * 31 + number as usize) % bodies.len()].clone();
        let block = |place| CountedBlock { objective: format!("slo-{place}"), block: number, body: body(place) };
        let fold = Fold { blocks: (0..objectives).map(block).collect(), up_to: 0 };
        let change = Change { fold: Some(fold), ..Change::default() };
        let began = Instant::now();
        store.commit(&change).await.unwrap();
        slowest = slowest.max(began.elapsed());
    }
    for nth in 0..UNFOLDED {
        let count = |place| format!("[\"slo-{place}\",{},[{},{}]]", folded_until + nth, u8::from(place % 17 == 0), 50);
        let counts: Vec<_> = (0..objectives).map(count).collect();
        let body = format!("{{\"version\":1,\"counts\":[{}]}}", counts.join(","));
        let counted = vec![Counted { seq: u64::try_from(nth).unwrap() + 1, body }];
        store.commit(&Change { counted, ..Change::default() }).await.unwrap();
    }
    store.close().await;
    println!("| writing a block of every objective, the slowest | {slowest:.1?} |");
    println!("| size of the store | {} MiB |", std::fs::metadata(path).unwrap().len() >> 20);
}

/// A block in the stored form, version 2: known minutes of less than 256 calls and then missing ones.
fn by_columns(minutes: &[(u64, u64)]) -> Vec<u8> {
    let is_whole = minutes.len() == BLOCK;
    let mut bytes = vec![2, 1 | 1 << 3 | u8::from(is_whole) << 6];
    if !is_whole {
        let known = |byte| (0..8).fold(0, |bits, bit| bits | u8::from(byte * 8 + bit < minutes.len()) << bit);
        bytes.extend((0..BLOCK / 8).map(known));
    }
    bytes.extend((0..BLOCK).map(|place| minutes.get(place).map_or(0, |(_, total)| *total as u8)));
    let bads = minutes.iter().zip(0u8..=u8::MAX).filter(|((bad, _), _)| *bad > 0);
    bytes.extend((bads.clone().count() as u16).to_le_bytes());
    bytes.extend(bads.flat_map(|((bad, _), place)| [place, *bad as u8]));
    bytes
}

/// The same in version 1.
fn by_minutes(minutes: &[(u64, u64)]) -> Vec<u8> {
    let mut bytes = vec![1];
    for (bad, total) in minutes {
        put(&mut bytes, total + 1);
        if *total > 0 {
            put(&mut bytes, *bad);
        }
    }
    if minutes.len() < BLOCK {
        put(&mut bytes, 0);
        put(&mut bytes, (BLOCK - minutes.len()) as u64);
    }
    bytes
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while 0x80 <= number {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Minutes of up to a hundred calls, of which one in a thousand is bad: a fifth of what 99.5 % allows.
fn traffic() -> impl Iterator<Item = (u64, u64)> {
    let mut rng = fastrand::Rng::with_seed(1);
    std::iter::repeat_with(move || {
        let total = rng.u64(..100);
        (u64::from(rng.u64(..1_000) < total).min(total), total)
    })
}

fn policy(objectives: usize) -> Policy {
    let rung =
        |mode, enter, leave| Rung { mode, enter_below: Remaining::percent(enter), leave_at: Remaining::percent(leave) };
    let ladder = ladder::Policy {
        rungs: vec![rung(Mode::Trim, 20, 30), rung(Mode::AgentOnly, 5, 10)],
        dwell: Minutes::new(30),
        unknown: WhenUnknown::Hold,
        patience: Minutes::new(10),
    };
    let flow = |first: usize| FlowTerms {
        id: format!("flow-{first}"),
        objectives: (first..objectives.min(first + 10)).collect(),
        ladder: ladder.clone(),
    };
    Policy {
        objectives: (0..objectives).map(terms).collect(),
        flows: (0..objectives).step_by(10).map(flow).collect(),
        gate: gate::Policy { floor: Remaining::new(0), window: None, age_max: Minutes::new(5) },
    }
}

fn terms(place: usize) -> Terms {
    let (target, window) = (Ppm::new(995_000).unwrap(), Window::Rolling(MONTH));
    let objective = Objective {
        id: format!("slo-{place}"),
        name: format!("SLO {place}"),
        description: String::new(),
        service: "ivr".into(),
        target,
        alerts: Objective::standard_alerts(target, &window),
        window,
        budgeting: Budgeting::Occurrences,
    };
    Terms {
        objective,
        settle: Minutes::new(1),
        blind_after: Minutes::new(3),
        missing_max: Ppm::percent(20),
        rarity: Rarity::default(),
    }
}

fn rss_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0) / 1_024
}

/// The source of all counts, and a store that notes when what it told is written.
struct Watched {
    inner: Sqlite,
    moments: Mutex<Moments>,
}

#[derive(Default)]
struct Moments {
    objectives: usize,
    told: Option<Instant>,
    took: Vec<Duration>,
}

#[async_trait]
impl Source for Watched {
    fn kind(&self) -> &'static str {
        "bench"
    }

    fn objectives(&self) -> Vec<usize> {
        (0..self.moments.lock().unwrap().objectives).collect()
    }

    async fn read(&self, from: Minute, until: Minute) -> Result<Readings, SourceError> {
        let mut moments = self.moments.lock().unwrap();
        let count = |place: usize| Count::Observed { bad: u32::from(place.is_multiple_of(17)), total: 50 };
        let minutes = (from.get()..until.get()).map(Minute::new);
        let readings = minutes.flat_map(|minute| {
            (0..moments.objectives).map(move |objective| Reading { objective, minute, count: count(objective) })
        });
        let readings: Vec<_> = readings.collect();
        moments.told = Some(Instant::now());
        Ok(readings.into())
    }
}

#[async_trait]
impl Store for Watched {
    async fn commit(&self, change: &Change) -> Result<(), StoreError> {
        self.inner.commit(change).await?;
        let mut moments = self.moments.lock().unwrap();
        let told = if change.counted.is_empty() { None } else { moments.told.take() };
        moments.took.extend(told.map(|told| told.elapsed()));
        Ok(())
    }

    async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        length: Duration,
        now: Timestamp,
    ) -> Result<Option<Lease>, StoreError> {
        self.inner.take_lease(name, holder, length, now).await
    }

    async fn give_back_lease(&self, lease: &Lease, now: Timestamp) -> Result<(), StoreError> {
        self.inner.give_back_lease(lease, now).await
    }

    async fn check(&self, at: Timestamp) -> Result<(), StoreError> {
        self.inner.check(at).await
    }

    async fn live_incidents(&self, after: Option<&str>) -> Result<Vec<IncidentRecord>, StoreError> {
        self.inner.live_incidents(after).await
    }

    async fn resolved_incidents(&self, before: Option<&str>) -> Result<Vec<IncidentRecord>, StoreError> {
        self.inner.resolved_incidents(before).await
    }

    async fn incident(&self, id: &str) -> Result<Option<IncidentRecord>, StoreError> {
        self.inner.incident(id).await
    }

    async fn pending_letters(&self, receiver: &str, after: u64) -> Result<Vec<Letter>, StoreError> {
        self.inner.pending_letters(receiver, after).await
    }

    async fn pending_receivers(&self) -> Result<Vec<String>, StoreError> {
        self.inner.pending_receivers().await
    }

    async fn letters_head(&self) -> Result<u64, StoreError> {
        self.inner.letters_head().await
    }

    async fn journal(&self, after: u64) -> Result<Vec<JournalEntry>, StoreError> {
        self.inner.journal(after).await
    }

    async fn journal_head(&self) -> Result<u64, StoreError> {
        self.inner.journal_head().await
    }

    async fn documents(&self, kind: &str, after: Option<&str>) -> Result<Vec<Document>, StoreError> {
        self.inner.documents(kind, after).await
    }

    async fn audit(&self, before: Option<u64>) -> Result<Vec<AuditRecord>, StoreError> {
        self.inner.audit(before).await
    }

    async fn counted(&self, after: u64) -> Result<Vec<Counted>, StoreError> {
        self.inner.counted(after).await
    }

    async fn counted_blocks(&self, objective: &str, from: i64) -> Result<Vec<CountedBlock>, StoreError> {
        self.inner.counted_blocks(objective, from).await
    }

    async fn counted_run(&self, objective: &str, from: i64) -> Result<CountedRun, StoreError> {
        self.inner.counted_run(objective, from).await
    }
}
