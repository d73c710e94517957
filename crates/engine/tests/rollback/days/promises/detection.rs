//! How soon a bad release is promised to be found.

use std::time::Duration;

use crate::centre::traffic::Habit;

/// More than is tolerated of a flow that is well: so many times what fails of it, and this.
const TOLERATED: (f64, f64) = (1.6, 0.01);
/// Evidence, in nats: four times what is needed against 1 : 20,000 where something is wrong from the first minute on, for
/// what varies by itself takes its part.
const NEEDED: f64 = 50.0;
/// A minute counts for no more, however bad it is.
const OF_A_MINUTE: f64 = 5.0;
/// What it takes to be told, and to go back.
const OVERHEAD: f64 = 5.0;
/// Later it is not worth a promise.
const LATEST: f64 = 45.0;

/// Within what time a release of which this share fails is found while nothing is in the way: what a minute of its callers
/// tells on the average against what is tolerated, by the law of Poisson. `None` when that is too little.
pub(in crate::days) fn found_within(habit: &Habit, share: f64) -> Option<Duration> {
    let tolerated = TOLERATED.0 * habit.share + TOLERATED.1;
    if share <= tolerated {
        return None;
    }
    let of_a_minute = habit.callers * (share * (share / tolerated).ln() - (share - tolerated));
    let minutes = OVERHEAD + NEEDED / of_a_minute.min(OF_A_MINUTE);
    (minutes <= LATEST).then(|| Duration::from_secs_f64(60.0 * minutes))
}
