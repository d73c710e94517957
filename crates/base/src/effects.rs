//! What a decision asks the shell to do: a short, bounded list.

/// The most effects one step may ask for. A step that wants more is a defect, not a load.
pub const EFFECTS_MAX: usize = 24;

/// The effects of one step, in the order in which the shell must perform them.
#[must_use = "a decision without its effects did not happen"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effects<E>(Vec<E>);

impl<E> Effects<E> {
    /// Nothing to do.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// One thing to do.
    pub fn one(effect: E) -> Self {
        Self(vec![effect])
    }

    /// Adds an effect.
    ///
    /// # Panics
    /// When a step asks for more than [`EFFECTS_MAX`] effects.
    pub fn push(&mut self, effect: E) {
        assert!(self.0.len() < EFFECTS_MAX, "a step asks for at most {EFFECTS_MAX} effects");
        self.0.push(effect);
    }

    /// True when there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The effects in order.
    pub fn iter(&self) -> std::slice::Iter<'_, E> {
        self.0.iter()
    }
}

impl<E> IntoIterator for Effects<E> {
    type Item = E;
    type IntoIter = std::vec::IntoIter<E>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, E> IntoIterator for &'a Effects<E> {
    type Item = &'a E;
    type IntoIter = std::slice::Iter<'a, E>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
