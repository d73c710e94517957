//! The stored forms of what people agreed on and of where flows stand, version 1.

use budget::approvals::{Decided, Relief, Request, State, Wish};
use budget::ladder::{Ladder, Mode};
use budget::{Minute, Stretch};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestWire {
    version: u32,
    wish: WishWire,
    reason: String,
    asked_by: String,
    asked_at: Timestamp,
    expires_at: Timestamp,
    is_retroactive: bool,
    state: String,
    decided_by: Option<String>,
    decided_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum WishWire {
    Maintenance { objectives: Vec<String>, from: i64, until: i64, zone: String, relieves: Vec<String> },
    Reset { objective: String },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LadderWire {
    version: u32,
    mode: String,
    since: Option<i64>,
    was_eased: bool,
    unknown_since: Option<i64>,
}

pub(super) fn request_to_json(request: &Request) -> String {
    let wish = match &request.wish {
        Wish::Maintenance { objectives, stretch, zone, relief } => WishWire::Maintenance {
            objectives: objectives.clone(),
            from: stretch.from.get(),
            until: stretch.until.get(),
            zone: zone.clone(),
            relieves: relieves(*relief),
        },
        Wish::Reset { objective } => WishWire::Reset { objective: objective.clone() },
    };
    let decided = decided(&request.state);
    let wire = RequestWire {
        version: VERSION,
        wish,
        reason: request.reason.clone(),
        asked_by: request.asked_by.clone(),
        asked_at: request.asked_at,
        expires_at: request.expires_at,
        is_retroactive: request.is_retroactive,
        state: state_word(&request.state).to_owned(),
        decided_by: decided.map(|decided| decided.by.clone()),
        decided_at: decided.map(|decided| decided.at),
        ended_by: request.ended.as_ref().map(|ended| ended.by.clone()),
        ended_at: request.ended.as_ref().map(|ended| ended.at),
    };
    serde_json::to_string(&wire).expect("strings and instants are always JSON")
}

pub(super) fn request_from_json(id: &str, json: &str) -> Result<Request, String> {
    let wire: RequestWire = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if wire.version != VERSION {
        return Err(format!("version {} is not known", wire.version));
    }
    let decided = || match (wire.decided_by.clone(), wire.decided_at) {
        (Some(by), Some(at)) => Ok(Decided { by, at }),
        _ => Err("it does not say who decided".to_owned()),
    };
    let state = match wire.state.as_str() {
        "waiting" => State::Waiting,
        "expired" => State::Expired,
        "approved" => State::Approved(decided()?),
        "rejected" => State::Rejected(decided()?),
        "revoked" => State::Revoked(decided()?),
        other => return Err(format!("`{other}` is no state of a request")),
    };
    let wish = match wire.wish {
        WishWire::Maintenance { objectives, from, until, zone, relieves } => Wish::Maintenance {
            objectives,
            stretch: Stretch { from: Minute::new(from), until: Minute::new(until) },
            zone,
            relief: relief(&relieves)?,
        },
        WishWire::Reset { objective } => Wish::Reset { objective },
    };
    Ok(Request {
        id: id.to_owned(),
        wish,
        reason: wire.reason,
        asked_by: wire.asked_by,
        asked_at: wire.asked_at,
        expires_at: wire.expires_at,
        is_retroactive: wire.is_retroactive,
        state,
        ended: wire.ended_by.zip(wire.ended_at).map(|(by, at)| Decided { by, at }),
    })
}

pub(super) fn ladder_to_json(ladder: Ladder) -> String {
    let wire = LadderWire {
        version: VERSION,
        mode: ladder.mode.word().to_owned(),
        since: ladder.since.map(Minute::get),
        was_eased: ladder.was_eased,
        unknown_since: ladder.unknown_since.map(Minute::get),
    };
    serde_json::to_string(&wire).expect("strings and numbers are always JSON")
}

pub(super) fn ladder_from_json(json: &str) -> Result<Ladder, String> {
    let wire: LadderWire = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if wire.version != VERSION {
        return Err(format!("version {} is not known", wire.version));
    }
    Ok(Ladder {
        mode: Mode::from_word(&wire.mode).ok_or_else(|| format!("`{}` is no mode", wire.mode))?,
        since: wire.since.map(Minute::new),
        was_eased: wire.was_eased,
        unknown_since: wire.unknown_since.map(Minute::new),
    })
}

/// What maintenance counts for, in words.
pub(super) fn relieves(relief: Relief) -> Vec<String> {
    let words =
        [(relief.budget, "budget"), (relief.gate, "gate"), (relief.degrade, "degrade"), (relief.rollback, "rollback")];
    words.into_iter().filter(|(counts, _)| *counts).map(|(_, word)| word.to_owned()).collect()
}

/// The other way round.
pub(super) fn relief(words: &[String]) -> Result<Relief, String> {
    let mut relief = Relief { budget: false, gate: false, degrade: false, rollback: false };
    for word in words {
        match word.as_str() {
            "budget" => relief.budget = true,
            "gate" => relief.gate = true,
            "degrade" => relief.degrade = true,
            "rollback" => relief.rollback = true,
            other => {
                return Err(format!(
                    "`{other}` is nothing that maintenance counts for: budget, gate, degrade, rollback are"
                ));
            }
        }
    }
    Ok(relief)
}

pub(super) fn decided(state: &State) -> Option<&Decided> {
    match state {
        State::Waiting | State::Expired => None,
        State::Approved(decided) | State::Rejected(decided) | State::Revoked(decided) => Some(decided),
    }
}

pub(super) fn state_word(state: &State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Approved(_) => "approved",
        State::Rejected(_) => "rejected",
        State::Revoked(_) => "revoked",
        State::Expired => "expired",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_ladders_are_read_back_as_they_were_written() {
        let decided = Decided { by: "ben".into(), at: Timestamp::UNIX_EPOCH };
        let states = [
            State::Waiting,
            State::Approved(decided.clone()),
            State::Rejected(decided.clone()),
            State::Revoked(decided),
            State::Expired,
        ];
        let wishes = [
            Wish::Reset { objective: "crm".into() },
            Wish::Maintenance {
                objectives: vec!["crm".into()],
                stretch: Stretch { from: Minute::new(1), until: Minute::new(2) },
                zone: "UTC".into(),
                relief: Relief { budget: true, gate: false, degrade: true, rollback: true },
            },
        ];
        for (state, wish) in states.into_iter().flat_map(|state| wishes.clone().map(|wish| (state.clone(), wish))) {
            let request = Request {
                id: "1".into(),
                wish,
                reason: "why".into(),
                asked_by: "ann".into(),
                asked_at: Timestamp::UNIX_EPOCH,
                expires_at: Timestamp::UNIX_EPOCH,
                is_retroactive: false,
                ended: matches!(state, State::Approved(_))
                    .then(|| Decided { by: "carl".into(), at: Timestamp::UNIX_EPOCH }),
                state,
            };
            assert_eq!(request_from_json("1", &request_to_json(&request)).unwrap(), request);
        }
        let ladder = Ladder {
            mode: Mode::AgentOnly,
            since: Some(Minute::new(5)),
            was_eased: true,
            unknown_since: Some(Minute::new(7)),
        };
        assert_eq!(ladder_from_json(&ladder_to_json(ladder)).unwrap(), ladder);
    }
}
