//! What is promised of flows that people maintain.

use std::time::Duration;

use api::ReleaseView;
use jiff::Timestamp;

use super::{Evidence, Expected, is_it};

/// What was wished before a minute may wait for so long until it begins.
const WAITS: Duration = Duration::from_secs(20);

/// S11: in a minute of which it is known that it is maintained the watch begins nothing; a person may. The time is that of
/// the controller, whose clock may be wrong.
pub(in crate::days) fn nothing_is_begun_in_maintenance(seen: &Evidence) -> Result<(), String> {
    for carried in seen.carried.iter().filter(|it| !it.is_wished(&seen.approved)) {
        let begun: Timestamp = carried.begun_by.parse().map_err(|error| format!("{carried:?}: {error}"))?;
        let is_in = |from: Timestamp, until: Timestamp| from + WAITS <= begun && begun < until;
        let broken = seen.windows.iter().find(|window| {
            let is_known = window.known + WAITS < carried.begun;
            is_known && window.flow == carried.flow && is_in(window.minutes.from.start(), window.minutes.until.start())
        });
        if let Some(window) = broken {
            return Err(format!("{carried:?} in {} to {}", window.minutes.from.start(), window.minutes.until.start()));
        }
    }
    Ok(())
}

/// S11: of a bad release in maintenance it is told what would have been done, and it is not done.
pub(in crate::days) fn what_would_be_done_is_told(
    bad: &Expected,
    releases: &[ReleaseView],
    audit: &[String],
) -> Result<(), String> {
    let release = releases.iter().find(|release| is_it(bad, release));
    let Some(release) = release else { return Err(format!("{bad:?} is not watched")) };
    let is_told = release.story.iter().any(|line| line.what.contains("would be bad, but there is maintenance"));
    let entry = format!("release.{}.suppressed.", release.id);
    if !is_told || !audit.iter().any(|id| id.starts_with(&entry)) || release.state != "SHADOW" {
        return Err(format!("{} is {}: {:?}", release.id, release.state, release.story));
    }
    Ok(())
}
