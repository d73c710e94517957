//! Deployments to production: asked for by one, approved by another, for exactly one content.
//!
//! An approval is bound to the target and to a digest over everything that is deployed: a byte more, and it is another
//! request. It holds for a day. Whoever asked does not approve, whatever their role; a pipeline may ask and never approves.

use jiff::{SignedDuration, Timestamp};

use crate::approvals::{Decided, Person, Role};

/// The most requests that are kept; the oldest that are over go first.
pub const REQUESTS_MAX: usize = 1_000;
/// The most requests that may wait at a time.
pub const WAITING_MAX: usize = 100;
/// How long a request waits, and how long an approval holds.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(24);
/// The longest reason, and the longest name of a target or a flow, in characters.
pub const TEXT_MAX: usize = 1_000;
/// The most flows of one deployment.
pub const FLOWS_MAX: usize = 500;
/// The length of a digest: SHA-256 in hexadecimal.
const DIGEST_CHARS: usize = 64;

/// What is to be deployed, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The target's name.
    pub target: String,
    /// SHA-256 over all that is deployed.
    pub digest: String,
    /// The names of the flows, for whoever decides.
    pub flows: Vec<String>,
    /// Why.
    pub reason: String,
}

/// Something that was asked for, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Counts requests, from 1.
    pub number: u64,
    /// What, and where.
    pub wish: Wish,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// When it is void, or the approval ends.
    pub expires_at: Timestamp,
    /// Who approved it.
    pub approved: Option<Decided>,
}

/// Why it is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Their role does not allow it.
    Role(String),
    /// It is their own.
    Own,
    /// There is none.
    NoSuch,
    /// It is over, or approved already.
    Over,
    /// Too many wait.
    TooMany,
    /// It makes no sense.
    Wrong(&'static str),
}

/// Everything that was asked for, in that order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployments(Vec<Request>);

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Role(name) => write!(f, "{name} may not do this"),
            Self::Own => f.write_str("nobody approves what they asked for"),
            Self::NoSuch => f.write_str("there is no such request"),
            Self::Over => f.write_str("the request is over, or approved already"),
            Self::TooMany => write!(f, "{WAITING_MAX} requests wait already"),
            Self::Wrong(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Refusal {}

impl Request {
    /// Nobody has decided, and there is time.
    pub fn is_waiting(&self, now: Timestamp) -> bool {
        self.approved.is_none() && now < self.expires_at
    }

    /// It may be deployed now.
    pub fn is_approved(&self, now: Timestamp) -> bool {
        self.approved.is_some() && now < self.expires_at
    }
}

impl Deployments {
    /// What was kept, in any order.
    pub fn restored(mut requests: Vec<Request>) -> Self {
        requests.sort_by_key(|request| request.number);
        Self(requests)
    }

    /// Everything, the latest first.
    pub fn latest_first(&self) -> impl Iterator<Item = &Request> {
        self.0.iter().rev()
    }

    /// Asks. The same content for the same target is one request while it waits or holds; the request, and whether it is
    /// new.
    ///
    /// # Errors
    /// Why not.
    pub fn ask(mut self, person: &Person, wish: Wish, now: Timestamp) -> Result<(Self, Request, bool), Refusal> {
        if person.role == Role::Viewer {
            return Err(Refusal::Role(person.name.clone()));
        }
        check(&wish)?;
        let is_same = |request: &&Request| {
            request.wish.target == wish.target && request.wish.digest == wish.digest && now < request.expires_at
        };
        if let Some(known) = self.0.iter().find(is_same).cloned() {
            return Ok((self, known, false));
        }
        if WAITING_MAX <= self.0.iter().filter(|request| request.is_waiting(now)).count() {
            return Err(Refusal::TooMany);
        }
        let number = self.0.last().map_or(0, |last| last.number) + 1;
        let (asked_by, expires_at) = (person.name.clone(), now + PATIENCE);
        let request = Request { number, wish, asked_by, asked_at: now, expires_at, approved: None };
        self.0.push(request.clone());
        while REQUESTS_MAX < self.0.len() {
            self.0.remove(0);
        }
        Ok((self, request, true))
    }

    /// Approves; the request as it is then.
    ///
    /// # Errors
    /// Why not.
    pub fn approve(mut self, person: &Person, number: u64, now: Timestamp) -> Result<(Self, Request), Refusal> {
        if person.role != Role::Approver {
            return Err(Refusal::Role(person.name.clone()));
        }
        let request = self.0.iter_mut().find(|request| request.number == number).ok_or(Refusal::NoSuch)?;
        if request.asked_by == person.name {
            return Err(Refusal::Own);
        }
        if !request.is_waiting(now) {
            return Err(Refusal::Over);
        }
        request.approved = Some(Decided { by: person.name.clone(), at: now });
        request.expires_at = now + PATIENCE;
        let request = request.clone();
        Ok((self, request))
    }
}

fn check(wish: &Wish) -> Result<(), Refusal> {
    let is_text = |text: &str| text.chars().count() <= TEXT_MAX && !text.chars().any(char::is_control);
    if wish.digest.len() != DIGEST_CHARS || !wish.digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Refusal::Wrong("`digest` is SHA-256 in hexadecimal"));
    }
    if wish.target.is_empty() || wish.flows.is_empty() || FLOWS_MAX < wish.flows.len() {
        return Err(Refusal::Wrong("name the target, and from 1 to 500 flows"));
    }
    if !is_text(&wish.target) || !is_text(&wish.reason) || !wish.flows.iter().all(|flow| is_text(flow)) {
        return Err(Refusal::Wrong("names and the reason have at most 1000 characters, and no control characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str, role: Role) -> Person {
        Person { name: name.into(), role }
    }

    fn wish(byte: char) -> Wish {
        let digest = byte.to_string().repeat(64);
        Wish { target: "production".into(), digest, flows: vec!["Main IVR".into()], reason: String::new() }
    }

    fn hours(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    #[test]
    fn it_takes_another_person_who_may() {
        let (all, asked, is_new) =
            Deployments::default().ask(&person("ben", Role::Approver), wish('a'), hours(0)).unwrap();
        assert!(is_new);
        let approve = |name, role| all.clone().approve(&person(name, role), asked.number, hours(1));
        assert_eq!(approve("ben", Role::Approver).unwrap_err(), Refusal::Own);
        for role in [Role::Viewer, Role::Ci, Role::Operator] {
            assert!(matches!(approve("ann", role).unwrap_err(), Refusal::Role(_)), "{role:?}");
        }
        let (all, approved) = approve("eve", Role::Approver).unwrap();
        assert!(approved.is_approved(hours(24)) && !approved.is_approved(hours(25)));
        assert_eq!(all.approve(&person("eve", Role::Approver), 1, hours(2)).unwrap_err(), Refusal::Over);
    }

    #[test]
    fn one_content_is_one_request_until_it_is_over_and_another_is_another() {
        let ci = person("pipeline", Role::Ci);
        let (all, first, _) = Deployments::default().ask(&ci, wish('a'), hours(0)).unwrap();
        let (all, again, is_new) = all.ask(&ci, wish('a'), hours(23)).unwrap();
        assert_eq!((again.number, is_new), (first.number, false));
        let (all, other, _) = all.ask(&ci, wish('b'), hours(23)).unwrap();
        let (all, late, is_new) = all.ask(&ci, wish('a'), hours(24)).unwrap();
        assert_eq!((other.number, late.number, is_new), (2, 3, true));
        assert_eq!(all.approve(&person("eve", Role::Approver), 1, hours(24)).unwrap_err(), Refusal::Over);
    }

    #[test]
    fn what_makes_no_sense_or_is_too_much_is_refused() {
        let ask = |all: Deployments, role, wish| all.ask(&person("ann", role), wish, hours(0));
        let empty = Deployments::default;
        assert!(matches!(ask(empty(), Role::Viewer, wish('a')), Err(Refusal::Role(_))));
        for wrong in [
            Wish { digest: "a".into(), ..wish('a') },
            Wish { flows: vec![], ..wish('a') },
            Wish { reason: "\u{1b}".into(), ..wish('a') },
        ] {
            assert!(matches!(ask(empty(), Role::Operator, wrong), Err(Refusal::Wrong(_))));
        }
        let mut all = empty();
        for number in 0..WAITING_MAX {
            let digest = format!("{number:064x}");
            (all, _, _) = ask(all, Role::Operator, Wish { digest, ..wish('a') }).unwrap();
        }
        assert_eq!(ask(all, Role::Operator, wish('f')).unwrap_err(), Refusal::TooMany);
    }
}
