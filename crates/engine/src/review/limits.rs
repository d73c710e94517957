//! What there is room for.

use std::collections::BTreeMap;

use genesys::{Client, organisation, telephony};
use review::{Calls, Gap, Known, Requests};

use super::{Asking, gap};

/// Where the platform keeps how many Data Actions may run at a time.
const DATA_ACTIONS: (&str, &str) = ("dataactions", "concurrent.executions");

type Learned = (Known<BTreeMap<String, u64>>, Known<Calls>, Known<Option<u64>>);

pub(super) async fn learn(asking: &Asking<'_>) -> Learned {
    tokio::join!(
        asking.part("licences", 1, licences(asking)),
        asking.part("calls", 1, calls(asking.client)),
        asking.part("limits", 1, actions_at_once(asking.client)),
    )
}

/// Requests of the present minute, by the platform's own last answer.
pub(super) fn requests(client: &Client) -> Requests {
    let (allowed, used) = client.window();
    // The question who we are was the only one of this review so far.
    Requests { used: used.saturating_sub(1), allowed }
}

async fn licences(asking: &Asking<'_>) -> Known<BTreeMap<String, u64>> {
    if asking.setup.launch.plan.licences.is_empty() {
        return Ok(BTreeMap::new());
    }
    organisation::licences(asking.client).await.map_err(|error| gap(&error))
}

async fn calls(client: &Client) -> Known<Calls> {
    let told = telephony::capacity(client).await.map_err(|error| gap(&error))?;
    match (told.concurrent_call_count, told.max_call_capacity) {
        (Some(now), Some(max)) => Ok(Calls { now, max }),
        _ => Err(Gap {
            why: "the platform does not say how many calls there is room for".to_owned(),
            fix: "ask Genesys, and leave the check out with the answer as the reason".to_owned(),
        }),
    }
}

async fn actions_at_once(client: &Client) -> Known<Option<u64>> {
    let limits = organisation::limits(client, DATA_ACTIONS.0).await.map_err(|error| gap(&error))?;
    let limit = limits.iter().find(|limit| limit.key == DATA_ACTIONS.1).and_then(|limit| limit.value);
    Ok(limit.and_then(|limit| u64::try_from(limit).ok()))
}
