//! Locks of flows in an organisation: who has one, and how ours is given back.
//!
//! The platform's locks have no end and no words: only who has it. A lock of ours is taken after an intent was kept
//! ([`crate::intents`]), and given back in every ending; that it is gone is read, not believed.

use std::time::Duration;

use config::Platform;
use genesys::flows::{self, Flow};
use genesys::tokens::Named;
use genesys::{Client, Error};

/// How often a lock is tried to be given back.
const RELEASES_MAX: u32 = 120;
/// How long between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// Who has a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// Nobody.
    Nobody,
    /// The OAuth client that we ask as.
    Us(Named),
    /// A person, or another OAuth client.
    Other(Named),
}

impl Holder {
    /// Their name, or their id where the platform leaves the name out.
    pub(crate) fn name(&self) -> Option<&str> {
        let (Self::Us(named) | Self::Other(named)) = self else { return None };
        Some(if named.name.is_empty() { &named.id } else { &named.name })
    }
}

/// Who has this flow, for whoever asks as a client of `platform`.
pub(crate) fn holder(flow: &Flow, platform: &Platform) -> Holder {
    if let Some(user) = &flow.locked_user {
        return Holder::Other(user.clone());
    }
    let Some(client) = &flow.locked_client else { return Holder::Nobody };
    let is_ours = std::iter::once(&platform.client).chain(&platform.backup).any(|ours| ours.id == client.id);
    if is_ours { Holder::Us(client.clone()) } else { Holder::Other(client.clone()) }
}

/// Gives our lock of a flow back, and reads that it is gone; waits for an operation that still runs on the flow. A lock
/// that is nobody's, or somebody else's by now, is given back already.
///
/// # Errors
/// Why not, when it is still ours or nobody knows.
pub(crate) async fn give_back(client: &Client, platform: &Platform, id: &str) -> Result<Flow, Error> {
    let mut tries = 1;
    loop {
        let why = match flows::one(client, id).await {
            Ok(flow) if !matches!(holder(&flow, platform), Holder::Us(_)) => return Ok(flow),
            Ok(_) => flows::give_back(client, id).await.err(),
            Err(error) => Some(error),
        };
        if let Some(error) = why {
            let may_pass = match &error {
                Error::Api(said) => matches!(said.status, 408 | 409 | 429 | 500..),
                Error::NoAnswer { .. } | Error::OutOfBudget(_) => true,
                _ => false,
            };
            if RELEASES_MAX <= tries || !may_pass {
                return Err(error);
            }
            client.clock().sleep(PAUSE).await;
        } else if RELEASES_MAX <= tries {
            return Err(flows::still_locked(id, tries));
        }
        tries += 1;
    }
}
