//! Conversations that were left open, in a file.

use serde::{Deserialize, Serialize};

use super::moment::{Loading, wall};
use super::{StateError, at, at_most};
use crate::world::leaks::{LEFT_ENDED_MAX, LEFT_OPEN_MAX, Leaks, Left};

/// Left out of the file where there were none, so that such a file can still be read by those who know of none.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SavedLeaks {
    #[serde(deserialize_with = "super::count")]
    number: u64,
    conversations: Vec<SavedLeft>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SavedLeft {
    id: String,
    ani: String,
    dnis: String,
    began: i64,
    ended: Option<i64>,
}

impl SavedLeaks {
    pub(super) fn is_empty(&self) -> bool {
        self.number == 0
    }
}

pub(super) fn save(leaks: &Leaks) -> SavedLeaks {
    let one = |left: &Left| SavedLeft {
        id: left.id.clone(),
        ani: left.ani.clone(),
        dnis: left.dnis.clone(),
        began: wall(left.began_at),
        ended: left.ended_at.map(wall),
    };
    SavedLeaks { number: leaks.number, conversations: leaks.iter().map(one).collect() }
}

pub(super) fn load(saved: SavedLeaks, is_awaited: bool, loading: &Loading) -> Result<Leaks, StateError> {
    const PLACE: &str = "life.leaks.conversations";
    let mut leaks = Leaks { number: saved.number, is_awaited, ..Leaks::default() };
    for (place, left) in saved.conversations.into_iter().enumerate() {
        let place = at(PLACE, place);
        leaks.all.push_back(Left {
            id: left.id,
            ani: left.ani,
            dnis: left.dnis,
            began_at: loading.wall(&place, left.began)?,
            ended_at: left.ended.map(|ended| loading.wall(&place, ended)).transpose()?,
        });
    }
    at_most(LEFT_OPEN_MAX, leaks.open(), PLACE)?;
    at_most(LEFT_ENDED_MAX, leaks.all.len() - leaks.open(), PLACE)?;
    Ok(leaks)
}
