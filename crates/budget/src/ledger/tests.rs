use jiff::Timestamp;

use super::*;
use crate::Severity;

const START: i64 = 29_000_000;

fn terms(target_ppm: u32, window: Minutes) -> Terms {
    let (target, window) = (Ppm::new(target_ppm).unwrap(), Window::Rolling(window));
    let objective = Objective {
        id: "crm".into(),
        name: "CRM".into(),
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

fn at(minute: i64) -> Now {
    let wall = Timestamp::from_second((START + minute) * 60).unwrap();
    Now { mono: base::Mono::default(), wall }
}

/// Feeds one count a minute and ticks after each; every effect with its minute.
struct Run {
    ledger: Ledger,
    terms: Terms,
    minute: i64,
    effects: Vec<(i64, Effect)>,
}

impl Run {
    fn new(terms: Terms) -> Self {
        Self { ledger: Ledger::new(&terms.objective), terms, minute: 0, effects: Vec::new() }
    }

    fn step(&mut self, event: Event) {
        let effects = self.ledger.take(&self.terms, event, at(self.minute));
        self.effects.extend(effects.into_iter().map(|effect| (self.minute, effect)));
    }

    fn minutes(&mut self, how_many: i64, count: impl Fn(i64) -> Count) {
        for _ in 0..how_many {
            let minute = Minute::new(START + self.minute);
            let count = count(self.minute);
            if count.is_known() {
                self.step(Event::Counted { minute, count });
            }
            self.minute += 1;
            self.step(Event::Ticked);
        }
    }

    fn status(&self) -> Status {
        self.ledger.status(&self.terms, at(self.minute))
    }

    fn pages(&self) -> Vec<(i64, bool)> {
        let page = |effect: &Effect| match effect {
            Effect::Alert { rule, is_firing } if self.terms.objective.alerts[*rule].severity == Severity::Page => {
                Some(*is_firing)
            }
            _ => None,
        };
        self.effects.iter().filter_map(|(minute, effect)| page(effect).map(|firing| (*minute, firing))).collect()
    }
}

fn seen(bad: u32, total: u32) -> Count {
    Count::bad(bad.into(), total.into()).unwrap()
}

#[test]
fn an_outage_pages_within_minutes_and_the_page_ends_soon_after_it() {
    let mut run = Run::new(terms(995_000, Minutes::days(30)));
    run.minutes(600, |_| seen(0, 50));
    assert_eq!(run.effects, []);
    run.minutes(10, |_| seen(50, 50));
    run.minutes(120, |_| seen(0, 50));
    let pages = run.pages();
    // 14.4 x 0.5 % of an hour is 4.3 minutes of nothing but failures, and a minute settles one minute later.
    assert_eq!(pages.first(), Some(&(606, true)), "{pages:?}");
    let over = pages.iter().filter(|(_, firing)| !firing).map(|(minute, _)| *minute).max();
    assert!(over.is_some_and(|over| over <= 642), "{pages:?}");
}

#[test]
fn one_failure_on_a_quiet_line_pages_nobody_but_a_dead_quiet_line_does() {
    let mut run = Run::new(terms(995_000, Minutes::days(30)));
    let sparse = |minute: i64, bad| if minute % 6 == 0 { seen(bad, 1) } else { Count::Empty };
    run.minutes(1_200, |minute| sparse(minute, u32::from(minute == 600)));
    assert_eq!(run.pages(), [], "one failure in 200 calls");
    run.minutes(60, |minute| sparse(minute, 1));
    let pages = run.pages();
    assert!(matches!(pages.first(), Some((minute, true)) if *minute <= 1_238), "{pages:?}");
    assert!(pages.iter().all(|(_, firing)| *firing), "an empty minute must not end the alert: {pages:?}");
}

#[test]
fn missing_minutes_are_neither_good_nor_bad_and_soon_announced() {
    let mut run = Run::new(terms(995_000, Minutes::days(30)));
    run.minutes(600, |_| seen(0, 50));
    let before = run.status();
    run.minutes(4, |_| Count::Missing);
    assert_eq!(run.effects, [(604, Effect::Blind(true))]);
    let status = run.status();
    assert_eq!((status.remaining, status.adjusted.total), (before.remaining, 29_950 + 50));
    assert_eq!((status.is_blind, status.age), (true, Some(Minutes::new(3))));
    assert!(status.alerts.iter().any(|alert| alert.verdict == Verdict::Unknown));
    assert_eq!(status.is_paging(), None);
    run.minutes(1, |_| seen(0, 50));
    run.minutes(1, |_| seen(0, 50));
    assert_eq!(run.effects.last(), Some(&(605, Effect::Blind(false))));
}

#[test]
fn an_alert_that_cannot_be_judged_stays_as_it_was() {
    let mut run = Run::new(terms(995_000, Minutes::days(30)));
    run.minutes(600, |_| seen(0, 50));
    run.minutes(15, |_| seen(50, 50));
    let pages = run.pages();
    run.minutes(30, |_| Count::Missing);
    assert_eq!(run.pages(), pages);
    assert!(run.status().is_paging().unwrap());
}

#[test]
fn of_nothing_there_is_no_budget() {
    let run = Run::new(terms(995_000, Minutes::days(30)));
    let status = run.status();
    assert_eq!((status.remaining, status.raw_remaining, status.is_paging()), (None, None, None));
    assert_eq!(status.exhaustion, crate::Exhaustion::Unknown);
}

#[test]
fn maintenance_is_left_out_of_the_adjusted_budget_and_stays_in_the_raw_one() {
    let mut run = Run::new(terms(990_000, Minutes::new(99)));
    run.minutes(100, |minute| seen(if (10..20).contains(&minute) { 100 } else { 0 }, 100));
    assert!(run.status().remaining.unwrap().is_spent());
    let maintenance = |from, until| Stretch { from: Minute::new(START + from), until: Minute::new(START + until) };
    run.ledger.exclude(vec![maintenance(15, 20), maintenance(10, 16)]);
    let status = run.status();
    assert_eq!(status.remaining, Some(Remaining::WHOLE));
    assert_eq!(status.raw_remaining.map(|left| left.to_string()), Some("-910.2 %".into()));
    assert_eq!((status.raw.total - status.adjusted.total, status.adjusted.missing), (1_000, Minutes::new(0)));
    run.ledger.exclude(Vec::new());
    assert_eq!(run.status().adjusted, run.status().raw);
}

#[test]
fn a_reset_gives_the_budget_back_and_hides_no_burn() {
    let mut run = Run::new(terms(990_000, Minutes::hours(12)));
    run.minutes(600, |_| seen(0, 100));
    run.minutes(30, |_| seen(100, 100));
    assert!(run.status().remaining.unwrap().is_spent());
    assert_eq!(run.status().is_paging(), Some(true));
    run.ledger.forgive(Some(Minute::new(START + run.minute)));
    run.minutes(1, |_| seen(0, 100));
    let status = run.status();
    assert_eq!((status.remaining, status.forgiven), (Some(Remaining::WHOLE), 3_000));
    assert!(status.raw_remaining.unwrap().is_spent());
    assert_eq!(status.is_paging(), Some(true), "what burns is still burning");
}

#[test]
fn time_slices_cost_the_same_however_busy_they_are() {
    let mut terms = terms(990_000, Minutes::new(1_000));
    terms.objective.budgeting = Budgeting::Timeslices { length: Minutes::new(5), target: Ppm::percent(95) };
    let mut run = Run::new(terms);
    // One caller at night who is lost costs as much as a thousand at noon.
    run.minutes(1_001, |minute| match minute {
        100 => seen(1, 1),
        101..110 => Count::Empty,
        500..505 => seen(1_000, 1_000),
        _ => seen(1, 100),
    });
    let status = run.status();
    assert_eq!((status.adjusted.bad, status.adjusted.total), (2, 200));
    assert_eq!(status.remaining, Some(Remaining::new(0)));
}

#[test]
fn a_late_minute_counts_at_once_and_a_minute_to_come_is_refused() {
    let mut run = Run::new(terms(990_000, Minutes::days(30)));
    run.minutes(100, |minute| if minute == 50 { Count::Missing } else { seen(0, 100) });
    run.step(Event::Counted { minute: Minute::new(START + 50), count: seen(100, 100) });
    assert_eq!(run.status().adjusted.bad, 100);
    run.step(Event::Counted { minute: Minute::new(START + 50), count: seen(10, 100) });
    assert_eq!(run.status().adjusted.bad, 10);
    let ahead = Minute::new(START + 161);
    run.step(Event::Counted { minute: ahead, count: seen(0, 100) });
    assert_eq!(run.effects.last(), Some(&(100, Effect::Refused(ahead, NotKept::Future))));
}

#[test]
fn after_a_clock_that_leapt_an_hour_the_hour_is_missing() {
    let mut run = Run::new(terms(990_000, Minutes::days(30)));
    run.minutes(100, |_| seen(0, 100));
    run.minute += 60;
    run.step(Event::Ticked);
    let status = run.status();
    assert_eq!((status.adjusted.missing, status.is_blind), (Minutes::new(59), true));
    assert_eq!(status.remaining, None, "more than a fifth is missing");
}

#[test]
fn a_calendar_period_begins_whole_and_is_projected() {
    let mut terms = terms(990_000, Minutes::days(30));
    let first = jiff::civil::date(2025, 1, 1).at(0, 0, 0, 0);
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let period = crate::Period { first, zone, unit: crate::Unit::Day, count: 1 };
    let (from, until) = period.around(Minute::new(START)).unwrap();
    terms.objective.window = Window::Calendar(period);
    terms.objective.alerts.clear();
    let mut run = Run::new(terms);
    let offset = from.get() - START;
    run.minute = offset;
    run.minutes(361, |minute| seen(u32::from(minute == offset), 1));
    let status = run.status();
    assert_eq!(status.window, Stretch { from, until });
    // One of 360 so far, where 3.6 are allowed; of 1,440 to come 14.4 are.
    assert_eq!(status.to_date.map(|left| left.to_string()), Some("72.2 %".into()));
    assert_eq!(status.remaining.map(|left| left.to_string()), Some("93.0 %".into()));
    run.minutes(1_440, |_| seen(0, 1));
    assert_eq!(run.status().remaining, Some(Remaining::WHOLE));
}
