//! Calls and sessions, watched for a while.

use std::time::Duration;

use genesys::telephony;
use review::{Known, SessionSample, session_pause};

use super::{Asking, PART_TIME_MAX, gap};

pub(super) async fn learn(asking: &Asking<'_>) -> Known<Vec<SessionSample>> {
    let Some(window) = asking.setup.launch.plan.session_window else { return Ok(Vec::new()) };
    asking.within("sessions", 1, window + PART_TIME_MAX, watch(asking, window)).await
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
