//! Calls that cannot be made.

use std::time::Duration;

use super::{Told, subject};
use crate::experiment::Parts;
use crate::number::Number;
use crate::subject::Kind;

/// Nobody holds a test call longer.
const HOLD_MAX: Duration = Duration::from_hours(4);

pub(super) fn check(parts: &Parts, told: &mut Told) {
    let Some(calls) = &parts.load else { return };
    if subject(parts, "/load/calls/via", &calls.via, told).is_some_and(|kind| kind != Kind::SipTrunk) {
        told.relying(
            &["/subjects"],
            "/load/calls/via",
            format!("calls cannot come in by `{}`", calls.via),
            "name a subject of type `sip-trunk`",
        );
    }
    let numbers = [("/load/calls/to", Some(&calls.to)), ("/load/calls/from", calls.from.as_ref())];
    for (at, number) in numbers.into_iter().filter_map(|(at, number)| number.map(|number| (at, number))) {
        if let Err(why) = number.parse::<Number>() {
            let fix = "write a full international number that is kept for tests, such as `+15550199001`";
            told.add(at, format!("`{}` cannot be used: {}", crate::metric::shortened(number), why.what()), fix);
        }
    }
    if HOLD_MAX < calls.hold {
        let what = format!("a call of {}", crate::time::show(calls.hold));
        told.add("/load/calls/hold", what, format!("write {} at most", crate::time::show(HOLD_MAX)));
    }
    if calls.expect.final_code.is_some_and(|code| !(200..700).contains(&code)) {
        told.add("/load/calls/expect/final", "this is no final answer of SIP", "write 200 to 699");
    }
    let limits = &parts.guard.limits;
    for (key, limit) in
        [("max_live_calls", limits.max_live_calls), ("max_cps", limits.max_cps), ("max_calls", limits.max_calls)]
    {
        if limit.is_none() {
            let at = format!("/guard/limits/{key}");
            told.add(at, format!("there are calls, and no `{key}`"), format!("write `{key}`: how many at most"));
        }
    }
}
