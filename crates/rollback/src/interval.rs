//! Between which shares of errors does the truth lie? An interval that may be looked at every minute.
//!
//! A share is out once the odds against it reach [`ODDS`]: against "at least so much" by the ratios of [`BETTER`], against
//! "at most so much" by those of [`WORSE`], both since the first minute. The odds against the truth ever get there with a
//! chance of `1 / ODDS` on either side (Ville's inequality, as in [`crate::evidence`]), so that the interval holds the true
//! share in every minute of a release, in 95 of 100 releases at least; as long as the share stays the same, and its hazard
//! varies by no more than `variation`.

use base::Count;

use crate::evidence::{BETTER, Null, Ratios, WORSE};

/// Odds of 40 to 1 on either side: 95 in 100 for both.
pub const ODDS: f64 = 40.0;

/// Halvings on either side: a share is known to one in a million of itself.
const HALVINGS: u32 = 24;

/// The smallest share that is told from none.
const SHARE_MIN: f64 = 1e-6;

/// Shares of errors that are not out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The least of them.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

/// The shares that are not out after these minutes; `None` while there are no conversations.
///
/// `variation` is the squared coefficient of variation of the hazard, as in [`Null`]. It takes about fifty times as long as
/// weighing the minutes once.
pub fn of(minutes: &[Count], variation: f64) -> Option<Interval> {
    let pairs = minutes.iter().map(|minute| minute.pair());
    let (bad, all) =
        pairs.fold((0u64, 0u64), |(bad, all), (more_bad, more)| (bad + u64::from(more_bad), all + u64::from(more)));
    if all == 0 {
        return None;
    }
    let seen = (bad as f64 / all as f64).max(SHARE_MIN);
    let is_out_above = |share| ODDS <= against(minutes, Null { share, variation }, &BETTER);
    let is_out_below = |share| ODDS <= against(minutes, Null { share, variation }, &WORSE);
    // What was seen is never out: no other share explains it better by far.
    let high = if is_out_above(1.0) { edge(seen, 1.0, is_out_above) } else { 1.0 };
    let low = if is_out_below(SHARE_MIN) { edge(seen, SHARE_MIN, is_out_below) } else { 0.0 };
    Some(Interval { low, high })
}

/// The share nearest to one that is out, between that and one that is not, by halving their ratio.
fn edge(within: f64, out: f64, is_out: impl Fn(f64) -> bool) -> f64 {
    let (mut within, mut out) = (within, out);
    for _ in 0..HALVINGS {
        let middle = (within * out).sqrt();
        if is_out(middle) {
            out = middle;
        } else {
            within = middle;
        }
    }
    out
}

/// The odds against a share, all bets made in the first minute; ratios that leave no room below one are no hypotheses.
fn against<const K: usize>(minutes: &[Count], null: Null, of: &Ratios<K>) -> f64 {
    let mut sums = [0.0; K];
    for minute in minutes {
        for (sum, weight) in sums.iter_mut().zip(null.weigh(*minute, of)) {
            *sum += weight;
        }
    }
    let tried = sums.iter().zip(of.ratios).filter(|(_, ratio)| ratio * null.share < 1.0);
    let (odds, count) = tried.fold((0.0, 0u8), |(odds, count), (sum, _)| (odds + libm::exp(*sum), count + 1));
    if count == 0 { 1.0 } else { odds / f64::from(count) }
}

#[cfg(test)]
mod tests;
