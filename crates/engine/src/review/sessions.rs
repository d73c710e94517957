//! Calls and sessions, watched for a while, and then the calls that were left open.

use std::time::Duration;

use genesys::telephony;
use review::{Known, Left, SessionSample, session_pause};

use super::{Asking, PART_TIME_MAX, gap, left};

type Learned = (Known<Vec<SessionSample>>, Known<Option<Left>>);

pub(super) async fn learn(asking: &Asking<'_>) -> Learned {
    let Some(asked) = asking.setup.launch.plan.sessions else { return (Ok(Vec::new()), Ok(None)) };
    let began = asking.setup.clock.mono();
    let samples = asking.within("sessions", 1, asked.window + PART_TIME_MAX, watch(asking, asked.window)).await;
    // Not before: what was ended meanwhile would be missing from the growth that it was part of.
    let left = asking.within(left::PART, 1, left::TIME_MAX, left::learn(asking, &asked, began)).await;
    (samples, left.map(Some))
}

async fn watch(asking: &Asking<'_>, window: Duration) -> Known<Vec<SessionSample>> {
    let (clock, pause) = (&asking.setup.clock, session_pause(window));
    let steps = (window.as_secs() / pause.as_secs().max(1)).max(1) as usize;
    let began = clock.mono();
    let mut samples = Vec::new();
    for step in 0..=steps {
        if step > 0 {
            clock.sleep(pause).await;
        }
        let now = telephony::capacity(asking.client).await;
        // One answer that is missing says nothing; that none comes is seen by the number of those that did.
        if let Ok(now) = &now
            && let (Some(calls), Some(sessions)) = (now.concurrent_call_count, now.concurrent_call_session_count)
        {
            samples.push(SessionSample { at: clock.mono().since(began), calls, sessions });
        } else if let (Err(error), true) = (&now, samples.is_empty()) {
            return Err(gap(error));
        }
        asking.tell("sessions", (step, steps), None);
    }
    Ok(samples)
}
