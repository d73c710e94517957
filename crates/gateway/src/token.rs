//! Tokens for upstreams: one renewal for all callers, ahead of expiry, and the old token for as long as it holds.
//!
//! Workers read the present token without a lock. One task per upstream renews it at four fifths of its life
//! (jittered, so that a fleet does not renew in step), goes on trying when the token service is down while
//! calls use the token they have, and turns to the backup credential when the primary one is refused. A call
//! that finds no token waits a bounded time, beside a bounded number of others, and then takes its ladder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use base::Mono;
use bytes::Bytes;
use clock::Clock;
use config::{BaseUrl, ClientCredentials, Credential};
use degrade::probe::JITTER;
use http::header::{self, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use secrecy::ExposeSecret;
use tokio::sync::Notify;

use crate::connect::Connector;

/// Life of a token whose answer does not say (RFC 6749 leaves it open).
const LIFE_DEFAULT: Duration = Duration::from_secs(300);
/// First pause after a failed renewal; doubled up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(200);
/// Longest pause between tries while the token service fails.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Pause after all credentials were refused: asking more often could lock the account.
const REFUSED_PAUSE: Duration = Duration::from_secs(30);
/// Longest try of one renewal.
const TRY_MAX: Duration = Duration::from_secs(5);
/// Answers of a token service are small.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A token as it is sent.
#[derive(Debug)]
pub(crate) struct Token {
    /// `Bearer ...`, marked sensitive.
    pub(crate) header: HeaderValue,
    /// Not used from here on.
    pub(crate) expires: Mono,
    /// Tells tokens apart without comparing secrets.
    pub(crate) serial: u64,
}

/// The token of one upstream, shared by all workers.
#[derive(Debug)]
pub(crate) struct TokenCell {
    current: ArcSwapOption<Token>,
    renewed: Notify,
    rejected: Notify,
    waiting: AtomicU32,
    /// Renewals that failed since the last success.
    pub(crate) failures: AtomicU64,
    credentials: ClientCredentials,
}

/// Why there is no new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Denied {
    /// The service says that the credential is wrong.
    Refused,
    /// It could not be asked, or failed.
    Unavailable,
}

impl TokenCell {
    pub(crate) fn new(credentials: &ClientCredentials) -> Self {
        Self {
            current: ArcSwapOption::empty(),
            renewed: Notify::new(),
            rejected: Notify::new(),
            waiting: AtomicU32::new(0),
            failures: AtomicU64::new(0),
            credentials: credentials.clone(),
        }
    }

    /// The present token, or the next one if it comes within the bounded wait.
    pub(crate) async fn get(&self, clock: &Clock, now: Mono, at_most: Duration) -> Option<Arc<Token>> {
        if let Some(token) = self.present(now) {
            return Some(token);
        }
        let place = Place::take(&self.waiting, self.credentials.waiting_max)?;
        let wait = self.credentials.wait.min(at_most);
        let token = clock.timeout(wait, self.next(clock)).await;
        drop(place);
        token
    }

    /// The present token, if it still holds.
    pub(crate) fn present(&self, now: Mono) -> Option<Arc<Token>> {
        self.current.load_full().filter(|token| now < token.expires)
    }

    async fn next(&self, clock: &Clock) -> Arc<Token> {
        loop {
            let renewed = self.renewed.notified();
            if let Some(token) = self.present(clock.mono()) {
                return token;
            }
            renewed.await;
        }
    }

    /// The upstream rejected this token. Drops it if it is still the present one: a late rejection of an older
    /// token says nothing about the new one.
    pub(crate) fn reject(&self, serial: u64) {
        let current = self.current.load_full();
        if current.is_some_and(|token| token.serial == serial) {
            self.current.store(None);
            self.rejected.notify_one();
        }
    }

    /// Renews for ever. One task per upstream runs this, so renewal is single-flight by construction.
    pub(crate) async fn keep_renewed(&self, connector: &Connector, clock: &Clock, rng: &mut fastrand::Rng) {
        let (mut serial, mut pause) = (0, PAUSE);
        loop {
            let wait = match self.renew(connector, clock).await {
                Ok((header, life)) => {
                    serial += 1;
                    let expires = clock.mono() + life;
                    self.current.store(Some(Arc::new(Token { header, expires, serial })));
                    self.failures.store(0, Ordering::Relaxed);
                    self.renewed.notify_waiters();
                    pause = PAUSE;
                    jittered(life * 4 / 5, rng)
                }
                Err(denied) => {
                    self.failures.fetch_add(1, Ordering::Relaxed);
                    let wait = if denied == Denied::Refused { REFUSED_PAUSE } else { pause };
                    pause = (pause * 2).min(PAUSE_MAX);
                    jittered(wait, rng)
                }
            };
            tokio::select! {
                () = clock.sleep(wait) => {}
                () = self.rejected.notified() => {}
            }
        }
    }

    /// A token from the primary credential, else from the backup.
    async fn renew(&self, connector: &Connector, clock: &Clock) -> Result<(HeaderValue, Duration), Denied> {
        let ask = |credential| self.ask(connector, clock, credential);
        match (ask(&self.credentials.primary).await, &self.credentials.backup) {
            (Err(Denied::Refused), Some(backup)) => ask(backup).await,
            (answer, _) => answer,
        }
    }

    async fn ask(
        &self,
        connector: &Connector,
        clock: &Clock,
        credential: &Credential,
    ) -> Result<(HeaderValue, Duration), Denied> {
        let request = token_request(&self.credentials, credential);
        let answer = clock.timeout(TRY_MAX, connector.fetch(clock, request, ANSWER_BYTES_MAX)).await;
        let Some(Ok(answer)) = answer else { return Err(Denied::Unavailable) };
        match answer.status() {
            StatusCode::OK => parse(answer.body()).ok_or(Denied::Unavailable),
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Denied::Refused),
            _ => Err(Denied::Unavailable),
        }
    }
}

/// A place among those who wait for a token, given back when dropped.
struct Place<'a>(&'a AtomicU32);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicU32, max: u32) -> Option<Self> {
        let place = Self(waiting);
        // When there is none, dropping the place undoes the count.
        (waiting.fetch_add(1, Ordering::Relaxed) < max).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn token_request(credentials: &ClientCredentials, credential: &Credential) -> Request<Full<Bytes>> {
    let BaseUrl { prefix, .. } = &credentials.token_url;
    let mut form = String::from("grant_type=client_credentials");
    if let Some(scope) = &credentials.scope {
        form.push_str("&scope=");
        form.push_str(&form_escape(scope));
    }
    let pair = format!("{}:{}", form_escape(&credential.id), form_escape(credential.secret.expose_secret()));
    let mut basic = HeaderValue::try_from(format!("Basic {}", base64(pair.as_bytes()))).expect("base64 is ASCII");
    basic.set_sensitive(true);
    let host = HeaderValue::try_from(credentials.token_url.authority()).expect("the configuration checked the host");
    let path = if prefix.is_empty() { "/" } else { prefix.as_str() };
    Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, host)
        .header(header::AUTHORIZATION, basic)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .body(Full::new(Bytes::from(form)))
        .expect("the configuration checked the token path")
}

fn parse(body: &[u8]) -> Option<(HeaderValue, Duration)> {
    #[derive(serde::Deserialize)]
    struct Answer {
        access_token: String,
        expires_in: Option<u64>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let mut header = HeaderValue::try_from(format!("Bearer {}", answer.access_token)).ok()?;
    header.set_sensitive(true);
    Some((header, answer.expires_in.map_or(LIFE_DEFAULT, Duration::from_secs)))
}

fn jittered(wait: Duration, rng: &mut fastrand::Rng) -> Duration {
    let spread = u64::from(JITTER.get());
    wait.mul_f64(1.0 - rng.u64(0..=spread) as f64 / 1e6)
}

/// Percent-encoding of form values (RFC 6749, appendix B).
fn form_escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_answer_without_a_life_gets_the_default() {
        let (header, life) = parse(br#"{"access_token":"abc","token_type":"bearer"}"#).unwrap();
        assert_eq!((header.to_str().unwrap(), life), ("Bearer abc", LIFE_DEFAULT));
        assert!(header.is_sensitive());
        assert!(parse(br#"{"error":"invalid_client"}"#).is_none());
    }

    #[test]
    fn secrets_with_odd_characters_survive_the_form() {
        assert_eq!(form_escape("p@ss:w%rd"), "p%40ss%3Aw%25rd");
    }

    #[test]
    fn places_for_waiting_are_bounded_and_given_back() {
        let waiting = AtomicU32::new(0);
        let first = Place::take(&waiting, 1);
        assert!(first.is_some() && Place::take(&waiting, 1).is_none());
        drop(first);
        assert!(Place::take(&waiting, 1).is_some());
    }
}
