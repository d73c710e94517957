//! Do sessions end with their calls?
//!
//! What leaks grows: sessions beyond those that go with the calls of the moment become more from the beginning of the
//! window to its end. The medians of its first and last third are compared, so that a busy moment is no leak.

use std::time::Duration;

use crate::catalogue::Check;
use crate::facts::{Facts, SessionSample};
use crate::finding::{Exhibit, Judged, Weight};
use crate::plan::Plan;
use crate::words::{count, time};

/// A call has a session for each of its two sides.
const SESSIONS_PER_CALL: u64 = 2;
/// Fewer samples say nothing.
const SAMPLES_MIN: usize = 9;
/// So many sessions more are no leak yet ...
const GROWN_MIN: u64 = 10;
/// ... nor is this share more of those that there were, in per cent.
const GROWN_PERCENT: u64 = 10;

pub(crate) struct Sessions;

impl Check for Sessions {
    fn judge(&self, plan: &Plan, facts: &Facts) -> Judged {
        let Some(window) = plan.session_window else {
            return Judged::skipped("the plan gives no time to watch sessions for");
        };
        let mut judged = Judged::default();
        let samples = match &facts.sessions {
            Ok(samples) => samples,
            Err(gap) => {
                judged.gap("sessions", gap);
                return judged;
            }
        };
        judged.summary = format!("{} in {}", count(samples.len(), "sample"), time(window));
        if samples.len() < SAMPLES_MIN {
            let fix = "Watch for longer: `sessions` in the plan.";
            judged.add(Weight::Unknown, "sessions", "There are too few samples to see a leak in.", fix);
            return judged;
        }
        let third = samples.len() / 3;
        let (before, after) = (median(&samples[..third]), median(&samples[samples.len() - third..]));
        let put_up_with = GROWN_MIN.max(before * GROWN_PERCENT / 100);
        if before + put_up_with < after {
            judged.blocks(
                "sessions",
                format!("Sessions that belong to no call have grown from {before} to {after}."),
                "Find the integration that does not end its sessions, and end those that are left.",
            );
        }
        let bars = samples.iter().map(|sample| (time(sample.at), beyond(sample) as f64)).collect();
        judged.exhibits.push(Exhibit::Bars {
            title: "Sessions beyond those of calls".to_owned(),
            unit: "sessions",
            bars,
            limit: Some((before + put_up_with) as f64),
        });
        judged
    }
}

fn beyond(sample: &SessionSample) -> u64 {
    sample.sessions.saturating_sub(sample.calls * SESSIONS_PER_CALL)
}

fn median(samples: &[SessionSample]) -> u64 {
    let mut all: Vec<u64> = samples.iter().map(beyond).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or(0)
}

/// How long to wait between samples of a window.
pub fn pause(window: Duration) -> Duration {
    const SAMPLES: u32 = 60;
    (window / SAMPLES).max(Duration::from_secs(1))
}
