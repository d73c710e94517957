//! What do budgets cost? `cargo bench -p budget`
//!
//! A room has no store and no network, so these are the costs of deciding alone. Where a plain way of doing the same
//! exists, it runs beside ours: each round visits every subject once and the median of the rounds counts, so that a
//! noisy moment falls on all of them.
//!
//! - *8 windows*: the sums of 5 m, 30 m, 1 h, 2 h, 6 h, 1 d, 3 d and 30 d before one minute. The peers know neither
//!   missing minutes nor more than 32 bits, and a late minute makes a prefix sum add up everything after it again.
//! - *late minute*: a minute of 29 days ago is corrected, and all eight are read.
//! - *a book of 10,000*: 30 days of each, the standard alerts, one flow for ten objectives. `STEADYLINE_SLOS=1000`
//!   takes fewer.

#![expect(clippy::unwrap_used, reason = "a benchmark may stop at the first surprise")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use base::{Mono, Now, Ppm};
use budget::approvals::{Act, Person, Relief, Role, Wish};
use budget::book::{Event, FlowTerms, Kept, Policy};
use budget::ladder::{Mode, Rung, WhenUnknown};
use budget::{
    BLOCK, Block, Book, Budgeting, Count, Minute, Minutes, Objective, Rarity, Remaining, Series, Stretch, Terms,
    Window, gate, ladder,
};

/// Odd, so that one round is in the middle.
const ROUNDS: usize = 21;
/// How often the eight windows are read in a round.
const READS: u32 = 20_000;
/// How often the gate is asked.
const ASKED: usize = 2_000;
/// The end of the thirty days, in minutes since 1970; in the middle of a block.
const END: i64 = 29_000_100;
const MONTH: Minutes = Minutes::days(30);
const WINDOWS: [Minutes; 8] = [
    Minutes::new(5),
    Minutes::new(30),
    Minutes::hours(1),
    Minutes::hours(2),
    Minutes::hours(6),
    Minutes::days(1),
    Minutes::days(3),
    MONTH,
];

fn main() {
    // `cargo test` runs benchmarks, too; there it has nothing to tell.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    one();
    many();
}

/// One objective, beside plain ways of adding up.
fn one() {
    let minutes: Vec<Count> = traffic(1).take(MONTH.get() as usize).collect();
    let first = END - i64::from(MONTH.get());
    let mut series = Series::new(MONTH + Minutes::days(1));
    for (at, count) in minutes.iter().enumerate() {
        series.set(Minute::new(first + at as i64), *count).unwrap();
    }
    let mut plain: Vec<(u32, u32)> = minutes.iter().map(|count| count.pair()).collect();
    let mut prefix = prefix_sums(&plain);
    let late = MONTH.get() as usize / 30;

    let mut table = Table::default();
    for _ in 0..ROUNDS {
        table.note("8 windows", "steadyline", READS, || eight(&series));
        table.note("8 windows", "steadyline, each by itself", READS, || eight_apart(&series));
        table.note("8 windows", "prefix sums", READS, || eight_of_prefix(&prefix));
        table.note("8 windows", "added up", 100, || eight_of_plain(&plain));
        let mut bad = 0;
        table.note("late minute", "steadyline", 200, || {
            bad = 1 - bad;
            series.set(Minute::new(first + late as i64), Count::Observed { bad, total: 90 }).unwrap();
            eight(&series)
        });
        table.note("late minute", "prefix sums", 20, || {
            plain[late].0 = 1 - plain[late].0.min(1);
            prefix = prefix_sums(&plain);
            eight_of_prefix(&prefix)
        });
        table.note("late minute", "added up", 20, || {
            plain[late].0 = 1 - plain[late].0.min(1);
            eight_of_plain(&plain)
        });
    }
    table.print();
    println!("\nThirty days take {} bytes; as pairs of 32 bits {}.\n", series.bytes(), plain.len() * 8);
}

fn eight(series: &Series) -> u64 {
    let end = black_box(Minute::new(END));
    series.windows(WINDOWS, end).iter().map(|counts| counts.bad ^ counts.total).sum()
}

fn eight_apart(series: &Series) -> u64 {
    let end = black_box(Minute::new(END));
    WINDOWS.iter().map(|window| series.between(end - *window, end)).map(|counts| counts.bad ^ counts.total).sum()
}

fn eight_of_prefix(prefix: &[(u32, u32)]) -> u64 {
    let end = black_box(prefix.len() - 1);
    let before = prefix[end];
    let window = |window: &Minutes| {
        let start = prefix[end - window.get() as usize];
        u64::from(before.0 - start.0) ^ u64::from(before.1 - start.1)
    };
    WINDOWS.iter().map(window).sum()
}

fn eight_of_plain(plain: &[(u32, u32)]) -> u64 {
    let end = black_box(plain.len());
    let window = |window: &Minutes| {
        let minutes = &plain[end - window.get() as usize..end];
        let sums =
            minutes.iter().fold((0u64, 0u64), |sums, pair| (sums.0 + u64::from(pair.0), sums.1 + u64::from(pair.1)));
        sums.0 ^ sums.1
    };
    WINDOWS.iter().map(window).sum()
}

fn prefix_sums(plain: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut sums = (0, 0);
    let mut prefix = vec![sums];
    for (bad, total) in plain {
        sums = (sums.0 + bad, sums.1 + total);
        prefix.push(sums);
    }
    prefix
}

/// A book as large as one process is meant to hold.
fn many() {
    let objectives = std::env::var("STEADYLINE_SLOS").map_or(10_000, |text| text.parse().unwrap());
    let policy = policy(objectives);
    let mut book = Book::open(&policy, Kept::default());
    fill(&mut book, &policy);
    let bytes: usize = (0..objectives).map(|place| book.ledger_of(place).unwrap().bytes()).sum();
    println!("{objectives} objectives, {} bytes each.\n", bytes / objectives);

    let mut table = Table::default();
    let mut traffic = traffic(3);
    // The first tick takes a whole day into the evidence.
    assert!(book.take(&policy, Event::Ticked, at(0)).is_empty(), "a calm line stays calm");
    for round in 1..=ROUNDS as i64 {
        table.note("all objectives", "a minute counted", 1, || {
            for objective in 0..objectives {
                let event =
                    Event::Counted { objective, minute: Minute::new(END + round - 1), count: traffic.next().unwrap() };
                black_box(book.take(&policy, event, at(round)));
            }
        });
        table.note("all objectives", "a tick", 1, || book.take(&policy, Event::Ticked, at(round)));
        let first = round as usize * 97;
        table.note("gate", "one objective", 1, || book.gate(&policy, &ids(first, 1), at(round)));
        table.note("gate", "ten objectives", 1, || book.gate(&policy, &ids(first, 10), at(round)));
    }
    maintain(&mut table, &mut book, &policy);
    table.print();
    slowest_answers(&book, &policy);
}

/// Maintenance of last week, asked for and approved by two people, and what is left of every objective after it.
fn maintain(table: &mut Table, book: &mut Book, policy: &Policy) {
    let now = at(ROUNDS as i64);
    for round in 0..ROUNDS {
        let from = END - 10_000 + round as i64;
        let stretch = Stretch { from: Minute::new(from), until: Minute::new(from + 60) };
        let relief = Relief { budget: true, gate: true, degrade: true, rollback: true };
        let wish = Wish::Maintenance { objectives: ids(round, 1), stretch, zone: "UTC".into(), relief };
        let id = format!("maintenance-{round}");
        let ask = Act::Ask { id: id.clone(), wish, reason: "as agreed".into() };
        let person = |name: &str, role| Person { name: name.into(), role };
        black_box(book.take(policy, Event::Acted(person("ann", Role::Operator), ask), now));
        let approve = Event::Acted(person("ben", Role::Approver), Act::Approve(id));
        table.note("maintenance, backdated", "approved and in every window", 1, || {
            let effects = book.take(policy, approve.clone(), now);
            (effects, book.ledger_of(round).unwrap().status(&policy.objectives[round], now))
        });
    }
}

/// The whole distribution of the gate's answers.
fn slowest_answers(book: &Book, policy: &Policy) {
    println!("\n| gate | p50 | p99 | worst |\n|---|--:|--:|--:|");
    for (name, count) in [("one objective", 1), ("a flow of ten", 10)] {
        let mut spent: Vec<_> = (0..ASKED)
            .map(|at_nth| {
                let asked = ids(at_nth * 31, count);
                spent(|| book.gate(policy, &asked, at(ROUNDS as i64)))
            })
            .collect();
        spent.sort_unstable();
        let (middle, most, worst) = (spent[ASKED / 2], spent[ASKED * 99 / 100], spent[ASKED - 1]);
        println!("| {name} | {middle:.1?} | {most:.1?} | {worst:.1?} |");
    }
}

fn ids(first: usize, count: usize) -> Vec<String> {
    (first..first + count).map(|place| format!("slo-{}", place % 1_000)).collect()
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

/// Thirty days of every objective up to [`END`]; blocks are dealt from a few hundred, each with a beginning of its own.
fn fill(book: &mut Book, policy: &Policy) {
    let mut traffic = traffic(2);
    let blocks: Vec<[Count; BLOCK]> = (0..257).map(|_| std::array::from_fn(|_| traffic.next().unwrap())).collect();
    let last = Series::block_of(Minute::new(END - 1));
    for (place, terms) in policy.objectives.iter().enumerate() {
        let ledger = book.ledger_mut(place).unwrap();
        for back in (0..i64::from(MONTH.get()) / BLOCK as i64).rev() {
            let number = last - back;
            let mut minutes = blocks[(place * 31 + back as usize) % blocks.len()];
            let known = usize::try_from(END - number * BLOCK as i64).unwrap().min(BLOCK);
            minutes[known..].fill(Count::Missing);
            ledger.load(terms, number, &Block::of(&minutes));
        }
    }
}

/// Minutes of up to a hundred calls, of which one in a thousand is bad: a fifth of what 99.5 % allows.
fn traffic(seed: u64) -> impl Iterator<Item = Count> {
    let mut rng = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(move || {
        let total = rng.u64(..100);
        let bad = u64::from(rng.u64(..1_000) < total);
        Count::bad(bad.min(total), total).unwrap()
    })
}

fn at(minutes: i64) -> Now {
    Now { mono: Mono::ZERO, wall: Minute::new(END + minutes).start() }
}

/// What every subject of every case took, round by round.
#[derive(Default)]
struct Table(Vec<(&'static str, &'static str, Vec<f64>)>);

impl Table {
    /// Does something so many times and notes what once took.
    fn note<T>(&mut self, case: &'static str, subject: &'static str, times: u32, mut what: impl FnMut() -> T) {
        let all = spent(|| (0..times).for_each(|_| drop(black_box(what()))));
        let ns = all.as_secs_f64() * 1e9 / f64::from(times);
        match self.0.iter_mut().find(|row| (row.0, row.1) == (case, subject)) {
            Some((_, _, rounds)) => rounds.push(ns),
            None => self.0.push((case, subject, vec![ns])),
        }
    }

    fn print(&mut self) {
        println!("| case | what | median | slowest round | against the first |\n|---|---|--:|--:|--:|");
        for (_, _, rounds) in &mut self.0 {
            rounds.sort_by(f64::total_cmp);
        }
        let median = |rounds: &[f64]| rounds[rounds.len() / 2];
        let time = |ns: f64| Duration::from_secs_f64(ns / 1e9);
        for (case, subject, rounds) in &self.0 {
            let first = self.0.iter().find(|row| row.0 == *case).map_or(1.0, |row| median(&row.2));
            let (middle, slowest) = (median(rounds), rounds[rounds.len() - 1]);
            println!("| {case} | {subject} | {:.1?} | {:.1?} | {:.2} |", time(middle), time(slowest), middle / first);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn spent<T>(what: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    black_box(what());
    began.elapsed()
}
