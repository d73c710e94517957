//! Instants in a file.
//!
//! Monotonic time means something in one process only, so it is written relative to the moment of saving, in nanoseconds,
//! because what happens next depends on each of them. Wall time is written as it was, in nanoseconds since 1970; when the
//! file is loaded, everything that was past moves along, so that an hour ago stays an hour ago.

use std::time::Duration;

use base::{Mono, Now};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::StateError;

/// An instant on both clocks: nanoseconds since the moment of saving, and since 1970.
pub(in crate::world) type SavedNow = (i64, i64);

/// The moment of saving.
#[derive(Clone, Copy, Debug)]
pub(in crate::world) struct Saving {
    pub(in crate::world) now: Now,
    /// Before which nothing has happened.
    pub(in crate::world) began: Mono,
}

/// The moment of loading.
#[derive(Clone, Copy, Debug)]
pub(in crate::world) struct Loading {
    pub(in crate::world) now: Now,
    /// Before which nothing has happened.
    pub(in crate::world) began: Mono,
    /// How much later it is than the moment of saving, by the wall clock.
    shift: SignedDuration,
    /// The same in calendar days.
    days: i32,
}

impl Saving {
    pub(in crate::world) fn mono(&self, at: Mono) -> i64 {
        let at = at.max(self.began);
        if at < self.now.mono { -ns_signed(self.now.mono.since(at)) } else { ns_signed(at.since(self.now.mono)) }
    }

    pub(in crate::world) fn both(&self, at: Now) -> SavedNow {
        (self.mono(at.mono), wall(at.wall))
    }
}

impl Loading {
    /// For a file whose past is as old now as it was: the instants of form 1.
    pub(in crate::world) fn in_place(now: Now) -> Self {
        Self { now, began: now.mono, shift: SignedDuration::ZERO, days: 0 }
    }

    /// For a file that was saved at `saved`, when the organisation was so old.
    pub(in crate::world) fn since((saved, age): (Timestamp, Duration), now: Now) -> Result<Self, StateError> {
        let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
        let days = day(saved).until(day(now.wall)).map_err(|error| StateError::wrong("savedAt", error))?;
        let began = now.mono.since_start().checked_sub(age).map(Mono::from_start);
        let began = began.ok_or_else(|| StateError::wrong("life.age", "is more than this process can have seen"))?;
        Ok(Self { now, began, shift: now.wall.duration_since(saved), days: days.get_days() })
    }

    pub(in crate::world) fn mono(&self, place: &str, after: i64) -> Result<Mono, StateError> {
        let by = Duration::from_nanos(after.unsigned_abs());
        if after >= 0 {
            return Ok(self.now.mono + by);
        }
        let at = self.now.mono.since_start().checked_sub(by).map(Mono::from_start);
        at.filter(|at| self.began <= *at).ok_or_else(|| StateError::wrong(place, "lies before the organisation began"))
    }

    pub(in crate::world) fn wall(&self, place: &str, ns: i64) -> Result<Timestamp, StateError> {
        self.moved(place, Timestamp::UNIX_EPOCH + SignedDuration::from_nanos(ns))
    }

    /// An instant that is written in milliseconds, as form 1 has them.
    pub(in crate::world) fn wall_ms(&self, place: &str, ms: i64) -> Result<Timestamp, StateError> {
        let was =
            Timestamp::from_millisecond(ms).map_err(|_| StateError::wrong(place, format!("{ms} is no instant")))?;
        self.moved(place, was)
    }

    /// A past instant, as long ago as it was when the file was saved.
    pub(in crate::world) fn moved(&self, place: &str, was: Timestamp) -> Result<Timestamp, StateError> {
        was.checked_add(self.shift).map_err(|_| StateError::wrong(place, format!("{was} is too far from now")))
    }

    pub(in crate::world) fn both(&self, place: &str, (mono, wall): SavedNow) -> Result<Now, StateError> {
        Ok(Now { mono: self.mono(place, mono)?, wall: self.wall(place, wall)? })
    }

    pub(in crate::world) fn date(&self, place: &str, was: Date) -> Result<Date, StateError> {
        was.checked_add(self.days.days()).map_err(|error| StateError::wrong(place, error))
    }
}

/// A past instant in a file.
pub(in crate::world) fn wall(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX)
}

/// A length of time in a file.
pub(in crate::world) fn ns(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

fn ns_signed(length: Duration) -> i64 {
    i64::try_from(length.as_nanos()).unwrap_or(i64::MAX)
}
