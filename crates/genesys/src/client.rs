//! The client: a token, a budget, and requests.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clock::Clock;
use reqwest::header;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::attempt::{self, Ended, Next};
use crate::budget::{Budget, Policy, Purpose, Said};
use crate::error::{ApiError, Error};
use crate::region::Hosts;
use crate::token::Life;
use crate::transport::{Sockets, Transport, plain};

mod login;

/// The longest time for one attempt.
const ATTEMPT_MAX: Duration = Duration::from_secs(30);

/// How long a request waits for its budget or for what the platform said, unless its client is less patient.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// The longest time for a file.
const FILE_MAX: Duration = Duration::from_secs(120);

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The id and secret of an OAuth client.
#[derive(Clone)]
pub struct Credential {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Where to go, and as whom.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The hosts.
    pub hosts: Hosts,
    /// The OAuth client.
    pub credential: Credential,
    /// Another one, from a store of its own, for when the first is refused.
    pub backup: Option<Credential>,
    /// What we allow ourselves.
    pub policy: Policy,
}

/// A client of the Platform API; cheap to clone, one token and one budget for all clones.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    /// The longest time that a request waits for its budget or for what the platform said.
    patience: Duration,
    /// What requests are for that do not say it themselves.
    purpose: Purpose,
}

struct Shared {
    connection: Connection,
    /// Puts requests together; the transport carries them.
    composer: reqwest::Client,
    transport: Arc<dyn Transport>,
    clock: Clock,
    held: Mutex<Option<Held>>,
    /// Whoever holds this renews the token; everyone else uses the old one or waits.
    renewal: tokio::sync::Mutex<()>,
    budget: Mutex<Budget>,
    /// How far the platform's clock is ahead of ours, in seconds, by its last answer.
    skew: Mutex<Option<i64>>,
    rng: Mutex<fastrand::Rng>,
}

struct Held {
    token: SecretString,
    /// The id of the credential that it was given for.
    credential: String,
    life: Life,
    serial: u64,
}

/// One request.
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a [(&'a str, String)],
    pub(crate) body: Option<&'a Value>,
    pub(crate) purpose: Purpose,
    /// True for a request that changes nothing, such as a query by `POST`.
    pub(crate) reads: bool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("api", &self.shared.connection.hosts.api).finish_non_exhaustive()
    }
}

impl Client {
    /// A client for this connection; nothing is asked yet. Pauses between attempts are drawn by `seed`.
    ///
    /// # Errors
    /// When the machine has no certificates to trust.
    pub fn new(connection: Connection, clock: Clock, seed: u64) -> Result<Self, Error> {
        let composer = composer()?;
        let sockets = Arc::new(Sockets(composer.clone()));
        Ok(Self::with(composer, sockets, connection, clock, seed))
    }

    /// The same client, whose requests go another way than over sockets.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn over(transport: Arc<dyn Transport>, connection: Connection, clock: Clock, seed: u64) -> Result<Self, Error> {
        Ok(Self::with(composer()?, transport, connection, clock, seed))
    }

    fn with(
        composer: reqwest::Client,
        transport: Arc<dyn Transport>,
        connection: Connection,
        clock: Clock,
        seed: u64,
    ) -> Self {
        let budget = Mutex::new(Budget::new(clock.mono()));
        let rng = Mutex::new(fastrand::Rng::with_seed(seed));
        let (held, renewal, skew) = (Mutex::new(None), tokio::sync::Mutex::new(()), Mutex::new(None));
        let shared = Shared { connection, composer, transport, clock, held, renewal, budget, skew, rng };
        Self { shared: Arc::new(shared), patience: WAIT_MAX, purpose: Purpose::Ordinary }
    }

    /// The same client for somebody who would rather be told than wait for the budget, or for the platform, longer than
    /// `patience`; at most a minute.
    #[must_use]
    pub fn with_patience(&self, patience: Duration) -> Self {
        Self { patience: patience.min(WAIT_MAX), ..self.clone() }
    }

    /// The same client for somebody whose requests are all for this.
    #[must_use]
    pub fn with_purpose(&self, purpose: Purpose) -> Self {
        Self { purpose, ..self.clone() }
    }

    /// The OAuth client as which requests go out now: the first credential's or the backup's; `None` before there was
    /// a token.
    pub fn acts_as(&self) -> Option<String> {
        let held = self.shared.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().map(|held| held.credential.clone())
    }

    /// How far the platform's clock is ahead of ours, in whole seconds, by the last answer; `None` before there was one.
    pub fn skew_seconds(&self) -> Option<i64> {
        *self.shared.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests that the platform allows in a minute, by its last answer, and how many of them were used.
    pub fn window(&self) -> (u32, u32) {
        let budget = self.shared.budget.lock().unwrap_or_else(PoisonError::into_inner);
        (budget.allowed, budget.used)
    }

    /// The clock of this client.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// What requests are for that do not say it themselves.
    pub(crate) fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// A number from 0 to 1, so that many clients do not do the same at once.
    pub(crate) fn chance(&self) -> f64 {
        self.shared.rng.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }

    /// Reads something.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Result<T, Error> {
        let request = Request { method: Method::GET, path, query, body: None, purpose: self.purpose, reads: true };
        self.read(request).await
    }

    /// Asks a question that needs a body; it changes nothing and may be asked again.
    pub(crate) async fn query<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Error> {
        let (method, purpose) = (Method::POST, self.purpose);
        let body = Some(body).filter(|body| !body.is_null());
        self.read(Request { method, path, query: &[], body, purpose, reads: true }).await
    }

    /// Changes something; it is not tried again when nobody knows what became of it.
    pub(crate) async fn change<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Option<&Value>,
    ) -> Result<T, Error> {
        self.read(Request { method, path, query, body, purpose: self.purpose, reads: false }).await
    }

    /// Changes something whose answer says nothing.
    pub(crate) async fn order(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(), Error> {
        let purpose = self.purpose;
        self.send(Request { method, path, query: &[], body, purpose, reads: false }).await.map(|_| ())
    }

    /// Reads a file from an address that the platform gave; such an address is its own secret.
    pub(crate) async fn download(&self, url: &str) -> Result<String, Error> {
        self.file(Method::GET, self.shared.composer.get(url)).await
    }

    /// Sends a file to an address that the platform gave, with the headers that it asked for.
    pub(crate) async fn upload(
        &self,
        url: &str,
        headers: &BTreeMap<String, String>,
        text: String,
    ) -> Result<(), Error> {
        let request = self.shared.composer.put(url).body(text);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        self.file(Method::PUT, request).await.map(|_| ())
    }

    async fn file(&self, method: Method, request: RequestBuilder) -> Result<String, Error> {
        let path = "a file of the platform".to_owned();
        let failed = |message: String| Error::NoAnswer { method: method.to_string(), path: path.clone(), message };
        let answered = async {
            let response = self.carry(request).await?;
            let status = response.status();
            Ok::<_, String>((status, body_of(response).await?))
        };
        let answer = self.shared.clock.timeout(FILE_MAX, answered).await;
        let answer = answer.unwrap_or_else(|| Err(format!("nothing came within {} s", FILE_MAX.as_secs())));
        let (status, body) = answer.map_err(failed)?;
        if !status.is_success() {
            return Err(Error::Api(Box::new(ApiError::read(method.as_str(), &path, status.as_u16(), &body))));
        }
        String::from_utf8(body).map_err(|_| failed("it is no text".to_owned()))
    }

    async fn carry(&self, request: RequestBuilder) -> Result<Response, String> {
        let request = request.build().map_err(|error| plain(&error))?;
        self.shared.transport.carry(request).await
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn read<T: DeserializeOwned>(&self, request: Request<'_>) -> Result<T, Error> {
        let (method, path) = (request.method.to_string(), request.path.to_owned());
        let body = self.send(request).await?;
        // An operation that answers with nothing is read as null.
        let body = if body.is_empty() { b"null".as_slice() } else { &body };
        serde_json::from_slice(body).map_err(|error| Error::Unreadable { method, path, message: error.to_string() })
    }

    /// Sends a request until there is an answer to take.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Vec<u8>, Error> {
        self.send_timed(request).await.0
    }

    /// The same, with how long the last attempt took: without any wait for the budget or for a token.
    pub(crate) async fn send_timed(&self, request: Request<'_>) -> (Result<Vec<u8>, Error>, Duration) {
        let mut renewed = false;
        let mut attempt = 1;
        let mut took = Duration::ZERO;
        loop {
            let token = async {
                self.wait_for_budget(request.purpose).await?;
                self.token().await
            };
            let (token, serial) = match token.await {
                Ok(token) => token,
                Err(error) => return (Err(error), took),
            };
            let began = self.shared.clock.mono();
            let answer = self.once(&request, &token).await;
            took = self.shared.clock.mono().since(began);
            let ended = match &answer {
                Ok((status, _, after)) => Ended::Status(status.as_u16(), *after),
                Err(_) => Ended::NoAnswer,
            };
            let chance = self.chance();
            match attempt::next(ended, attempt, request.reads, renewed, chance) {
                Next::NewToken => {
                    self.drop_token(serial);
                    renewed = true;
                }
                Next::Again(pause) if pause <= self.patience => self.shared.clock.sleep(pause).await,
                Next::Again(_) | Next::Take => return (finish(&request, answer), took),
            }
            attempt += 1;
        }
    }

    async fn wait_for_budget(&self, purpose: Purpose) -> Result<(), Error> {
        let mut waited = Duration::ZERO;
        loop {
            let wait = {
                let mut budget = self.shared.budget.lock().unwrap_or_else(PoisonError::into_inner);
                match budget.take(purpose, &self.shared.connection.policy, self.shared.clock.mono()) {
                    Ok(left) => {
                        *budget = left;
                        return Ok(());
                    }
                    Err(wait) => wait,
                }
            };
            waited += wait;
            if waited > self.patience {
                return Err(Error::OutOfBudget(wait));
            }
            self.shared.clock.sleep(wait).await;
        }
    }

    async fn once(&self, request: &Request<'_>, token: &SecretString) -> Result<Answer, String> {
        let url = format!("{}{}", self.shared.connection.hosts.api, request.path);
        let outgoing = self.shared.composer.request(request.method.clone(), url).query(request.query);
        let outgoing = outgoing.bearer_auth(token.expose_secret());
        let outgoing = match request.body {
            Some(body) => outgoing.json(body),
            None => outgoing,
        };
        let answered = async {
            let response = self.carry(outgoing).await?;
            self.learn(&response);
            let (status, after) = (response.status(), retry_after(&response));
            let body = body_of(response).await?;
            Ok((status, body, after))
        };
        let answer = self.shared.clock.timeout(ATTEMPT_MAX, answered).await;
        answer.unwrap_or_else(|| Err(format!("nothing came within {} s", ATTEMPT_MAX.as_secs())))
    }

    fn learn(&self, response: &Response) {
        let date = response.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok())
            && let Ok(date) = jiff::Timestamp::try_from(date)
        {
            let ahead = date.as_second() - self.shared.clock.now().wall.as_second();
            *self.shared.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        }
        let number = |name: &str| response.headers().get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
        let said = (number("inin-ratelimit-count"), number("inin-ratelimit-allowed"), number("inin-ratelimit-reset"));
        if let (Some(count), Some(allowed), Some(reset)) = said {
            let said = Said { count, allowed, reset: Duration::from_secs(reset.into()) };
            let mut budget = self.shared.budget.lock().unwrap_or_else(PoisonError::into_inner);
            *budget = budget.learn(said, self.shared.clock.mono());
        }
    }
}

fn composer() -> Result<reqwest::Client, Error> {
    let builder = reqwest::Client::builder().user_agent(concat!("steadyline/", env!("CARGO_PKG_VERSION")));
    builder.build().map_err(|error| Error::Login { status: None, message: plain(&error) })
}

/// Status, body, and how long to wait before the next try.
type Answer = (StatusCode, Vec<u8>, Option<Duration>);

fn finish(request: &Request<'_>, answer: Result<Answer, String>) -> Result<Vec<u8>, Error> {
    let (method, path) = (request.method.as_str(), request.path);
    match answer {
        Ok((status, body, _)) if status.is_success() => Ok(body),
        Ok((status, body, after)) => {
            let error = ApiError { retry_after: after, ..ApiError::read(method, path, status.as_u16(), &body) };
            Err(Error::Api(Box::new(error)))
        }
        Err(message) => Err(Error::NoAnswer { method: method.to_owned(), path: path.to_owned(), message }),
    }
}

/// `Retry-After` in seconds, else the end of the platform's window when it refused for its limit.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = |name| response.headers().get(name)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs);
    let said = seconds(header::RETRY_AFTER.as_str());
    let is_limited = response.status() == StatusCode::TOO_MANY_REQUESTS;
    said.or_else(|| seconds("inin-ratelimit-reset").filter(|_| is_limited))
}

async fn body_of(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| plain(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(format!("the answer is longer than {ANSWER_BYTES_MAX} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A segment of a path: what has a meaning in an address is escaped.
pub(crate) fn segment(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if is_plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}
