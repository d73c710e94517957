//! Transcripts: events and times in, what the circuit did out.

use std::fmt::Write as _;

use super::*;

const MS: Duration = Duration::from_millis(1);

/// One circuit, its policy, and everything that happened to it.
struct Story {
    circuit: Circuit,
    policy: Policy,
    now: Mono,
    transcript: String,
}

impl Story {
    fn with(policy: Policy) -> Self {
        Self { circuit: Circuit::default(), policy, now: Mono::from_millis(1_000), transcript: String::new() }
    }

    fn own_prober() -> Self {
        let by = Prober::Own(Pace::default());
        Self::with(Policy { recovery: Recovery { by, ..Recovery::default() }, ..Policy::default() })
    }

    fn after(&mut self, ms: u64) -> &mut Self {
        self.now = self.now + Duration::from_millis(ms);
        self
    }

    fn on(&mut self, event: Event) -> Vec<Effect> {
        let (circuit, effects) = step(self.circuit.clone(), &self.policy, event, self.now);
        self.circuit = circuit;
        let effects: Vec<_> = effects.into_iter().collect();
        let at = self.now.as_millis();
        for effect in &effects {
            match effect {
                Effect::Changed { from, to, cause, .. } => writeln!(self.transcript, "{at:>6} {from} -> {to}: {cause}"),
                Effect::ReleaseWaiting => writeln!(self.transcript, "{at:>6} release waiting"),
                Effect::Probe { patience, .. } => writeln!(self.transcript, "{at:>6} probe ({patience:?})"),
                Effect::WakeAfter { delay, .. } => writeln!(self.transcript, "{at:>6} wake after {delay:?}"),
                Effect::Admit => writeln!(self.transcript, "{at:>6} admit"),
            }
            .expect("writing to a string cannot fail");
        }
        effects
    }

    fn fail(&mut self, fault: Fault, in_a_row: u32) -> Vec<Effect> {
        let evidence = Evidence { bad: u64::from(in_a_row), in_a_row, ..Evidence::default() };
        self.on(Event::CallFailed { generation: self.circuit.generation(), fault, retry_after: None, evidence })
    }

    fn woke(&mut self) -> Vec<Effect> {
        self.on(Event::Woke { generation: self.circuit.generation() })
    }

    fn good(&mut self) -> Vec<Effect> {
        self.on(Event::ProbeGood { generation: self.circuit.generation() })
    }

    fn bad(&mut self, fault: Fault) -> Vec<Effect> {
        let generation = self.circuit.generation();
        self.on(Event::ProbeBad { generation, fault, retry_after: None, silence: None })
    }

    fn opened(mut self) -> Self {
        for count in 1..=5 {
            self.fail(Fault::Timeout, count);
        }
        assert_eq!(self.circuit.phase(), Phase::Open);
        self
    }

    fn half_opened(mut self) -> Self {
        self = self.opened();
        self.after(30_000).woke();
        if self.circuit.phase() == Phase::Open {
            self.good();
        }
        assert_eq!(self.circuit.phase(), Phase::HalfOpen);
        self
    }
}

#[test]
fn five_failures_in_a_row_open_it_and_two_good_probes_close_it() {
    let mut story = Story::own_prober().opened();
    story.after(80).woke();
    story.after(5).good();
    story.after(5).good();
    insta::assert_snapshot!(story.transcript, @"
      1000 CLOSED -> OPEN: 5 failures in a row, last: time-out
      1000 release waiting
      1000 wake after 80ms
      1080 probe (Deadline)
      1080 wake after 80ms
      1085 OPEN -> HALF_OPEN: a probe was answered
      1085 probe (Deadline)
      1090 HALF_OPEN -> CLOSED: 2 probes in a row were answered
    ");
}

#[test]
fn it_recovers_without_any_traffic() {
    let mut story = Story::own_prober().opened();
    // No event below comes from a caller.
    for _ in 0..3 {
        story.after(100).woke();
        story.bad(Fault::Refused);
    }
    story.after(100).woke();
    story.good();
    story.good();
    assert_eq!(story.circuit.phase(), Phase::Closed);
}

#[test]
fn a_thousand_callers_meet_a_half_open_circuit_and_none_reaches_the_upstream() {
    let mut story = Story::own_prober().half_opened();
    let admitted = (0..1_000).flat_map(|_| story.on(Event::CallerAsks)).filter(|effect| *effect == Effect::Admit);
    assert_eq!(admitted.count(), 0);
}

#[test]
fn where_callers_must_probe_only_the_stated_number_does() {
    let recovery = Recovery { probes_in_flight_max: 2, ..Recovery::default() };
    let mut story = Story::with(Policy { recovery, ..Policy::default() }).half_opened();
    let admitted = (0..1_000).flat_map(|_| story.on(Event::CallerAsks)).filter(|effect| *effect == Effect::Admit);
    assert_eq!(admitted.count(), 2);
}

#[test]
fn any_failure_in_half_open_opens_it_again_and_the_wait_grows() {
    let mut story = Story::with(Policy::default()).half_opened();
    story.on(Event::CallerAsks);
    story.bad(Fault::Server);
    story.after(60_000).woke();
    story.on(Event::CallerAsks);
    story.bad(Fault::Server);
    insta::assert_snapshot!(story.transcript, @"
      1000 CLOSED -> OPEN: 5 failures in a row, last: time-out
      1000 release waiting
      1000 wake after 30s
     31000 OPEN -> HALF_OPEN: the recovery time is over
     31000 admit
     31000 HALF_OPEN -> OPEN: a probe failed: server error
     31000 release waiting
     31000 wake after 60s
     91000 OPEN -> HALF_OPEN: the recovery time is over
     91000 admit
     91000 HALF_OPEN -> OPEN: a probe failed: server error
     91000 release waiting
     91000 wake after 120s
    ");
}

#[test]
fn a_probe_that_says_nothing_gives_its_place_back() {
    let mut story = Story::with(Policy::default()).half_opened();
    for _ in 0..10 {
        let admitted = story.on(Event::CallerAsks).contains(&Effect::Admit);
        assert!(admitted);
        story.on(Event::ProbeLost);
    }
    assert_eq!(story.circuit.phase(), Phase::HalfOpen);
}

#[test]
fn late_results_of_an_older_generation_change_nothing() {
    let mut story = Story::own_prober().half_opened();
    let (before, old) = (story.circuit.phase(), 0);
    let evidence = Evidence { bad: 99, in_a_row: 99, refused_in_a_row: 99, ..Evidence::default() };
    story.on(Event::CallFailed { generation: old, fault: Fault::Refused, retry_after: None, evidence });
    story.on(Event::ProbeGood { generation: old });
    story.on(Event::ProbeBad { generation: old, fault: Fault::Refused, retry_after: None, silence: None });
    story.on(Event::Woke { generation: old });
    assert_eq!(story.circuit.phase(), before);
}

#[test]
fn a_steady_brown_out_opens_it_though_no_five_fail_in_a_row() {
    let mut story = Story::own_prober();
    let evidence = Evidence { good: 4, bad: 16, in_a_row: 4, ..Evidence::default() };
    let effects = story.on(Event::CallFailed { generation: 0, fault: Fault::Server, retry_after: None, evidence });
    assert!(matches!(effects[0], Effect::Changed { cause: Cause::FailureRate(Ratio { part: 16, whole: 20 }), .. }));
}

#[test]
fn slow_answers_open_it_where_slow_is_defined() {
    let slow = Policy { slow_after: Some(2_000 * MS), ..Policy::default() };
    let mut story = Story::with(slow);
    let evidence = Evidence { good: 20, slow: 16, ..Evidence::default() };
    let effects = story.on(Event::Looked { evidence, silence: None });
    assert!(matches!(effects[0], Effect::Changed { cause: Cause::SlowRate(_), .. }));
}

#[test]
fn too_few_calls_are_no_share_of_anything() {
    let mut story = Story::own_prober();
    let evidence = Evidence { good: 0, bad: 4, in_a_row: 4, ..Evidence::default() };
    assert!(
        story.on(Event::CallFailed { generation: 0, fault: Fault::Server, retry_after: None, evidence }).is_empty()
    );
}

#[test]
fn two_refused_connections_are_enough() {
    let mut story = Story::own_prober();
    let evidence = Evidence { bad: 2, in_a_row: 2, refused_in_a_row: 2, ..Evidence::default() };
    story.on(Event::CallFailed { generation: 0, fault: Fault::Refused, retry_after: None, evidence });
    assert_eq!(story.circuit.phase(), Phase::Open);
}

#[test]
fn the_upstreams_wish_to_be_left_alone_is_kept() {
    let mut story = Story::own_prober();
    let evidence = Evidence { bad: 5, in_a_row: 5, ..Evidence::default() };
    let retry_after = Some(Duration::from_secs(30));
    let effects = story.on(Event::CallFailed { generation: 0, fault: Fault::Throttled, retry_after, evidence });
    assert!(effects.iter().any(|effect| matches!(effect, Effect::WakeAfter { delay, .. } if delay.as_secs() == 30)));
    // Woken too early (jitter may do that), it waits for the rest.
    let effects = story.after(24_000).woke();
    assert!(matches!(effects[..], [Effect::WakeAfter { delay, .. }] if delay.as_secs() == 6));
}

#[test]
fn three_silent_callers_open_it_and_are_released() {
    let mut story = Story::own_prober();
    let learned = Some(crate::stall::Learned { p99: 20 * MS, samples: 500 });
    let silence = Some(Silence { waiting: 3, overdue: 3, oldest: 200 * MS, learned });
    story.on(Event::Looked { evidence: Evidence::default(), silence });
    insta::assert_snapshot!(story.transcript, @"
      1000 CLOSED -> OPEN: 3 calls in silence, the oldest for 200 ms
      1000 release waiting
      1000 wake after 80ms
    ");
}

#[test]
fn one_silent_caller_opens_it_only_when_all_probes_are_silent_too() {
    let learned = Some(crate::stall::Learned { p99: 20 * MS, samples: 500 });
    let silence = Some(Silence { waiting: 1, overdue: 1, oldest: 250 * MS, learned });
    let looked = Event::Looked { evidence: Evidence::default(), silence };
    let probe_bad = |silence| Event::ProbeBad { generation: 0, fault: Fault::Timeout, retry_after: None, silence };

    let mut story = Story::own_prober();
    story.on(looked);
    story.after(10).on(looked);
    story.after(190).on(probe_bad(silence));
    assert_eq!(story.circuit.phase(), Phase::Closed, "one silent probe could have met another slow query");
    story.on(probe_bad(silence));
    insta::assert_snapshot!(story.transcript, @"
      1000 probe (Brisk(200ms))
      1000 probe (Brisk(200ms))
      1200 CLOSED -> OPEN: a caller in silence for 250 ms, and no probe was answered
      1200 release waiting
      1200 wake after 80ms
    ");

    let mut slow_query = Story::own_prober();
    slow_query.on(looked);
    slow_query.after(200).on(probe_bad(None));
    slow_query.on(probe_bad(None));
    assert_eq!(slow_query.circuit.phase(), Phase::Closed, "the caller was answered meanwhile");
}

#[test]
fn an_idle_upstream_that_fails_its_probes_opens_before_the_morning() {
    let mut story = Story::own_prober();
    story.on(Event::IdleCheckDue);
    story.bad(Fault::Server);
    for _ in 0..4 {
        story.after(1_000).woke();
        story.bad(Fault::Server);
    }
    assert_eq!(story.circuit.phase(), Phase::Open);
}

#[test]
fn there_is_never_more_than_one_wake_up_on_its_way() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut story = if rng.bool() { Story::own_prober() } else { Story::with(Policy::default()) };
        let (mut wakes, mut probes): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        for _ in 0..200 {
            story.after(rng.u64(0..2_000));
            let fault = rng.choice([Fault::Timeout, Fault::Refused, Fault::Server]).unwrap();
            let event = match rng.u8(0..6) {
                0 if !wakes.is_empty() => Event::Woke { generation: wakes.swap_remove(rng.usize(..wakes.len())) },
                1 if !probes.is_empty() => Event::ProbeGood { generation: probes.swap_remove(0) },
                2 if !probes.is_empty() => {
                    Event::ProbeBad { generation: probes.swap_remove(0), fault, retry_after: None, silence: None }
                }
                3 => Event::CallerAsks,
                4 => Event::IdleCheckDue,
                _ => {
                    let evidence = Evidence { bad: 5, in_a_row: rng.u32(1..7), ..Evidence::default() };
                    Event::CallFailed { generation: story.circuit.generation(), fault, retry_after: None, evidence }
                }
            };
            for effect in story.on(event) {
                match effect {
                    Effect::WakeAfter { generation, .. } => wakes.push(generation),
                    Effect::Probe { generation, .. } => probes.push(generation),
                    Effect::Admit => probes.push(story.circuit.generation()),
                    Effect::Changed { .. } | Effect::ReleaseWaiting => {}
                }
            }
            let generation = story.circuit.generation();
            let current = wakes.iter().filter(|wake| **wake == generation).count();
            assert!(current <= 1, "seed {seed}: {current} wake-ups");
            assert_eq!(story.circuit.probes_in_flight() as usize, probes.len(), "seed {seed}");
            let is_open = story.circuit.phase() == Phase::Open;
            assert!(!is_open || current == 1 || !probes.is_empty(), "seed {seed}: nobody will ever wake it");
        }
    }
}

#[test]
fn the_same_events_give_the_same_transcript() {
    let run = || {
        let mut story = Story::own_prober().half_opened();
        story.bad(Fault::Garbage);
        story.after(1_000).woke();
        story.good();
        story.good();
        story.transcript
    };
    assert_eq!(run(), run());
}
