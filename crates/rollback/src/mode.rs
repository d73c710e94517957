//! How far a flow may be gone back without people.

use std::fmt;

/// How far a flow may be gone back without people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// It is written down what would be done; nobody is woken.
    #[default]
    Observe,
    /// People are told, and what to do.
    Recommend,
    /// People are told, and it is gone back once an approver says so.
    Approve,
    /// It is gone back, once the flow's own past has had no false alarm.
    Automatic,
}

impl Mode {
    /// All of them, the most careful first.
    pub const ALL: [Self; 4] = [Self::Observe, Self::Recommend, Self::Approve, Self::Automatic];

    /// The word for it: `observe`, `recommend`, `approve`, `automatic`.
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
