//! Is it the platform? When the flows beside this one fail more than they do, what this one does says less.

use base::Count;

/// Minutes over which siblings are compared with their normal.
const MINUTES: usize = 3;
/// Errors that are added to both sides, so that a few of them are no shock.
const PRIOR: f64 = 2.0;
/// From so many times their normal on, it is a shock.
const SHOCK: f64 = 1.5;
/// How much more than its siblings a flow may suffer from it.
const ALLOWANCE: f64 = 1.25;

/// The siblings of the last minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Siblings {
    last: [(u32, u32); MINUTES],
}

impl Siblings {
    #[must_use]
    pub(crate) fn after(mut self, minute: Count) -> Self {
        self.last.rotate_left(1);
        self.last[MINUTES - 1] = minute.pair();
        self
    }

    /// How many times their normal share of errors they have; of no siblings, 1.
    pub(crate) fn ratio(&self, normal: Option<f64>) -> f64 {
        let Some(normal) = normal else { return 1.0 };
        let (bad, total) = self
            .last
            .iter()
            .fold((0.0, 0.0), |(bad, total), (more_bad, more)| (bad + f64::from(*more_bad), total + f64::from(*more)));
        (bad + PRIOR) / (total * normal + PRIOR)
    }

    /// By how much more the flow is tolerated.
    pub(crate) fn allowance(&self, normal: Option<f64>) -> f64 {
        let ratio = self.ratio(normal);
        if SHOCK < ratio { ALLOWANCE * ratio } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_at_their_normal_change_nothing_and_a_shock_raises_what_is_tolerated() {
        let seen = |bad| Siblings::default().after(Count::Observed { bad, total: 1_000 });
        assert_eq!(seen(10).allowance(Some(0.01)), 1.0);
        let shock = seen(100);
        assert!((shock.ratio(Some(0.01)) - 8.5).abs() < 1e-9);
        assert!((shock.allowance(Some(0.01)) - 10.625).abs() < 1e-9);
        assert_eq!(shock.allowance(None), 1.0, "without siblings there is nothing to compare with");
    }

    #[test]
    fn a_shock_is_over_three_minutes_after_its_end() {
        let mut siblings = Siblings::default().after(Count::Observed { bad: 500, total: 1_000 });
        for _ in 0..2 {
            siblings = siblings.after(Count::Observed { bad: 10, total: 1_000 });
            assert!(1.0 < siblings.allowance(Some(0.01)));
        }
        siblings = siblings.after(Count::Missing);
        assert_eq!(siblings.allowance(Some(0.01)), 1.0);
    }
}
