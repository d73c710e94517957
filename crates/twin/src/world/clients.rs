//! OAuth clients, their tokens, what they may do, and how often each token may ask.

use std::collections::BTreeMap;
use std::time::Duration;

use base::Mono;

use super::{Client, Settings};

/// The window in which requests are counted; it starts with the first of them.
const WINDOW: Duration = Duration::from_secs(60);

/// The most tokens at one time; the one that expires first goes when another is asked for.
pub(super) const TOKENS_MAX: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Clients {
    pub(super) clients: Vec<Registered>,
    pub(super) tokens: BTreeMap<String, Token>,
}

/// A client of the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registered {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) name: String,
    /// `domain:entity:action`, each part perhaps `*`.
    pub(crate) permissions: Vec<String>,
    /// How long its tokens hold, when not as long as those of others.
    pub(crate) seconds: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Token {
    pub(super) client: usize,
    pub(super) expires: Mono,
    pub(super) window_began: Mono,
    pub(super) used: u32,
    /// How often in this window for single operations, where these have a limit of their own.
    pub(super) operations: BTreeMap<String, u32>,
}

/// The credentials are not those of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefusedClient;

/// A request may pass: whose it is, and what is left of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    pub(crate) client: Client,
    pub(crate) used: u32,
    pub(crate) reset: Duration,
}

/// Why a request may not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Nobody was given this token.
    Unknown,
    /// It was good once.
    Expired,
    /// It was used too often.
    Throttled {
        /// Whose it is.
        client: Client,
        /// How often in this window.
        used: u32,
        /// When the next window begins.
        reset: Duration,
    },
}

impl Clients {
    /// Adds a client, in place of one with the same id.
    pub(crate) fn register(&mut self, client: Registered) {
        match self.clients.iter_mut().find(|known| known.id == client.id) {
            Some(known) => *known = client,
            None => self.clients.push(client),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Registered> {
        self.clients.iter()
    }

    pub(crate) fn permissions(&self, id: &str) -> &[String] {
        self.clients.iter().find(|client| client.id == id).map_or(&[], |client| &client.permissions)
    }

    /// Whether a client has a permission.
    pub(crate) fn permits(&self, id: &str, permission: &str) -> bool {
        let fits = |held: &String| {
            let (mut held, mut wanted) = (held.split(':'), permission.split(':'));
            (0..3).all(|_| match (held.next(), wanted.next()) {
                (Some("*"), Some(_)) => true,
                (held, wanted) => held == wanted,
            })
        };
        self.permissions(id).iter().any(fits)
    }

    /// Gives a client the new token `token`; how many seconds it holds.
    pub(crate) fn issue(
        &mut self,
        id: &str,
        secret: &str,
        token: String,
        settings: &Settings,
        now: Mono,
    ) -> Result<u64, RefusedClient> {
        let client = self.clients.iter().position(|client| client.id == id && client.secret == secret);
        let client = client.ok_or(RefusedClient)?;
        if self.tokens.len() >= TOKENS_MAX {
            let first = self.tokens.iter().min_by_key(|(_, token)| token.expires).map(|(token, _)| token.clone());
            first.map(|first| self.tokens.remove(&first));
        }
        let seconds = self.clients[client].seconds.unwrap_or(settings.token_seconds);
        let expires = now + Duration::from_secs(seconds);
        self.tokens.insert(token, Token { client, expires, window_began: now, used: 0, operations: BTreeMap::new() });
        Ok(seconds)
    }

    /// Ends a token before its time.
    pub(crate) fn revoke(&mut self, token: &str) {
        self.tokens.remove(token);
    }

    /// Counts one request with `token`, of which there may be `limit` in a window.
    pub(crate) fn admit(&mut self, token: &str, limit: u32, now: Mono) -> Result<Pass, Denied> {
        let token = self.tokens.get_mut(token).ok_or(Denied::Unknown)?;
        if token.expires <= now {
            return Err(Denied::Expired);
        }
        if now.since(token.window_began) >= WINDOW {
            (token.window_began, token.used) = (now, 0);
            token.operations.clear();
        }
        token.used = token.used.saturating_add(1);
        let (used, reset) = (token.used, WINDOW.saturating_sub(now.since(token.window_began)));
        let client = &self.clients[token.client];
        let client = Client { id: client.id.clone(), name: client.name.clone() };
        if used > limit { Err(Denied::Throttled { client, used, reset }) } else { Ok(Pass { client, used, reset }) }
    }

    /// Counts a request with `token`, which was let in, for an operation that has a limit of its own. Over the limit it
    /// gives the time until the window ends.
    pub(crate) fn admit_operation(&mut self, token: &str, name: &str, limit: u32, now: Mono) -> Result<(), Duration> {
        let Some(token) = self.tokens.get_mut(token) else { return Ok(()) };
        let used = token.operations.entry(name.to_owned()).or_default();
        *used = used.saturating_add(1);
        if *used > limit { Err(WINDOW.saturating_sub(now.since(token.window_began))) } else { Ok(()) }
    }
}
