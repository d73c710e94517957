//! OpenSLO's `timeWindow`: so long before now, or periods of a calendar.

use budget::{Minutes, Period, PeriodFlaw, Window};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::length::{Length, letter};
use crate::problem::Found;
use crate::tree::Node;

/// The window of an SLO that names none.
pub(crate) const USUAL: Window = Window::Rolling(Minutes::days(30));

const ONE: &str = "write `timeWindow: [{ duration: 30d, isRolling: true }]`";

/// Reads the window, and tells which node its length is; 30 rolling days when there is none.
pub(crate) fn window<'n>(spec: &'n Node, found: &mut Found) -> Option<(Window, &'n Node)> {
    let Some(node) = spec.get("timeWindow") else { return Some((USUAL, spec)) };
    let [item] = found.list(node, ONE)? else {
        found.wrong(node, "an objective has exactly one window", ONE);
        return None;
    };
    found.map(item, &["duration", "isRolling", "calendar"])?;
    let duration = found.need(item, "duration", "add `duration: 30d`");
    let rolls = match item.get("isRolling") {
        Some(node) => Some(found.boolean(node)?),
        None => None,
    };
    match (item.get("calendar"), rolls) {
        (None, Some(true)) => {
            let duration = duration?;
            Some((Window::Rolling(found.minutes(duration)?), duration))
        }
        (Some(calendar), None | Some(false)) => {
            let duration = duration?;
            let length = found.length(duration)?;
            Some((Window::Calendar(period(calendar, duration, length, found)?), duration))
        }
        (Some(_), Some(true)) => {
            found.wrong(item, "a window either rolls or follows a calendar", "remove `calendar`, or `isRolling: true`");
            None
        }
        (None, None | Some(false)) => {
            let hint = "add `isRolling: true`, or `calendar: { startTime: 2026-01-01 00:00:00, timeZone: UTC }`";
            found.wrong(item, "it is not said when the window begins", hint);
            None
        }
    }
}

/// Reads a `calendar` whose periods have this length, which was written at `duration`.
pub(crate) fn period(calendar: &Node, duration: &Node, length: Length, found: &mut Found) -> Option<Period> {
    found.map(calendar, &["startTime", "timeZone"])?;
    let first = found.need(calendar, "startTime", "add `startTime: 2026-01-01 00:00:00`");
    let zone = found.need(calendar, "timeZone", "add `timeZone: UTC`, or a zone such as `Europe/Berlin`");
    let zone = zone.and_then(|node| time_zone(node, found));
    let begins = first.and_then(|node| start_time(node, found));
    let (count, unit) = match length {
        Length::Dates { count, unit } => (count, unit),
        Length::Fixed(_) => {
            found.wrong(
                duration,
                "a calendar has no periods of minutes or hours",
                "write `1d`, `1w`, `1M`, `1Q` or `1Y`",
            );
            return None;
        }
    };
    let period = Period { first: begins?, zone: zone?, unit, count };
    match period.flaw() {
        None => Some(period),
        Some(flaw @ (PeriodFlaw::Seconds | PeriodFlaw::Ambiguous | PeriodFlaw::Skipped)) => {
            found.wrong(first?, flaw.to_string(), "choose another `startTime`; midnight mostly fits");
            None
        }
        Some(flaw @ PeriodFlaw::Empty) => {
            found.wrong(duration, flaw.to_string(), "write `1M`");
            None
        }
    }
}

fn start_time(node: &Node, found: &mut Found) -> Option<DateTime> {
    let text = found.text(node)?;
    let parsed = text.trim().parse::<DateTime>().ok();
    if parsed.is_none() {
        let message = format!("`{text}` is not a local date and time");
        found.wrong(node, message, "write it without an offset: `2026-01-01 00:00:00`; the zone stands in `timeZone`");
    }
    parsed
}

fn time_zone(node: &Node, found: &mut Found) -> Option<TimeZone> {
    let text = found.text(node)?;
    let zone = TimeZone::get(text).ok();
    if zone.is_none() {
        let message = format!("there is no time zone `{text}`");
        found.wrong(node, message, "write a name of the IANA database, such as `Europe/Berlin`, or `UTC`");
    }
    zone
}

/// The one item of `timeWindow`.
pub(crate) fn write(window: &Window) -> Value {
    match window {
        Window::Rolling(length) => json!({"duration": length.to_string(), "isRolling": true}),
        Window::Calendar(period) => json!({
            "duration": format!("{}{}", period.count, letter(period.unit)),
            "isRolling": false,
            "calendar": write_calendar(period),
        }),
    }
}

/// When the periods begin, and by whose clocks.
pub(crate) fn write_calendar(period: &Period) -> Value {
    json!({
        "startTime": period.first.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        // Every zone that is read has a name.
        "timeZone": period.zone.iana_name().unwrap_or("UTC"),
    })
}
