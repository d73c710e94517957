//! How long a caller has been in a flow, and how much of it in silence.

use std::time::Duration;

/// How long the platform waits before a processing prompt starts.
const PROMPT_DELAY: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timeline {
    pub(super) elapsed: Duration,
    pub(super) dead_air: Duration,
    pub(super) dead_air_longest: Duration,
    stretch: Duration,
}

impl Timeline {
    /// Time with something to hear.
    pub(super) fn sound(&mut self, length: Duration) {
        self.elapsed = self.elapsed.saturating_add(length);
        self.stretch = Duration::ZERO;
    }

    /// Time with nothing to hear.
    pub(super) fn silence(&mut self, length: Duration) {
        self.elapsed = self.elapsed.saturating_add(length);
        self.dead_air = self.dead_air.saturating_add(length);
        self.stretch = self.stretch.saturating_add(length);
        self.dead_air_longest = self.dead_air_longest.max(self.stretch);
    }

    /// A wait under a recording of `prompt` length, which starts late and plays once.
    pub(super) fn covered_wait(&mut self, waited: Duration, prompt: Duration) {
        let before = waited.min(PROMPT_DELAY);
        let covered = (waited - before).min(prompt);
        self.silence(before);
        if !covered.is_zero() {
            self.sound(covered);
        }
        self.silence(waited - before - covered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_processing_prompt_covers_all_but_its_delay_and_what_outlasts_it() {
        let mut timeline = Timeline::default();
        timeline.covered_wait(s(10), s(6));
        assert_eq!((timeline.elapsed, timeline.dead_air, timeline.dead_air_longest), (s(10), s(4), s(3)));
    }

    #[test]
    fn silence_adds_up_until_something_is_heard() {
        let mut timeline = Timeline::default();
        timeline.silence(s(2));
        timeline.silence(s(3));
        timeline.sound(s(1));
        timeline.silence(s(4));
        assert_eq!((timeline.dead_air, timeline.dead_air_longest), (s(9), s(5)));
    }
}
