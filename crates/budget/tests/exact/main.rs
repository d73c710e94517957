//! Ten million random answers beside the truth: sums, burn rates, what is left, alerts, counters. None may differ.
//!
//! Each **world** is a list of minutes that is filled out of order, corrected, excluded and forgiven, with objectives
//! that count events or slices, over rolling windows or days of a zone whose clocks are being changed. A world that goes
//! wrong names its seed.

#![expect(clippy::unwrap_used, reason = "a helper of a test is a test")]

mod oracle;

use base::{Mono, Now, Ppm};
use budget::counter::{Counter, Look};
use budget::ledger::{Effect, Event};
use budget::{
    Budgeting, BurnRule, Count, Counts, Ledger, Minute, Minutes, Objective, Period, Rarity, Remaining, Severity,
    Stretch, Terms, Unit, Window,
};
use fastrand::Rng;

use crate::oracle::{Found, Sums, Truth};

/// Answers that are compared.
const CHECKS: u64 = 10_000_000;
/// Minutes of a world: some whole slices of any length below, and fewer than any window's horizon.
const LENGTH: u32 = 2_160;
/// Slices that divide a day, an hour at most.
const SLICES: [u32; 6] = [1, 2, 5, 15, 30, 60];
/// Some minutes before clocks change, and where.
const CHANGES: [(&str, &str); 9] = [
    ("Europe/Berlin", "2026-03-28T12:00:00Z"),
    ("Europe/Berlin", "2026-10-24T12:00:00Z"),
    ("America/New_York", "2026-03-07T12:00:00Z"),
    ("America/New_York", "2026-10-31T12:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T06:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T06:00:00Z"),
    ("America/Santiago", "2026-04-04T12:00:00Z"),
    ("America/Santiago", "2026-09-05T12:00:00Z"),
    ("America/Havana", "2026-10-31T12:00:00Z"),
];

#[test]
fn ten_million_answers_are_those_of_exact_fractions() {
    let (mut checks, mut seed) = (0, 0);
    while checks < CHECKS {
        seed += 1;
        let mut world = World::new(seed);
        for _ in 0..12 {
            world.happen();
            checks += world.check();
        }
        checks += check_counter(&mut Rng::with_seed(seed), seed);
    }
    println!("{checks} answers in {seed} worlds");
}

struct World {
    seed: u64,
    rng: Rng,
    terms: Terms,
    ledger: Ledger,
    truth: Truth,
    /// The largest count of a minute.
    largest: u64,
    /// Which alerts hold.
    firing: Vec<bool>,
    is_spent: bool,
    /// Periods of the calendar that were looked up.
    periods: Vec<Stretch>,
    /// The last minute that was looked at: time does not go back.
    now: Minute,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let (terms, from) = terms(&mut rng);
        // From a whole hour on, so that it begins and ends with a slice.
        let from = Minute::new(from.get().div_euclid(60) * 60);
        let truth = Truth::new(Stretch { from, until: from + Minutes::new(LENGTH) });
        let largest = *rng.choice([&1, &40, &300, &70_000, &u64::from(u32::MAX)]).unwrap();
        let firing = vec![false; terms.objective.alerts.len()];
        let ledger = Ledger::new(&terms.objective);
        Self { seed, ledger, terms, truth, largest, firing, is_spent: false, periods: Vec::new(), now: from, rng }
    }

    /// Something of everything that changes sums.
    fn happen(&mut self) {
        let (all, one, other) = (self.truth.all, self.minute(), self.minute());
        match self.rng.u8(..8) {
            0 => self.count(all),
            1..=3 => self.count(Stretch { from: one, until: other }),
            4 | 5 => self.count(Stretch { from: one, until: all.until.min(one + Minutes::new(1)) }),
            6 => {
                let stretches: Vec<_> =
                    (0..self.rng.usize(..5)).map(|_| Stretch { from: self.minute(), until: self.minute() }).collect();
                self.truth.exclude(&stretches);
                self.ledger.exclude(stretches);
            }
            _ => {
                self.truth.forgiven_before = self.rng.bool().then_some(one);
                self.ledger.forgive(self.truth.forgiven_before);
            }
        }
        self.truth.judge(self.terms.objective.budgeting, self.terms.missing_max.get());
    }

    /// Counts a stretch anew, in a random order.
    fn count(&mut self, stretch: Stretch) {
        let mut minutes: Vec<_> = (stretch.from.get()..stretch.until.get()).map(Minute::new).collect();
        if self.rng.bool() {
            self.rng.shuffle(&mut minutes);
        }
        let (is_quiet, missing) = (self.rng.bool(), self.rng.u32(..20));
        for minute in minutes {
            let count = self.random_count(is_quiet, missing);
            self.truth.set(minute, count);
            let effects = self.ledger.take(&self.terms, Event::Counted { minute, count }, at(self.truth.all.until));
            assert!(effects.is_empty(), "seed {}: {effects:?}", self.seed);
        }
    }

    fn random_count(&mut self, is_quiet: bool, missing: u32) -> Count {
        if self.rng.u32(..100) < missing {
            return Count::Missing;
        }
        if is_quiet && self.rng.u8(..4) != 0 {
            return Count::Empty;
        }
        let total = self.rng.u64(..=self.largest);
        let most = if self.rng.bool() { total } else { total / 100 };
        Count::bad(self.rng.u64(..=most), total).unwrap()
    }

    fn check(&mut self) -> u64 {
        let mut checks = 0;
        for _ in 0..200 {
            checks += self.check_stretch();
        }
        for _ in 0..20 {
            checks += self.check_left();
        }
        checks + self.check_tick()
    }

    /// Sums and burn rates of any stretch.
    fn check_stretch(&mut self) -> u64 {
        let (one, other) = (self.minute(), self.minute());
        let stretch = Stretch { from: one.min(other), until: one.max(other) };
        let found = self.truth.find(stretch.from, stretch.until);
        self.same(sums(self.ledger.raw(stretch)), found.raw, stretch);
        self.same(sums(self.ledger.adjusted(stretch)), found.adjusted, stretch);

        let from = self.truth.measured_from(stretch.from, stretch.until);
        let measured = self.truth.find(from, stretch.until).adjusted;
        let burn = self.ledger.burn(&self.terms, stretch);
        let is_known = measured.is_known_enough(self.terms.missing_max.get());
        self.same(burn.map(|burn| sums(burn.counts)), is_known.then_some(measured), stretch);
        let Some(burn) = burn else { return 3 };
        let milli = self.random_rate(measured);
        let expected = measured.compare_burn(self.terms.objective.allowed().get(), milli);
        self.same(burn.compare(milli), expected, (stretch, milli));
        4
    }

    /// A rate, as often as not the very one.
    fn random_rate(&mut self, counts: Sums) -> u32 {
        let whole = counts.total * i128::from(self.terms.objective.allowed().get());
        if whole == 0 || self.rng.bool() {
            return self.rng.u32(..20_000);
        }
        u32::try_from(counts.bad * 1_000_000_000 / whole).unwrap_or(u32::MAX)
    }

    /// What is left at any minute.
    fn check_left(&mut self) -> u64 {
        let end = self.minute();
        let end = self.whole(end);
        let (window, found) = self.window_before(end);
        let [expected, expected_raw] = self.left(window, end, found);
        let ppm = |left: Option<Remaining>| left.map(|left| i128::from(left.get()));
        let status = self.ledger.status(&self.terms, at(end + self.terms.settle));
        self.same(ppm(self.ledger.remaining(&self.terms, end)), expected, (window, end));
        self.same(ppm(status.remaining), expected, (window, end));
        self.same(ppm(status.raw_remaining), expected_raw, (window, end));
        self.same(i128::from(status.forgiven), found.adjusted.bad - found.spent, (window, end));
        self.same(status.window, window, end);
        5
    }

    /// The objective's window before a minute, and what was counted in the measured part of it.
    fn window_before(&mut self, end: Minute) -> (Stretch, Found) {
        let window = self.window(end);
        (window, self.truth.find(self.truth.measured_from(window.from, end), end))
    }

    /// What is left of the adjusted budget and of the raw one.
    fn left(&self, window: Stretch, end: Minute, found: Found) -> [Option<i128>; 2] {
        let part = i128::from(end.get() - self.truth.measured_from(window.from, end).get());
        let (allowed, whole) = (self.terms.objective.allowed().get(), i128::from(window.length().get()));
        [(found.adjusted, found.spent), (found.raw, found.raw.bad)].map(|(sums, bad)| {
            let is_known = sums.is_known_enough(self.terms.missing_max.get());
            is_known.then(|| sums.left_ppm(bad, allowed, part, whole)).flatten()
        })
    }

    /// What a tick tells: which alerts hold, and whether the budget is spent.
    fn check_tick(&mut self) -> u64 {
        let end = self.minute().max(self.now);
        self.now = end;
        let now = at(end + self.terms.settle);
        let end = self.whole(end);
        let (mut told, mut told_spent) = (self.firing.clone(), self.is_spent);
        for effect in self.ledger.take(&self.terms, Event::Ticked, now) {
            match effect {
                Effect::Alert { rule, is_firing } => told[rule] = is_firing,
                Effect::Spent(is_spent) => told_spent = is_spent,
                Effect::Blind(_) | Effect::Refused(..) => {}
            }
        }
        let status = self.ledger.status(&self.terms, now);
        for (place, shown) in status.alerts.iter().enumerate() {
            let expected = self.holds(&shown.rule, end, status.odds, self.firing[place]);
            self.same(told[place], expected, (place, end, status.odds));
            self.same(shown.is_firing, expected, (place, end, status.odds));
        }
        self.firing = told;
        let (window, found) = self.window_before(end);
        let [left, _] = self.left(window, end, found);
        self.is_spent = left.map_or(self.is_spent, |left| left <= 0);
        self.same(told_spent, self.is_spent, (window, end));
        2 * self.firing.len() as u64 + 1
    }

    /// Whether an alert holds; one that cannot be judged stays as it was.
    fn holds(&self, rule: &BurnRule, end: Minute, odds: f64, was_firing: bool) -> bool {
        let sums = |length| self.truth.find(self.truth.measured_from(end - length, end), end).adjusted;
        let (long, short) = (sums(rule.long), sums(rule.short));
        let missing_max = self.terms.missing_max.get();
        if !long.is_known_enough(missing_max) || !short.is_known_enough(missing_max) {
            return was_firing;
        }
        let reaches = |sums: Sums| {
            let order = sums.compare_burn(self.terms.objective.allowed().get(), rule.burn_milli);
            order.is_some_and(std::cmp::Ordering::is_ge)
        };
        let needed = match rule.severity {
            Severity::Page => self.terms.rarity.page,
            Severity::Ticket => self.terms.rarity.ticket,
        };
        let goes_on = was_firing && (short.total == 0 || reaches(short));
        reaches(long) && (goes_on || (short.total > 0 && reaches(short) && needed <= odds))
    }

    /// The objective's window before `end`.
    fn window(&mut self, end: Minute) -> Stretch {
        let period = match &self.terms.objective.window {
            Window::Rolling(length) => return Stretch { from: end - *length, until: end },
            Window::Calendar(period) => period,
        };
        let last = end - Minutes::new(1);
        if let Some(known) = self.periods.iter().find(|known| known.contains(last)) {
            return *known;
        }
        let found = oracle::period(period, last);
        self.periods.push(found);
        found
    }

    /// Up to here slices are whole; what counts events is judged up to every minute.
    fn whole(&self, end: Minute) -> Minute {
        match self.terms.objective.budgeting {
            Budgeting::Occurrences => end,
            Budgeting::Timeslices { length, .. } => Minute::new(end.get() - end.get().rem_euclid(length.get().into())),
        }
    }

    /// Some minute of this world, or its end.
    fn minute(&mut self) -> Minute {
        self.truth.all.from + Minutes::new(self.rng.u32(..=LENGTH))
    }

    fn same<T: PartialEq + std::fmt::Debug>(&self, ours: T, truth: T, of: impl std::fmt::Debug) {
        assert!(ours == truth, "seed {}: {ours:?} instead of {truth:?} of {of:?}", self.seed);
    }
}

fn terms(rng: &mut Rng) -> (Terms, Minute) {
    let budgeting = if rng.u8(..3) > 0 {
        Budgeting::Occurrences
    } else {
        let length = Minutes::new(*rng.choice(&SLICES).unwrap());
        Budgeting::Timeslices { length, target: Ppm::new(rng.u32(1..=1_000_000)).unwrap() }
    };
    let (window, from) = if rng.bool() {
        (Window::Rolling(Minutes::new(rng.u32(720..20_000))), Minute::new(rng.i64(-100_000..30_000_000)))
    } else {
        let (zone, before) = rng.choice(&CHANGES).unwrap();
        let zone = jiff::tz::TimeZone::get(zone).unwrap();
        let first = jiff::civil::date(2025, 1, 1).at(0, 0, 0, 0);
        let unit = if rng.u8(..4) == 0 { Unit::Week } else { Unit::Day };
        (Window::Calendar(Period { first, zone, unit, count: 1 }), Minute::of(before.parse().unwrap()))
    };
    let rules = (0..rng.usize(..4)).map(|_| rule(rng)).collect();
    let objective = Objective {
        id: "crm".into(),
        name: "CRM".into(),
        description: String::new(),
        service: "ivr".into(),
        target: Ppm::new(rng.u32(1..1_000_000)).unwrap(),
        alerts: rules,
        window,
        budgeting,
    };
    let missing_max = Ppm::new(*rng.choice([&0, &50_000, &200_000, &999_999, &1_000_000]).unwrap()).unwrap();
    let rarity = if rng.bool() { Rarity::default() } else { Rarity { page: 20.0, ticket: 2.0, ..Rarity::default() } };
    let terms =
        Terms { objective, settle: Minutes::new(rng.u32(..3)), blind_after: Minutes::new(3), missing_max, rarity };
    (terms, from)
}

fn rule(rng: &mut Rng) -> BurnRule {
    let long = rng.u32(1..=720);
    BurnRule {
        severity: if rng.bool() { Severity::Page } else { Severity::Ticket },
        long: Minutes::new(long),
        short: Minutes::new(rng.u32(1..=long)),
        burn_milli: rng.u32(1..5_000),
    }
}

/// Counters that restart, step back and pause, and what was counted in each minute.
fn check_counter(rng: &mut Rng, seed: u64) -> u64 {
    let (mut counter, mut last, mut checks) = (Counter::default(), None::<Look>, 0);
    for _ in 0..50 {
        let before = last.unwrap_or(Look { boot: 1, until: Minute::new(rng.i64(-9..9)), bad: 0, total: 0 });
        let (bad, good) = (rng.u64(..1_000), rng.u64(..1_000_000));
        let gap = Minutes::new(*rng.choice([&1, &1, &2, &7, &60, &61]).unwrap());
        let grown = Look {
            boot: before.boot,
            until: before.until + gap,
            bad: before.bad + bad,
            total: before.total + bad + good,
        };
        let (look, is_believed) = match rng.u8(..6) {
            0 => (Look { boot: before.boot + 1, bad, total: bad + good, ..grown }, false),
            1 => (Look { bad: before.bad + bad + 1, total: before.total + bad, ..grown }, false),
            _ => (grown, last.is_some() && gap <= Minutes::hours(1)),
        };
        let minutes = counter.take(look);
        let expected = if is_believed { u64::from(gap.get()) } else { 0 };
        assert_eq!(minutes.len() as u64, expected, "seed {seed}: {look:?} after {last:?}");
        let (mut sums, mut nth) = ((0, 0), 0);
        for (minute, count) in &minutes {
            nth += 1;
            let (bad_here, total_here) = count.pair();
            sums = (sums.0 + u64::from(bad_here), sums.1 + u64::from(total_here - bad_here));
            // So many equal parts, each rounded down.
            assert_eq!(sums, (bad * nth / expected, good * nth / expected), "seed {seed}: {minute}");
            assert_eq!(*minute, before.until + Minutes::new(nth as u32 - 1), "seed {seed}");
            checks += 2;
        }
        checks += 1;
        last = Some(look);
    }
    checks
}

fn sums(counts: Counts) -> Sums {
    Sums {
        bad: counts.bad.into(),
        total: counts.total.into(),
        known: counts.known.get().into(),
        missing: counts.missing.get().into(),
    }
}

fn at(minute: Minute) -> Now {
    Now { mono: Mono::ZERO, wall: minute.start() }
}
