//! What is promised of trouble of the platform itself.

use base::{Minute, Minutes};
use jiff::Timestamp;

use super::{Carried, Evidence};
use crate::centre::shock::Shock;

/// What was seen of a shock may be acted on for so long after its end.
const AFTERMATH: Minutes = Minutes::new(15);

/// Good releases that were gone back from in a shock, with nobody to compare them with: no promise is broken, and S9 says
/// nothing of them.
pub(in crate::days) fn blamed_for_a_shock(seen: &Evidence) -> Vec<String> {
    let by_watch = seen.carried.iter().filter(|it| !it.is_wished(&seen.approved) && is_good(seen, it));
    by_watch.filter(|it| shock_of(seen, it).is_some()).map(|it| it.cause.clone()).collect()
}

/// S12: no good release is gone back from by the watch because callers of all flows fail, as long as there
/// is another flow that tells so.
pub(in crate::days) fn no_good_release_is_blamed_for_a_shock(seen: &Evidence) -> Result<(), String> {
    let by_watch = seen.carried.iter().filter(|it| !it.is_wished(&seen.approved) && is_good(seen, it));
    for carried in by_watch {
        if let Some(shock) = shock_of(seen, carried).filter(|shock| is_comparable(seen, carried, shock)) {
            let release = seen.releases.iter().find(|it| it.id == carried.cause);
            return Err(format!("{carried:?} in {shock:?}: {:?}", release.map(|it| &it.story)));
        }
    }
    Ok(())
}

fn shock_of<'a>(seen: &'a Evidence, carried: &Carried) -> Option<&'a Shock> {
    let begun = Minute::of(carried.begun_at);
    seen.shocks.iter().find(|it| it.minutes.from <= begun && begun < it.minutes.until + AFTERMATH)
}

fn is_good(seen: &Evidence, carried: &Carried) -> bool {
    !seen.ills.contains_key(&(carried.flow.clone(), carried.bad.clone()))
}

/// Whether there was anybody to compare it with: a flow that nobody worked on, with one good version from the shock's
/// beginning on, which was live when this one was published, or was proved good before the shock.
fn is_comparable(seen: &Evidence, carried: &Carried, shock: &Shock) -> bool {
    let (from, until) = (shock.minutes.from.start(), carried.begun_at);
    let published = seen.releases.iter().find(|it| it.id == carried.cause).map(|it| it.published_at);
    let is_maintained = |flow: &str| {
        seen.windows
            .iter()
            .any(|it| it.flow == flow && it.minutes.from.start() < until && from < it.minutes.until.start())
    };
    let tells = |flow: &str| {
        let history = &seen.histories[flow];
        let (Some(live), Some(published)) = (history.iter().rev().find(|it| it.1 < from), published) else {
            return false;
        };
        let is_replaced = history.iter().any(|it| from <= it.1 && it.1 < until);
        let story = |words: &str, until: Timestamp| {
            let of_it = seen.releases.iter().filter(|it| it.flow == flow && it.version == live.0);
            let mut lines = of_it.flat_map(|it| &it.story);
            lines.any(|line| line.at < until && line.what.contains(words))
        };
        let is_good = !seen.ills.contains_key(&(flow.to_owned(), live.0.clone())) && !story("is bad: ", until);
        !is_replaced && is_good && (live.1 < published || story("was proved good", from))
    };
    seen.histories.keys().any(|flow| *flow != carried.flow && !is_maintained(flow) && tells(flow))
}
