//! OAuth clients, their tokens, and how often each token may ask.

use std::collections::BTreeMap;
use std::time::Duration;

use base::Mono;

/// How long a token holds.
pub(crate) const TOKEN_LIFE: Duration = Duration::from_secs(86_400);

/// Requests per token in one window.
pub(crate) const REQUESTS_MAX: u32 = 300;

/// The window in which requests are counted; it starts with the first of them.
const WINDOW: Duration = Duration::from_secs(60);

/// The most tokens at one time; the one that expires first goes when another is asked for.
const TOKENS_MAX: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Clients {
    clients: Vec<Registered>,
    tokens: BTreeMap<String, Token>,
}

#[derive(Debug)]
struct Registered {
    id: String,
    secret: String,
    name: String,
}

#[derive(Debug)]
struct Token {
    client: usize,
    expires: Mono,
    window_began: Mono,
    used: u32,
}

/// The credentials are not those of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefusedClient;

/// A request may pass: whose it is, and what is left of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    pub(crate) client_id: String,
    pub(crate) client_name: String,
    pub(crate) used: u32,
    pub(crate) reset: Duration,
}

/// Why a request may not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Nobody was given this token.
    Unknown,
    /// It was good once.
    Expired,
    /// It was used too often.
    Throttled {
        /// How often in this window.
        used: u32,
        /// When the next window begins.
        reset: Duration,
    },
}

impl Clients {
    pub(crate) fn register(&mut self, id: &str, secret: &str, name: &str) {
        self.clients.push(Registered { id: id.to_owned(), secret: secret.to_owned(), name: name.to_owned() });
    }

    /// Gives a client the new token `token`.
    pub(crate) fn issue(&mut self, id: &str, secret: &str, token: String, now: Mono) -> Result<(), RefusedClient> {
        let client = self.clients.iter().position(|client| client.id == id && client.secret == secret);
        let client = client.ok_or(RefusedClient)?;
        if self.tokens.len() >= TOKENS_MAX {
            let first = self.tokens.iter().min_by_key(|(_, token)| token.expires).map(|(token, _)| token.clone());
            first.map(|first| self.tokens.remove(&first));
        }
        self.tokens.insert(token, Token { client, expires: now + TOKEN_LIFE, window_began: now, used: 0 });
        Ok(())
    }

    /// Ends a token before its time.
    pub(crate) fn revoke(&mut self, token: &str) {
        self.tokens.remove(token);
    }

    /// Counts one request with `token`.
    pub(crate) fn admit(&mut self, token: &str, now: Mono) -> Result<Pass, Denied> {
        let token = self.tokens.get_mut(token).ok_or(Denied::Unknown)?;
        if token.expires <= now {
            return Err(Denied::Expired);
        }
        if now.since(token.window_began) >= WINDOW {
            (token.window_began, token.used) = (now, 0);
        }
        token.used = token.used.saturating_add(1);
        let (used, reset) = (token.used, WINDOW.saturating_sub(now.since(token.window_began)));
        if used > REQUESTS_MAX {
            return Err(Denied::Throttled { used, reset });
        }
        let client = &self.clients[token.client];
        Ok(Pass { client_id: client.id.clone(), client_name: client.name.clone(), used, reset })
    }
}
