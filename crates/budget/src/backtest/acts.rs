//! What people did, from the requests that became of it.
//!
//! A request keeps who asked, who decided and who ended it, and when. One thing it does not keep: that maintenance was
//! approved and taken back again before the minute in which it was to begin. Nothing ever followed from that.

use jiff::Timestamp;

use super::Past;
use crate::approvals::{Act, Decided, Person, Request, Role, State};
use crate::book::Event;

/// What people did, in the order in which they did it.
pub fn acts(requests: &[Request]) -> Vec<Past> {
    let mut past: Vec<_> = requests.iter().flat_map(acts_of).collect();
    past.sort_by_key(|past| past.at);
    past
}

/// Two parts of a past as one, each of them in order.
pub fn merge(one: impl Iterator<Item = Past>, other: impl Iterator<Item = Past>) -> impl Iterator<Item = Past> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some(first), Some(second)) if second.at < first.at => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    })
}

fn acts_of(request: &Request) -> Vec<Past> {
    if request.state == State::Expired {
        // Nothing came of it, and in a replay it would wait on: so many may, and then nobody may ask.
        return Vec::new();
    }
    let id = || request.id.clone();
    let ask = Act::Ask { id: id(), wish: request.wish.clone(), reason: request.reason.clone() };
    let mut acts = vec![acted(&request.asked_by, Role::Operator, ask, request.asked_at)];
    let decided = |Decided { by, at }: &Decided, act| acted(by, Role::Approver, act, *at);
    match &request.state {
        State::Waiting | State::Expired => {}
        State::Approved(by) => acts.push(decided(by, Act::Approve(id()))),
        State::Rejected(by) => acts.push(decided(by, Act::Reject(id()))),
        State::Revoked(by) => acts.push(decided(by, Act::Revoke(id()))),
    }
    acts.extend(request.ended.as_ref().map(|by| decided(by, Act::Revoke(id()))));
    acts
}

/// With the role that it takes: that they had it was seen to when they did it.
fn acted(name: &str, role: Role, act: Act, at: Timestamp) -> Past {
    Past { at, event: Event::Acted(Person { name: name.to_owned(), role }, act) }
}
