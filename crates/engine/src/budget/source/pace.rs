//! When a source is asked, and for which minutes.

use std::time::Duration;

use base::Mono;
use budget::{Minute, Minutes};

/// The longest time for which a source that fails is left alone.
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);
/// The first pause after a failure; it doubles.
const PAUSE_FIRST: Duration = Duration::from_secs(60);
/// How far back a source is asked for what it has not told.
pub(super) const CATCH_UP_MAX: Minutes = Minutes::hours(6);

/// The pace of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Minutes before this have been told.
    told: Option<Minute>,
    failures: u32,
    not_before: Option<Mono>,
}

impl Pace {
    /// A source that has told everything before a minute; `None` when it never told anything.
    pub(crate) fn since(told: Option<Minute>) -> Self {
        Self { told, ..Self::default() }
    }

    /// The minutes to ask for now, up to `until`; `None` while it is left alone or there is nothing new.
    pub(crate) fn ask(&self, until: Minute, corrects: u32, now: Mono) -> Option<Minute> {
        if self.not_before.is_some_and(|not_before| now < not_before) {
            return None;
        }
        let told = self.told.unwrap_or(until - Minutes::new(1));
        if until <= told {
            return None;
        }
        Some((told - Minutes::new(corrects)).max(until - CATCH_UP_MAX))
    }

    /// It answered for the minutes before `until`.
    pub(crate) fn answered(&mut self, until: Minute) {
        *self = Self { told: Some(until), failures: 0, not_before: None };
    }

    /// It did not answer: after which pause it is asked again. What it asks for itself is granted, within reason.
    pub(crate) fn failed(&mut self, retry_after: Option<Duration>, until: Minute, now: Mono) {
        self.told = self.told.or(Some(until - Minutes::new(1)));
        let doublings = self.failures.min(10);
        self.failures = self.failures.saturating_add(1);
        let own = PAUSE_FIRST.saturating_mul(1 << doublings);
        // A little less than whole minutes, so that the pause does not skip the minute that it ends in.
        let pause = own.max(retry_after.unwrap_or_default()).min(PAUSE_MAX).saturating_sub(Duration::from_secs(5));
        self.not_before = Some(now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_asked_once_a_minute_for_what_is_new_and_what_it_corrects() {
        let mut pace = Pace::default();
        let (now, minute) = (Mono::ZERO, Minute::new);
        assert_eq!(pace.ask(minute(100), 3, now), Some(minute(96)));
        pace.answered(minute(100));
        assert_eq!(pace.ask(minute(100), 3, now), None);
        assert_eq!(pace.ask(minute(101), 3, now), Some(minute(97)));
    }

    #[test]
    fn a_source_that_fails_is_left_alone_for_longer_and_longer_and_then_asked_for_all() {
        let mut pace = Pace::default();
        let at = |minutes: u64| Mono::from_millis(minutes * 60_000);
        pace.answered(Minute::new(0));
        let mut asked = Vec::new();
        for minute in 1..60 {
            if pace.ask(Minute::new(minute as i64), 0, at(minute)).is_some() {
                asked.push(minute);
                pace.failed(None, Minute::new(minute as i64), at(minute));
            }
        }
        assert_eq!(asked, [1, 2, 4, 8, 16, 31, 46]);
        assert_eq!(pace.ask(Minute::new(70), 0, at(70)), Some(Minute::new(0)));
    }

    #[test]
    fn what_a_source_wishes_is_granted_within_reason() {
        let mut pace = Pace::default();
        pace.failed(Some(Duration::from_secs(300)), Minute::new(0), Mono::ZERO);
        assert_eq!(pace.ask(Minute::new(4), 0, Mono::from_millis(240_000)), None);
        assert!(pace.ask(Minute::new(5), 0, Mono::from_millis(300_000)).is_some());
        pace.failed(Some(Duration::from_secs(1_000_000)), Minute::new(5), Mono::from_millis(300_000));
        assert!(pace.ask(Minute::new(20), 0, Mono::from_millis(1_200_000)).is_some());
    }
}
