use super::*;

const TRIGGER: Null = Null { share: 0.09, variation: 0.1 };

fn outcome(minutes: impl IntoIterator<Item = Count>) -> (u32, Option<Outcome>) {
    let policy = Policy::default();
    let mut recovery = Recovery::default();
    for minute in minutes {
        recovery = recovery.after(minute, TRIGGER);
        if let Some(outcome) = recovery.outcome(&policy) {
            return (recovery.minute(), Some(outcome));
        }
    }
    (recovery.minute(), None)
}

fn repeat(bad: u32, total: u32) -> impl Iterator<Item = Count> {
    std::iter::repeat_n(Count::bad(bad.into(), total.into()).unwrap(), 300)
}

#[test]
fn errors_that_are_gone_are_proved_to_be_gone_within_minutes() {
    assert_eq!(outcome(repeat(0, 50)), (2, Some(Outcome::Verified)));
    assert_eq!(outcome(repeat(10, 1_000)), (1, Some(Outcome::Verified)));
}

#[test]
fn errors_that_stay_have_not_been_helped_after_a_quarter_of_an_hour() {
    assert_eq!(outcome(repeat(9, 100)), (15, Some(Outcome::NotHelped)));
    assert_eq!(outcome(repeat(50, 100)), (15, Some(Outcome::NotHelped)));
}

#[test]
fn on_a_quiet_line_one_waits_for_a_hundred_conversations() {
    let mut minutes = [Count::Observed { bad: 1, total: 4 }, Count::Observed { bad: 0, total: 4 }].into_iter().cycle();
    assert_eq!(outcome(std::iter::from_fn(|| minutes.next()).take(300)), (25, Some(Outcome::NotHelped)));
}

#[test]
fn what_nobody_sees_is_neither_proved_nor_refuted_and_handed_over() {
    assert_eq!(outcome(std::iter::repeat_n(Count::Missing, 300)), (240, Some(Outcome::Unseen)));
}

#[test]
fn minutes_that_nobody_could_tell_do_not_count_against_it() {
    let silence = std::iter::repeat_n(Count::Missing, 60);
    let few = std::iter::repeat_n(Count::Observed { bad: 1, total: 25 }, 5);
    assert_eq!(outcome(silence.clone().chain(few)), (65, None));
    let many = std::iter::repeat_n(Count::Observed { bad: 3, total: 25 }, 20);
    assert_eq!(outcome(silence.chain(many)), (75, Some(Outcome::NotHelped)));
}
