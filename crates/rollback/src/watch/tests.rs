use std::fmt::Write as _;

use super::*;

/// A flow of 50 conversations a minute that fails in 1 % of them, with siblings of 500.
fn baseline() -> Baseline {
    Baseline {
        minutes: 40_320,
        total: 2_016_000,
        errors: 20_160,
        share: 0.01,
        upper: 0.0105,
        variation: 0.05,
        siblings: Some(0.01),
    }
}

fn terms(rule: Rule) -> Terms {
    Terms::new(Policy { rule, ..Policy::default() }, Some(baseline()))
}

fn seen(bad: u32, total: u32) -> Observation {
    Observation {
        count: Count::bad(bad.into(), total.into()).unwrap(),
        siblings: Count::Observed { bad: 5, total: 500 },
    }
}

struct Run {
    terms: Terms,
    watch: Watch,
    told: String,
}

impl Run {
    fn new(rule: Rule) -> Self {
        Self { terms: terms(rule), watch: Watch::default(), told: String::new() }
    }

    fn take(mut self, minutes: u32, seen: Observation) -> Self {
        for _ in 0..minutes {
            self = self.one(seen, false);
        }
        self
    }

    fn maintained(mut self, minutes: u32, seen: Observation) -> Self {
        for _ in 0..minutes {
            self = self.one(seen, true);
        }
        self
    }

    fn one(mut self, seen: Observation, is_maintained: bool) -> Self {
        let (watch, effects) = step(self.watch, &self.terms, seen, is_maintained);
        self.watch = watch;
        for effect in effects {
            let what = match effect {
                Effect::Suspected(_) => "suspected",
                Effect::Calmed => "calmed",
                Effect::Confirmed(_) => "confirmed",
                Effect::Suppressed(_) => "suppressed",
                Effect::Blind(true) => "blind",
                Effect::Blind(false) => "seen again",
                Effect::Proved => "proved",
                Effect::Ended => "ended",
            };
            let _ = write!(self.told, "{}{what}@{}", if self.told.is_empty() { "" } else { " " }, watch.minute);
        }
        self
    }

    fn state(&self) -> State {
        self.watch.state(&self.terms)
    }
}

#[test]
fn a_good_release_is_proved_good_and_watched_to_the_end() {
    let run = Run::new(Rule::Evidence).take(60, seen(0, 50));
    assert_eq!(run.told, "proved@5 ended@60");
    assert_eq!(run.state(), State::Certified);
}

#[test]
fn a_release_that_drops_a_fifth_is_confirmed_within_minutes_and_never_by_one_minute_alone() {
    let run = Run::new(Rule::Evidence).take(1, seen(50, 50)).take(4, seen(0, 50));
    assert!(!run.told.contains("confirmed"), "{}", run.told);
    let run = Run::new(Rule::Evidence).take(10, seen(10, 50));
    assert_eq!(run.told, "suspected@1 confirmed@3");
    assert_eq!(run.state(), State::Confirmed);
}

#[test]
fn trouble_that_begins_later_is_found_as_well() {
    let run = Run::new(Rule::Evidence).take(30, seen(0, 50)).take(6, seen(15, 50));
    assert_eq!(run.told, "proved@5 suspected@32 confirmed@34");
}

#[test]
fn what_befalls_the_siblings_too_is_not_the_release() {
    let shock = Observation { count: seen(10, 50).count, siblings: Count::Observed { bad: 100, total: 500 } };
    let run = Run::new(Rule::Evidence).take(20, shock);
    assert!(!run.told.contains("confirmed"), "{}", run.told);
    assert!(run.terms.tolerated() < run.watch.finding(&run.terms).tolerated);
}

#[test]
fn a_suspect_release_that_gets_well_calms_down_only_after_a_while() {
    let run = Run::new(Rule::Evidence).take(2, seen(5, 50)).take(2, seen(1, 50));
    assert_eq!(run.state(), State::Suspect, "{}", run.told);
    let run = run.take(20, seen(0, 50));
    assert_eq!(run.state(), State::Watching, "{}", run.told);
    assert!(run.told.contains("calmed"), "{}", run.told);
}

#[test]
fn what_is_not_seen_changes_nothing_and_makes_the_watch_blind() {
    let before = Run::new(Rule::Evidence).take(2, seen(10, 50));
    let odds = before.watch.odds(&before.terms);
    let run = before.take(5, Observation::MISSING);
    assert_eq!(run.state(), State::Suspect);
    assert!((run.watch.odds(&run.terms) - odds).abs() < 0.1, "a missing minute is neither good nor bad");
    let run = run.take(1, Observation::MISSING);
    assert_eq!(run.state(), State::Blind);
    let run = run.take(1, seen(10, 50));
    assert_eq!(run.told, "suspected@1 blind@8 seen again@9 confirmed@9");
}

#[test]
fn nothing_is_ever_decided_in_the_dark() {
    for rule in [Rule::Guide, Rule::Evidence, Rule::Both] {
        let run = Run::new(rule).take(200, Observation::MISSING);
        assert_eq!(run.told, "blind@6 ended@120", "a blind watch is given time, but not for ever");
        assert_eq!(run.state(), State::Unproven);
    }
}

#[test]
fn in_maintenance_it_is_told_what_would_have_been_done_and_afterwards_forgotten() {
    let run = Run::new(Rule::Evidence).maintained(10, seen(25, 50));
    assert_eq!((run.told.as_str(), run.state()), ("suppressed@3", State::Shadow));
    let run = run.take(5, seen(0, 50));
    assert_eq!(run.state(), State::Watching);
    let run = run.maintained(5, seen(25, 50)).take(1, seen(25, 50));
    assert!(!run.told.contains("confirmed"), "{}", run.told);
}

#[test]
fn maintenance_takes_nothing_of_the_time_nor_of_the_bet() {
    let run = Run::new(Rule::Evidence).maintained(600, seen(0, 50));
    assert_eq!((run.watch.watched(), run.state()), (0, State::Shadow), "{}", run.told);
    let bad = run.take(3, seen(10, 50));
    assert_eq!(bad.told, "suspected@601 confirmed@603", "as if it had been published when the maintenance ended");
    let run = Run::new(Rule::Evidence).take(30, seen(0, 50)).maintained(600, seen(25, 50)).take(29, seen(0, 50));
    assert_eq!((run.watch.watched(), run.told.as_str()), (59, "proved@5 suppressed@34"));
    assert_eq!(run.take(1, seen(0, 50)).told, "proved@5 suppressed@34 ended@660");
}

#[test]
fn what_was_found_before_a_maintenance_counts_again_once_it_is_seen_that_it_still_fails() {
    let found = || Run::new(Rule::Evidence).take(3, seen(10, 50)).maintained(30, seen(0, 50));
    assert_eq!(found().told, "suspected@1 confirmed@3 suppressed@4");
    let mended = found().take(1, seen(0, 50));
    assert!(!mended.watch.is_pressing(&mended.terms), "the maintenance may have mended it");
    let bad = found().take(1, seen(10, 50));
    assert!(bad.watch.is_pressing(&bad.terms));
    assert_eq!(mended.take(30, seen(0, 50)).told, "suspected@1 confirmed@3 suppressed@4 calmed@56");
}

#[test]
fn maintenance_without_end_ends_the_watch_once() {
    let run = Run::new(Rule::Evidence).maintained(MINUTES_MAX + 10, seen(0, 50));
    assert_eq!((run.told.as_str(), run.state()), ("ended@11520", State::Unproven));
}

#[test]
fn by_the_guides_rule_three_minutes_above_five_percent_suffice_and_by_both_the_odds_must_agree() {
    let quiet_line = |rule| Run::new(rule).take(2, seen(7, 7)).take(1, seen(7, 7)).told;
    assert_eq!(quiet_line(Rule::Guide), "suspected@1 confirmed@3");
    // Six percent of a minute is above the threshold; at this volume it is hardly evidence.
    let barely = |rule| Run::new(rule).take(3, seen(3, 50)).told;
    assert!(barely(Rule::Guide).contains("confirmed@3"));
    assert!(!barely(Rule::Both).contains("confirmed"), "{}", barely(Rule::Both));
    assert!(!barely(Rule::Evidence).contains("confirmed"));
}

#[test]
fn without_a_past_only_the_guides_rule_speaks() {
    let run = |rule| {
        let terms = Terms::new(Policy { rule, ..Policy::default() }, None);
        Run { terms, watch: Watch::default(), told: String::new() }.take(10, seen(50, 50)).told
    };
    assert_eq!(run(Rule::Evidence), "");
    assert_eq!(run(Rule::Both), "");
    assert_eq!(run(Rule::Guide), "confirmed@3");
}

#[test]
fn a_suspect_release_is_watched_on_when_its_time_is_over() {
    let run = Run::new(Rule::Evidence).take(58, seen(0, 50)).take(4, seen(12, 50));
    assert!(run.told.contains("confirmed@62"), "{}", run.told);
    assert!(!run.told.contains("ended"), "{}", run.told);
}

#[test]
fn the_state_of_the_evidence_is_small() {
    assert!(size_of::<Onset>() <= 100, "{}", size_of::<Onset>());
    assert!(size_of::<Watch>() <= 512, "{}", size_of::<Watch>());
}
