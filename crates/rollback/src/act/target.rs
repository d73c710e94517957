//! From what to go back, and to which version.

/// What is to be done when somebody else has the flow locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Locked {
    /// Hand over: people know whose it is.
    HandOver,
    /// Take the lock away; unsaved changes of its holder stay saved with the platform.
    Unlock,
}

/// From what to go back, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// The flow's id.
    pub flow: String,
    /// The version that is bad.
    pub bad: String,
    /// The one version that somebody wants, whatever is known of it; `None` when the best one is to be found.
    pub to: Option<String>,
    /// Versions that were proved good, the latest last.
    pub good: Vec<String>,
    /// Versions that were gone back from before.
    pub known_bad: Vec<String>,
    /// What to do about somebody else's lock.
    pub locked: Locked,
}

/// A version, by its id and by what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// Its id.
    pub id: String,
    /// Its configuration: the same for two versions that mean the same.
    pub configuration: Option<String>,
}

/// A version that was published once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Published {
    /// Which one.
    pub version: Version,
    /// When another took its place, in milliseconds since 1970; none for the one that is live.
    pub until: Option<i64>,
}

impl Version {
    /// Whether they are the same, or mean the same: the platform may give what it publishes again a new id.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_known = self.configuration.is_some();
        self.id == other.id || (is_known && self.configuration == other.configuration)
    }
}

/// The version to go back to: the one that somebody wants and no other, or else the last one that was live and was proved
/// good, or else the last one that was live.
pub(super) fn choose(plan: &Plan, ruled_out: &[String], versions: &[Published]) -> Option<Version> {
    let is_wanted = |id: &String| match &plan.to {
        // Whoever names a version knows what became of it.
        Some(to) => id == to,
        None => !plan.known_bad.contains(id),
    };
    let is_possible = |published: &&Published| {
        let id = &published.version.id;
        *id != plan.bad && !ruled_out.contains(id) && is_wanted(id)
    };
    let order = |published: &&Published| (plan.good.contains(&published.version.id), published.until);
    versions.iter().filter(is_possible).max_by_key(order).map(|published| published.version.clone())
}
