//! What a listener does next: pure, so that a day of lost sockets can be tried in an instant.
//!
//! A channel lives for a day after its last subscription and is heard through one socket at a time. Delivery is not
//! promised: after every gap, and every 30 s while there is no socket, the listener says that it is time to ask.

use std::time::Duration;

use base::Mono;

/// A silence after which the platform is asked whether it is still there; it shows itself every 30 s.
pub const SILENCE_MAX: Duration = Duration::from_secs(35);

/// How long an answer to that question may take.
pub const PONG_MAX: Duration = Duration::from_secs(10);

/// How often one asks instead of listening while there is no socket.
pub const POLL: Duration = Duration::from_secs(30);

/// How long after the last subscription it is renewed; the channel would live for 24 hours.
pub const RENEW: Duration = Duration::from_secs(23 * 3_600);

/// The pause before the second attempt to connect, doubled for each further one.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause between attempts.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Attempts to connect to one channel; then a new channel is asked for.
const ATTEMPTS_MAX: u32 = 3;

/// Where a listener is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    phase: Phase,
    /// When it last said that it is time to ask.
    polled: Mono,
    /// When the channel was last subscribed.
    renewed: Mono,
    /// Attempts in a row that came to nothing.
    attempts: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Until then nothing is tried; whether the channel is to be a new one.
    Resting { until: Mono, needs_channel: bool },
    /// A channel or a socket is being opened.
    Opening,
    /// A socket is there: when something came last, and when it was asked.
    Live { heard: Mono, asked: Option<Mono> },
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Time has passed.
    Tick,
    /// A channel was opened and subscribed.
    Opened,
    /// A socket was connected.
    Connected,
    /// A channel or a socket could not be opened.
    Failed,
    /// Something came through the socket.
    Heard,
    /// The platform will close the socket soon.
    ClosingSoon,
    /// The channel is gone.
    ChannelGone,
    /// The socket ended.
    Closed,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open a channel and subscribe it; [`Event::Opened`] or [`Event::Failed`] follows.
    OpenChannel,
    /// Connect a socket to the channel; [`Event::Connected`] or [`Event::Failed`] follows.
    Connect,
    /// Ask through the socket whether the platform is there.
    Ping,
    /// Subscribe the channel again, so that it lives on.
    Renew,
    /// Drop the socket.
    Drop,
    /// It is time to ask the platform for what may have been missed.
    Poll,
}

impl State {
    /// A listener that has not begun.
    pub const fn new(now: Mono) -> Self {
        let phase = Phase::Resting { until: now, needs_channel: true };
        Self { phase, polled: now, renewed: now, attempts: 0 }
    }

    /// True while notifications come.
    pub const fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live { .. })
    }

    /// When it wants to be told of the time.
    pub fn next_due(&self) -> Mono {
        let poll = self.polled + POLL;
        match self.phase {
            Phase::Resting { until, .. } => until.min(poll),
            Phase::Opening => poll,
            Phase::Live { heard, asked } => {
                let watch = asked.map_or(heard + SILENCE_MAX, |asked| asked + PONG_MAX);
                watch.min(self.renewed + RENEW)
            }
        }
    }
}

/// What follows an event. `chance` is drawn from 0 to 1, so that many listeners do not come back together.
pub fn step(state: State, event: Event, now: Mono, chance: f64) -> (State, Vec<Effect>) {
    let mut effects = Vec::new();
    let mut next = state;
    match event {
        Event::Tick => tick(&mut next, now, chance, &mut effects),
        Event::Opened => {
            next.renewed = now;
            effects.push(Effect::Connect);
        }
        Event::Connected => {
            next.phase = Phase::Live { heard: now, asked: None };
            next.attempts = 0;
            // What happened while nobody listened is asked for once.
            next.polled = now;
            effects.push(Effect::Poll);
        }
        Event::Heard => {
            if state.is_live() {
                next.phase = Phase::Live { heard: now, asked: None };
            }
        }
        Event::ClosingSoon if state.is_live() => {
            next.phase = Phase::Opening;
            effects.extend([Effect::Drop, Effect::Connect]);
        }
        Event::ChannelGone => {
            if state.is_live() {
                effects.push(Effect::Drop);
            }
            next.phase = Phase::Resting { until: now, needs_channel: true };
            tick(&mut next, now, chance, &mut effects);
        }
        Event::Closed if !state.is_live() => {}
        Event::Failed | Event::Closed => rest(&mut next, now, chance),
        Event::ClosingSoon => {}
    }
    (next, effects)
}

fn tick(next: &mut State, now: Mono, chance: f64, effects: &mut Vec<Effect>) {
    match next.phase {
        Phase::Resting { until, needs_channel } if now >= until => {
            next.phase = Phase::Opening;
            effects.push(if needs_channel { Effect::OpenChannel } else { Effect::Connect });
        }
        Phase::Live { asked: Some(asked), .. } if now >= asked + PONG_MAX => {
            effects.push(Effect::Drop);
            rest(next, now, chance);
        }
        Phase::Live { heard, asked: None } if now >= heard + SILENCE_MAX => {
            next.phase = Phase::Live { heard, asked: Some(now) };
            effects.push(Effect::Ping);
        }
        _ => {}
    }
    if next.is_live() && now >= next.renewed + RENEW {
        next.renewed = now;
        effects.push(Effect::Renew);
    }
    if !next.is_live() && now >= next.polled + POLL {
        next.polled = now;
        effects.push(Effect::Poll);
    }
}

/// Nothing is tried for a while that grows; after some attempts the channel is taken to be gone.
fn rest(next: &mut State, now: Mono, chance: f64) {
    next.attempts += 1;
    let most = PAUSE.saturating_mul(1 << (next.attempts - 1).min(16)).min(PAUSE_MAX);
    let until = now + most.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
    let needs_channel = match next.phase {
        Phase::Resting { needs_channel, .. } => needs_channel,
        _ => next.attempts >= ATTEMPTS_MAX,
    };
    next.phase = Phase::Resting { until, needs_channel };
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::from_millis(seconds * 1_000)
    }

    fn live() -> State {
        let (state, effects) = step(State::new(at(0)), Event::Tick, at(0), 0.5);
        assert_eq!(effects, [Effect::OpenChannel]);
        let (state, effects) = step(state, Event::Opened, at(1), 0.5);
        assert_eq!(effects, [Effect::Connect]);
        let (state, effects) = step(state, Event::Connected, at(2), 0.5);
        assert_eq!((effects.as_slice(), state.is_live()), ([Effect::Poll].as_slice(), true));
        state
    }

    #[test]
    fn a_silence_is_asked_about_and_then_the_socket_is_given_up() {
        let state = live();
        assert_eq!(state.next_due(), at(37));
        let (state, effects) = step(state, Event::Tick, at(37), 0.5);
        assert_eq!((effects.as_slice(), state.next_due()), ([Effect::Ping].as_slice(), at(47)));
        let (alive, _) = step(state, Event::Heard, at(38), 0.5);
        assert_eq!(alive.next_due(), at(73));
        let (state, effects) = step(state, Event::Tick, at(47), 0.5);
        assert_eq!((effects.as_slice(), state.is_live()), ([Effect::Drop, Effect::Poll].as_slice(), false));
    }

    #[test]
    fn a_socket_that_will_close_is_replaced_and_a_lost_channel_too() {
        let (state, effects) = step(live(), Event::ClosingSoon, at(10), 0.5);
        assert_eq!(effects, [Effect::Drop, Effect::Connect]);
        // The old socket's end means nothing any more.
        assert_eq!(step(state, Event::Closed, at(11), 0.5), (state, Vec::new()));
        let (_, effects) = step(live(), Event::ChannelGone, at(10), 0.5);
        assert_eq!(effects, [Effect::Drop, Effect::OpenChannel]);
    }

    #[test]
    fn failures_are_followed_by_longer_rests_and_then_by_a_new_channel() {
        let mut state = step(live(), Event::Closed, at(10), 1.0).0;
        assert_eq!(state.next_due(), at(11));
        let mut seen = Vec::new();
        let mut now = at(10);
        while now < at(200) {
            now = state.next_due();
            let (next, effects) = step(state, Event::Tick, now, 1.0);
            state = next;
            for effect in effects {
                seen.push(effect);
                if effect != Effect::Poll {
                    state = step(state, Event::Failed, now, 1.0).0;
                }
            }
        }
        assert_eq!(seen[..2], [Effect::Connect, Effect::Connect]);
        assert!(seen.contains(&Effect::OpenChannel), "{seen:?}");
        assert!(seen.iter().filter(|effect| **effect == Effect::Poll).count() >= 5, "{seen:?}");
    }

    #[test]
    fn a_channel_is_renewed_before_its_day_is_over() {
        let mut state = live();
        let mut renewals = 0;
        for seconds in (2..200_000).step_by(30) {
            state = step(state, Event::Heard, at(seconds), 0.5).0;
            let (next, effects) = step(state, Event::Tick, at(seconds), 0.5);
            state = next;
            renewals += effects.iter().filter(|effect| **effect == Effect::Renew).count();
        }
        assert_eq!(renewals, 2);
    }

    proptest! {
        /// Whatever happens: something is always due, nobody is left without news for longer than a poll, and the next
        /// moment is never in the past for ever.
        #[test]
        fn nobody_is_left_without_news(events in prop::collection::vec((0..8_u8, 0..20_u64), 1..200)) {
            let (mut state, mut now, mut last_news) = (State::new(at(0)), at(0), at(0));
            for (kind, wait) in events {
                let event = [
                    Event::Tick, Event::Opened, Event::Connected, Event::Failed, Event::Heard, Event::ClosingSoon,
                    Event::ChannelGone, Event::Closed,
                ][usize::from(kind)];
                let until = now + Duration::from_secs(wait);
                while state.next_due() <= until {
                    now = state.next_due().max(now);
                    let (next, effects) = step(state, Event::Tick, now, 0.3);
                    let changed = next != state || !effects.is_empty();
                    prop_assert!(changed, "a tick at the moment that was asked for must do something: {state:?}");
                    if effects.contains(&Effect::Poll) || next.is_live() { last_news = now; }
                    state = next;
                }
                now = until;
                let (next, effects) = step(state, event, now, 0.3);
                if effects.contains(&Effect::Poll) || next.is_live() || state.is_live() { last_news = now; }
                state = next;
                prop_assert!(now.since(last_news) <= POLL + SILENCE_MAX + PONG_MAX, "{state:?}");
            }
        }
    }
}
