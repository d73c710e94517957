//! From what somebody writes to what they wish: instants, zones, ids.
//!
//! A time is an instant with `Z` or an offset, or what the clocks of a zone show. A time that they show twice, or never,
//! is refused with what to write instead.

use api::Wish as Written;
use budget::approvals::{Relief, Wish};
use budget::{Minute, Stretch};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::wire;

/// What was meant; a sentence when that cannot be told.
pub(super) fn meant(written: &Written) -> Result<Wish, String> {
    match written.kind.as_str() {
        "maintenance" => maintenance(written),
        "reset" => reset(written),
        other => Err(format!("`{other}` is neither `maintenance` nor `reset`")),
    }
}

fn maintenance(written: &Written) -> Result<Wish, String> {
    let name = written.zone.as_deref().unwrap_or("UTC");
    let zone =
        TimeZone::get(name).map_err(|_| format!("`{name}` is no IANA time zone; write one such as Europe/Berlin"))?;
    let minute = |what: &str, text: &Option<String>| {
        let text = text.as_deref().ok_or_else(|| format!("maintenance needs its {what}"))?;
        instant(text, &zone, name)
    };
    let stretch = Stretch { from: minute("start", &written.start)?, until: minute("end", &written.end)? };
    let relief = match &written.relieves {
        None => Relief { budget: true, gate: true, degrade: true, rollback: true },
        Some(words) => wire::relief(words)?,
    };
    Ok(Wish::Maintenance { objectives: written.objectives.clone(), stretch, zone: name.to_owned(), relief })
}

fn reset(written: &Written) -> Result<Wish, String> {
    let [objective] = written.objectives.as_slice() else {
        return Err("a reset is of exactly one objective".to_owned());
    };
    let has_time = written.start.is_some() || written.end.is_some() || written.relieves.is_some();
    if has_time {
        return Err("a reset has neither start, end nor relieves; maintenance has".to_owned());
    }
    Ok(Wish::Reset { objective: objective.clone() })
}

fn instant(text: &str, zone: &TimeZone, name: &str) -> Result<Minute, String> {
    let at = match text.parse::<Timestamp>() {
        Ok(at) => at,
        Err(_) => local(text, zone, name)?,
    };
    if at.as_millisecond().rem_euclid(60_000) != 0 {
        return Err(format!("`{text}` is no whole minute"));
    }
    Ok(Minute::of(at))
}

fn local(text: &str, zone: &TimeZone, name: &str) -> Result<Timestamp, String> {
    let shown: DateTime = text
        .parse()
        .map_err(|_| format!("`{text}` is no time; write 2026-11-21T22:00:00Z, or 2026-11-21T22:00 and a zone"))?;
    let ambiguous = zone.to_ambiguous_timestamp(shown);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => ambiguous.unambiguous().map_err(|error| error.to_string()),
        AmbiguousOffset::Fold { before, after } => {
            let both = [before, after]
                .map(|offset| offset.to_timestamp(shown).map_or_else(|_| "?".into(), |at| at.to_string()));
            Err(format!("the clocks of {name} show {text} twice; write {} or {}", both[0], both[1]))
        }
        AmbiguousOffset::Gap { .. } => {
            let later =
                shown.checked_add(SignedDuration::from_hours(1)).map_or_else(|_| "?".into(), |at| at.to_string());
            Err(format!("the clocks of {name} skip {text}; write another hour, for instance {later}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(start: &str, end: &str, zone: Option<&str>) -> Result<String, String> {
        let written = Written {
            kind: "maintenance".into(),
            start: Some(start.into()),
            end: Some(end.into()),
            zone: zone.map(str::to_owned),
            reason: "x".into(),
            ..Written::default()
        };
        meant(&written).map(|wish| wish.stretch().map(|stretch| format!("{} {}", stretch.from, stretch.until)).unwrap())
    }

    #[test]
    fn times_are_instants_or_what_clocks_show() {
        let expected = Ok("2026-11-21T21:00Z 2026-11-21T22:00Z".to_owned());
        assert_eq!(written("2026-11-21T22:00", "2026-11-21T23:00", Some("Europe/Berlin")), expected);
        assert_eq!(written("2026-11-21T21:00Z", "2026-11-21T22:00:00+00:00", None), expected);
    }

    #[test]
    fn times_that_clocks_show_twice_or_never_are_refused_in_five_zones() {
        let cases = [
            ("Europe/Berlin", "2026-10-25T02:30", "2026-03-29T02:30"),
            ("America/New_York", "2026-11-01T01:30", "2026-03-08T02:30"),
            ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-10-04T02:15"),
            ("America/Santiago", "2026-04-04T23:30", "2026-09-06T00:30"),
            ("Pacific/Auckland", "2026-04-05T02:30", "2026-09-27T02:30"),
        ];
        for (zone, twice, never) in cases {
            let said = written(twice, "2026-12-31T00:00", Some(zone)).unwrap_err();
            assert!(said.contains("twice; write 2026-") && said.contains("Z or 2026-"), "{said}");
            let said = written(never, "2026-12-31T00:00", Some(zone)).unwrap_err();
            assert!(said.contains("skip"), "{zone}: {said}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_words() {
        refused(&written("soon", "later", None), "`soon` is no time");
        refused(&written("2026-11-21T21:00:30Z", "2026-11-21T22:00Z", None), "no whole minute");
        refused(&written("2026-11-21T21:00", "2026-11-21T22:00", Some("Berlin")), "no IANA time zone");
        let reset = Written { kind: "reset".into(), reason: "x".into(), ..Written::default() };
        assert!(meant(&reset).unwrap_err().contains("exactly one"));
        assert!(meant(&Written { kind: "undo".into(), ..reset }).unwrap_err().contains("neither"));
    }

    fn refused(said: &Result<String, String>, expected: &str) {
        assert!(said.as_ref().is_err_and(|said| said.contains(expected)), "{said:?}");
    }
}
