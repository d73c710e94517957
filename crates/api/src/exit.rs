//! Exit codes of every command, one meaning each.

/// How a command ended, for scripts and pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, passed, allowed.
    Done,
    /// Blocked or failed by policy.
    Blocked,
    /// Usage or configuration error.
    Usage,
    /// Could not be judged: a pipeline must treat it as blocked.
    Unknown,
    /// Held by another: a lock, a lease, a lockout, or an approval that is missing.
    Held,
    /// A drill was aborted by its safety conditions or refused by its guard.
    Aborted,
    /// Something injected could not be verified as undone.
    Dirty,
    /// A defect of Steadyline.
    Defect,
}

impl Exit {
    /// The process exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Blocked => 1,
            Self::Usage => 2,
            Self::Unknown => 3,
            Self::Held => 4,
            Self::Aborted => 5,
            Self::Dirty => 6,
            Self::Defect => 70,
        }
    }
}
