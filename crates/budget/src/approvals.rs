//! What two people must agree on: maintenance, and giving a spent budget back.
//!
//! The two are different things. **Maintenance** has a beginning and an end, and says for what it counts: its minutes
//! are left out of the adjusted budget, the gate opens while it is on, flows run as always. A **reset** forgives what
//! was spent and changes nothing else. Each is asked for by one person with a reason and approved by another who may;
//! nobody approves what they asked for, whatever their role, and what nobody approves in time is void.

use base::{Effects, Now};
use jiff::{SignedDuration, Timestamp};

use crate::{Minute, Minutes, Stretch};

/// The most requests that are kept; the oldest that are over go first.
pub const REQUESTS_MAX: usize = 1_000;
/// The most requests that may wait for approval at a time.
pub const WAITING_MAX: usize = 100;
/// The longest reason, in characters.
pub const REASON_MAX: usize = 1_000;
/// The longest maintenance.
pub const LENGTH_MAX: Minutes = Minutes::days(7);
/// How far back maintenance may begin.
pub const RETROACTIVE_MAX: Minutes = Minutes::days(30);
/// How far ahead maintenance may begin.
pub const AHEAD_MAX: Minutes = Minutes::days(90);
/// How long a request waits for approval.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// Somebody, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their name; two names are two people.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Look.
    Viewer,
    /// Ask the gate; a pipeline is nobody.
    Ci,
    /// Ask for things, and take them back.
    Operator,
    /// The same, and approve what others asked for.
    Approver,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Maintenance.
    Maintenance {
        /// Of these objectives; of all when there is none.
        objectives: Vec<String>,
        /// When.
        stretch: Stretch,
        /// The zone in which it was asked for, an IANA name, to show it in.
        zone: String,
        /// What for.
        relief: Relief,
    },
    /// What one objective has spent is forgiven.
    Reset {
        /// Which.
        objective: String,
    },
}

/// What maintenance counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relief {
    /// Its minutes are left out of the adjusted budget.
    pub budget: bool,
    /// The gate opens.
    pub gate: bool,
    /// Flows run as always.
    pub degrade: bool,
    /// No release is gone back from.
    pub rollback: bool,
}

/// Something asked for, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its id.
    pub id: String,
    /// What.
    pub wish: Wish,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// When it becomes void, unless somebody approves it.
    pub expires_at: Timestamp,
    /// It began before it was asked for.
    pub is_retroactive: bool,
    /// What became of it.
    pub state: State,
    /// Approved maintenance that somebody ended after it had begun, before its time.
    pub ended: Option<Decided>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has decided.
    Waiting,
    /// It holds.
    Approved(Decided),
    /// It does not.
    Rejected(Decided),
    /// It no longer holds, or was taken back.
    Revoked(Decided),
    /// Nobody decided in time.
    Expired,
}

/// Who decided, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What somebody does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Asks, under a new id.
    Ask {
        /// The id.
        id: String,
        /// For what.
        wish: Wish,
        /// Why.
        reason: String,
    },
    /// Approves.
    Approve(String),
    /// Rejects.
    Reject(String),
    /// Takes back, or ends.
    Revoke(String),
}

/// Everything that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approvals {
    /// In the order in which it was asked for.
    requests: Vec<Request>,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Something was done: keep the request as it is now, and tell.
    Done {
        /// What.
        deed: Deed,
        /// By whom; nobody did what time did.
        by: Option<String>,
        /// The request.
        request: Box<Request>,
    },
}

/// What was done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It was made.
    Asked,
    /// It was approved.
    Approved,
    /// It was rejected.
    Rejected,
    /// It was taken back, or ended before its time.
    Revoked,
    /// Nobody decided in time.
    Expired,
}

/// Why something is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The role does not allow it.
    Role(Role),
    /// It is their own.
    Own,
    /// There is no such request.
    NoSuch,
    /// It has been decided, or is over.
    Decided,
    /// There is a request of this id.
    Taken,
    /// No reason, or one longer than [`REASON_MAX`].
    Reason,
    /// It ends before it begins, or is longer than [`LENGTH_MAX`].
    Length,
    /// It begins too far back or ahead.
    Begin,
    /// It is over already and counts for no budget: nothing would come of it.
    Pointless,
    /// It counts for nothing.
    NoRelief,
    /// Too many wait.
    TooMany,
}

/// What somebody's act means.
///
/// # Errors
///
/// When it is not done; nothing changes then.
pub fn step(
    mut approvals: Approvals,
    who: &Person,
    act: Act,
    now: Now,
) -> Result<(Approvals, Effects<Effect>), (Approvals, Refusal)> {
    let done = match act {
        Act::Ask { id, wish, reason } => approvals.ask(who, id, wish, reason, now),
        Act::Approve(id) => approvals.decide(who, &id, now, Deed::Approved),
        Act::Reject(id) => approvals.decide(who, &id, now, Deed::Rejected),
        Act::Revoke(id) => approvals.revoke(who, &id, now),
    };
    match done {
        Ok(effects) => Ok((approvals, effects)),
        Err(refusal) => Err((approvals, refusal)),
    }
}

impl Approvals {
    /// What was kept of an earlier run.
    pub fn load(requests: Vec<Request>) -> Self {
        Self { requests }
    }

    /// All of them, in the order in which they were asked for.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// Ends those that nobody decided in time: at most [`WAITING_MAX`].
    pub fn expire(&mut self, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        for request in &mut self.requests {
            if request.state == State::Waiting && request.expires_at <= now.wall {
                request.state = State::Expired;
                effects.push(Effect::Done { deed: Deed::Expired, by: None, request: Box::new(request.clone()) });
            }
        }
        effects
    }

    /// The stretches that are left out of an objective's budget.
    pub fn excluded(&self, objective: &str) -> Vec<Stretch> {
        self.maintenance(objective).filter(|(_, relief, _)| relief.budget).map(|(_, _, stretch)| stretch).collect()
    }

    /// Maintenance of an objective that is on at `now` and counts as asked.
    pub fn on(&self, objective: &str, now: Minute, counts: impl Fn(Relief) -> bool) -> Option<&Request> {
        let mut found = self.maintenance(objective);
        found.find(|(_, relief, stretch)| counts(*relief) && stretch.contains(now)).map(|(request, ..)| request)
    }

    /// The last minute at which the budget of an objective was given back.
    pub fn reset_of(&self, objective: &str) -> Option<Minute> {
        let reset = |request: &Request| match (&request.wish, &request.state) {
            (Wish::Reset { objective: id }, State::Approved(decided)) if id == objective => {
                Some(Minute::of(decided.at))
            }
            _ => None,
        };
        self.requests.iter().filter_map(reset).max()
    }

    /// Approved maintenance of an objective, ended where it was revoked.
    fn maintenance(&self, objective: &str) -> impl Iterator<Item = (&Request, Relief, Stretch)> {
        self.requests.iter().filter_map(move |request| {
            let Wish::Maintenance { objectives, relief, .. } = &request.wish else { return None };
            let is_meant = objectives.is_empty() || objectives.iter().any(|id| id == objective);
            (is_meant && matches!(request.state, State::Approved(_))).then_some((request, *relief, request.stretch()?))
        })
    }

    fn ask(
        &mut self,
        who: &Person,
        id: String,
        wish: Wish,
        reason: String,
        now: Now,
    ) -> Result<Effects<Effect>, Refusal> {
        if who.role < Role::Operator {
            return Err(Refusal::Role(who.role));
        }
        if self.requests.iter().any(|request| request.id == id) {
            return Err(Refusal::Taken);
        }
        let waiting = self.requests.iter().filter(|request| request.state == State::Waiting).count();
        if WAITING_MAX <= waiting {
            return Err(Refusal::TooMany);
        }
        let reason = reason.trim().to_owned();
        if reason.is_empty() || REASON_MAX < reason.chars().count() {
            return Err(Refusal::Reason);
        }
        let minute = Minute::of(now.wall);
        wish.check(minute)?;
        let is_retroactive = wish.stretch().is_some_and(|stretch| stretch.from < minute);
        let expires_at = now.wall.checked_add(PATIENCE).unwrap_or(Timestamp::MAX);
        let (asked_by, asked_at) = (who.name.clone(), now.wall);
        let state = State::Waiting;
        let request = Request { id, wish, reason, asked_by, asked_at, expires_at, is_retroactive, state, ended: None };
        self.requests.push(request.clone());
        self.forget();
        Ok(done(Deed::Asked, who, request))
    }

    fn decide(&mut self, who: &Person, id: &str, now: Now, deed: Deed) -> Result<Effects<Effect>, Refusal> {
        if who.role != Role::Approver {
            return Err(Refusal::Role(who.role));
        }
        let request = self.requests.iter_mut().find(|request| request.id == id).ok_or(Refusal::NoSuch)?;
        if same_person(&request.asked_by, &who.name) {
            return Err(Refusal::Own);
        }
        if request.state != State::Waiting || request.expires_at <= now.wall {
            return Err(Refusal::Decided);
        }
        let decided = Decided { by: who.name.clone(), at: now.wall };
        // What is approved after it began is approved afterwards, whenever it was asked for.
        let minute = Minute::of(now.wall);
        request.is_retroactive |= request.wish.stretch().is_some_and(|stretch| stretch.from < minute);
        request.state = if deed == Deed::Approved { State::Approved(decided) } else { State::Rejected(decided) };
        Ok(done(deed, who, request.clone()))
    }

    /// Ends it now. Whoever may ask may take back: less relief is the safe side.
    fn revoke(&mut self, who: &Person, id: &str, now: Now) -> Result<Effects<Effect>, Refusal> {
        if who.role < Role::Operator {
            return Err(Refusal::Role(who.role));
        }
        let minute = Minute::of(now.wall);
        let request = self.requests.iter_mut().find(|request| request.id == id).ok_or(Refusal::NoSuch)?;
        let is_open = match (&request.state, request.stretch()) {
            (State::Waiting, _) => true,
            (State::Approved(_), Some(stretch)) => minute < stretch.until,
            // What was given back is given back.
            (State::Approved(_), None) => false,
            (State::Rejected(_) | State::Revoked(_) | State::Expired, _) => false,
        };
        if !is_open {
            return Err(Refusal::Decided);
        }
        let decided = Decided { by: who.name.clone(), at: now.wall };
        let was_on = matches!(request.state, State::Approved(_));
        // What has passed stays excluded: it was approved. What lies ahead does not.
        if was_on && request.wish.stretch().is_some_and(|stretch| stretch.from <= minute) {
            request.ended = Some(decided);
        } else {
            request.state = State::Revoked(decided);
        }
        Ok(done(Deed::Revoked, who, request.clone()))
    }

    /// Forgets the oldest ones that can no longer matter.
    fn forget(&mut self) {
        while REQUESTS_MAX < self.requests.len() {
            let over = self
                .requests
                .iter()
                .position(|request| matches!(request.state, State::Rejected(_) | State::Revoked(_) | State::Expired));
            self.requests.remove(over.unwrap_or(0));
        }
    }
}

impl Request {
    /// When it is meant for, up to where somebody ended it; a reset has no time.
    pub fn stretch(&self) -> Option<Stretch> {
        let Stretch { from, until } = self.wish.stretch()?;
        let until = self.ended.as_ref().map_or(until, |ended| until.min(Minute::of(ended.at)));
        Some(Stretch { from, until })
    }
}

impl Wish {
    /// When it is asked for; a reset has no time.
    pub fn stretch(&self) -> Option<Stretch> {
        match self {
            Self::Maintenance { stretch, .. } => Some(*stretch),
            Self::Reset { .. } => None,
        }
    }

    fn check(&self, now: Minute) -> Result<(), Refusal> {
        let Self::Maintenance { stretch, relief, .. } = self else { return Ok(()) };
        if stretch.until <= stretch.from || LENGTH_MAX < stretch.length() {
            return Err(Refusal::Length);
        }
        if stretch.from < now - RETROACTIVE_MAX || now + AHEAD_MAX < stretch.from {
            return Err(Refusal::Begin);
        }
        if !(relief.budget || relief.gate || relief.degrade || relief.rollback) {
            return Err(Refusal::NoRelief);
        }
        if stretch.until <= now && !relief.budget {
            return Err(Refusal::Pointless);
        }
        Ok(())
    }
}

fn done(deed: Deed, who: &Person, request: Request) -> Effects<Effect> {
    Effects::one(Effect::Done { deed, by: Some(who.name.clone()), request: Box::new(request) })
}

/// Names that differ in case or in blanks around them are one person's.
fn same_person(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

impl Deed {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Asked => "request",
            Self::Approved => "approve",
            Self::Rejected => "reject",
            Self::Revoked => "revoke",
            Self::Expired => "expire",
        }
    }
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Ci, Self::Operator, Self::Approver];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Ci => "ci",
            Self::Operator => "operator",
            Self::Approver => "approver",
        }
    }

    /// The role of this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Role(role) => write!(f, "the role {} does not allow this", role.word()),
            Self::Own => f.write_str("nobody approves or rejects their own request; ask a second person"),
            Self::NoSuch => f.write_str("there is no such request"),
            Self::Decided => f.write_str("this request has been decided, or is over"),
            Self::Taken => f.write_str("there is a request of this id already"),
            Self::Reason => write!(f, "a reason of 1 to {REASON_MAX} characters is needed"),
            Self::Length => write!(f, "maintenance must end after it begins, and last at most {LENGTH_MAX}"),
            Self::Begin => {
                write!(f, "maintenance must begin at most {RETROACTIVE_MAX} back and at most {AHEAD_MAX} ahead")
            }
            Self::Pointless => f.write_str("this time is over, so that only the budget can still be relieved"),
            Self::NoRelief => f.write_str("say what the maintenance counts for: budget, gate, degrade, rollback"),
            Self::TooMany => write!(f, "{WAITING_MAX} requests wait for approval already; have some decided first"),
        }
    }
}

#[cfg(test)]
mod tests;
