//! How far one goes by oneself with a release that is bad.

use std::fmt;

/// What becomes of a release that is bad for certain; each does all that the one before it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// What would be done is written down, and nobody is woken.
    #[default]
    Observe,
    /// People are paged and told what to do.
    Recommend,
    /// People are paged, and one goes back when an approver says so.
    Approve,
    /// One goes back by oneself, as soon as enough is known of the flow's past; until then as with [`Mode::Approve`].
    Automatic,
}

impl Mode {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Recommend => "recommend",
            Self::Approve => "approve",
            Self::Automatic => "automatic",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
