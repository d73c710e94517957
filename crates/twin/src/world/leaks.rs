//! Conversations that an integration leaves open: each has one session, which lasts until somebody ends it.
//!
//! They come at even distances, as [`Settings::leaked_sessions_per_hour`] has it, with ids that follow from the organisation
//! and their number alone: whether there are any changes nothing about who calls.

use std::collections::VecDeque;
use std::time::Duration;

use base::Now;
use fastrand::Rng;
use jiff::Timestamp;
use uuid::Uuid;

use super::callers::Due;
use super::{Settings, World, people, uuid};

/// The most that are open at one time; an organisation with so many has no sessions left to open another.
pub(crate) const LEFT_OPEN_MAX: usize = 2_000;
/// The most that are remembered after they have ended; the oldest go first.
pub(crate) const LEFT_ENDED_MAX: usize = 2_000;
/// More in an hour would be a flood and no leak.
const PER_HOUR_MAX: u32 = 3_600;
const HOUR: Duration = Duration::from_secs(3_600);

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Leaks {
    /// In the order in which they began.
    pub(super) all: VecDeque<Left>,
    /// How many there were.
    pub(super) number: u64,
    /// Whether the agenda knows when the next one begins.
    pub(super) is_awaited: bool,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) id: String,
    pub(crate) ani: String,
    pub(crate) dnis: String,
    pub(crate) began_at: Timestamp,
    /// When somebody ended it.
    pub(crate) ended_at: Option<Timestamp>,
}

impl Leaks {
    /// Those that are open.
    pub(crate) fn open(&self) -> usize {
        self.all.iter().filter(|left| left.ended_at.is_none()).count()
    }

    /// All that are remembered, in the order in which they began.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Left> {
        self.all.iter()
    }

    fn forget_ended(&mut self) {
        if self.all.len() - self.open() <= LEFT_ENDED_MAX {
            return;
        }
        if let Some(oldest) = self.all.iter().position(|left| left.ended_at.is_some()) {
            self.all.remove(oldest);
        }
    }
}

impl World {
    /// Awaits the next one, if there are to be any and none is awaited. A new rate counts from the next one on.
    pub(crate) fn await_leak(&mut self, now: Now) {
        let per_hour = self.settings.leaked_sessions_per_hour.min(PER_HOUR_MAX);
        if 0 < per_hour && !self.leaks.is_awaited {
            self.agenda.add(now.mono + HOUR / per_hour, Due::Leaks);
            self.leaks.is_awaited = true;
        }
    }

    /// It is time for the next one.
    pub(super) fn leak(&mut self, now: Now) {
        self.leaks.is_awaited = false;
        if self.settings.leaked_sessions_per_hour == 0 {
            return;
        }
        self.await_leak(now);
        if LEFT_OPEN_MAX <= self.leaks.open() {
            return;
        }
        self.leaks.number += 1;
        let organisation = Uuid::parse_str(&self.organisation_id).map_or(0, |id| id.as_u64_pair().0);
        let mut rng = Rng::with_seed(organisation ^ self.leaks.number);
        self.leaks.all.push_back(Left {
            id: uuid(&mut rng),
            ani: people::ani(&mut rng, self.vip_share),
            dnis: self.number.clone(),
            began_at: now.wall,
            ended_at: None,
        });
    }

    /// Ends one; false when there is none that is open.
    pub(super) fn end_leak(&mut self, conversation_id: &str, now: Now) -> bool {
        let is_meant = |left: &&mut Left| left.id == conversation_id && left.ended_at.is_none();
        let Some(left) = self.leaks.all.iter_mut().find(is_meant) else { return false };
        left.ended_at = Some(now.wall);
        self.leaks.forget_ended();
        true
    }

    /// Refuses to end a conversation, as often as the settings say.
    pub(crate) fn refuses_disconnect(&mut self) -> bool {
        let Settings { disconnect_refusals, .. } = &mut self.settings;
        let refuses = 0 < *disconnect_refusals;
        *disconnect_refusals = disconnect_refusals.saturating_sub(1);
        refuses
    }
}

#[cfg(test)]
mod tests {
    use base::Mono;

    use super::*;
    use crate::world::Organisation;

    fn world(per_hour: u32) -> World {
        let mut world = World::new(&Organisation::default(), at(0));
        world.settings.leaked_sessions_per_hour = per_hour;
        world.await_leak(at(0));
        world
    }

    fn at(seconds: u64) -> Now {
        let start = Now { mono: Mono::from_millis(7), wall: Timestamp::from_second(1_790_000_000).unwrap() };
        start.later(Duration::from_secs(seconds))
    }

    #[test]
    fn they_come_at_even_distances_and_stay() {
        let mut world = world(4);
        world.advance(at(7_200));
        let began: Vec<i64> = world.leaks.iter().map(|left| left.began_at.as_second() - 1_790_000_000).collect();
        assert_eq!(began, [900, 1_800, 2_700, 3_600, 4_500, 5_400, 6_300, 7_200]);
        assert_eq!(world.leaks.open(), 8);
        let mut again = self::world(4);
        again.advance(at(3_600));
        again.advance(at(7_200));
        assert_eq!(again.leaks.all, world.leaks.all, "however often somebody looks");
    }

    #[test]
    fn who_is_ended_is_over_once() {
        let mut world = world(1);
        world.advance(at(3_600));
        let id = world.leaks.all[0].id.clone();
        assert!(world.disconnect(&id, at(3_700)));
        assert_eq!((world.leaks.open(), world.leaks.all[0].ended_at), (0, Some(at(3_700).wall)));
        assert!(!world.disconnect(&id, at(3_800)));
    }

    #[test]
    fn a_new_rate_counts_from_the_next_one_and_none_ends_them() {
        let mut world = world(1);
        world.settings.leaked_sessions_per_hour = 2;
        world.advance(at(3_600 + 1_800));
        assert_eq!(world.leaks.open(), 2);
        world.settings.leaked_sessions_per_hour = 0;
        world.advance(at(20_000));
        assert_eq!((world.leaks.open(), world.leaks.is_awaited), (2, false));
    }

    #[test]
    fn there_is_an_end_to_them() {
        let mut world = world(u32::MAX);
        world.advance(at(2 * LEFT_OPEN_MAX as u64));
        assert_eq!(world.leaks.all.len(), LEFT_OPEN_MAX);
        for id in world.leaks.iter().map(|left| left.id.clone()).collect::<Vec<_>>() {
            assert!(world.disconnect(&id, at(5_000)));
        }
        world.advance(at(6_000));
        let ids: Vec<String> = world.leaks.iter().map(|left| left.id.clone()).collect();
        for id in &ids {
            world.disconnect(id, at(6_000));
        }
        assert_eq!((world.leaks.all.len(), world.leaks.open()), (LEFT_ENDED_MAX, 0));
    }
}
