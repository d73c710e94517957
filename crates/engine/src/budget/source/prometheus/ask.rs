//! One question over HTTP: PromQL, and a value for the beginning of each minute.

use std::error::Error;
use std::time::Duration;

use budget::Minute;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::counting::Series;
use super::{SetupError, SourceError};

/// The most that is read of an answer: six hours of [`SERIES_MAX`] series come to half of it.
pub(super) const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most series of an answer.
pub(super) const SERIES_MAX: usize = 500;
/// A query that takes longer has no answer. Three rounds of queries that hang fit into the time of a source.
const QUERY_TIME_MAX: Duration = Duration::from_secs(9);
/// What the server is told, so that it gives up first and says so.
const SERVER_TIME_MAX: &str = "8s";
const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);
/// The most of a server's words that is told.
const WORDS_MAX: usize = 300;

/// A server and how it is asked.
#[derive(Clone, Debug)]
pub(super) struct Server {
    http: Client,
    url: Url,
    token: Option<SecretString>,
}

/// What is asked: values at the beginnings of the minutes from `first` to `last`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) promql: String,
    pub(super) first: Minute,
    pub(super) last: Minute,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// This query has none; others may.
    Query(String),
    /// The server wishes to be left alone.
    Server(SourceError),
}

impl Server {
    pub(super) fn new(base: &str, token: Option<SecretString>) -> Result<Self, SetupError> {
        let refused = || SetupError::Url(base.to_owned());
        let url = Url::parse(&format!("{base}/api/v1/query_range")).map_err(|_| refused())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(refused());
        }
        let http = Client::builder()
            // A token must not travel to an address that nobody configured.
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIME_MAX)
            .timeout(QUERY_TIME_MAX)
            .user_agent(concat!("steadyline/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(SetupError::Client)?;
        Ok(Self { http, url, token })
    }

    pub(super) async fn ask(&self, question: &Question) -> Result<Vec<Series>, Failure> {
        let form = [
            ("query", question.promql.clone()),
            ("start", question.first.start().as_second().to_string()),
            ("end", question.last.start().as_second().to_string()),
            ("step", "60".to_owned()),
            ("timeout", SERVER_TIME_MAX.to_owned()),
            // Thanos: a part of the counts is no count.
            ("partial_response", "false".to_owned()),
        ];
        let mut request = self.http.post(self.url.clone()).form(&form);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let response = request.send().await.map_err(|error| Failure::Query(plain(&error)))?;
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        let body = body(response).await?;
        if status.is_success() { read(&body) } else { Err(refusal(status, retry_after, &body)) }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Refusal {
    error_type: String,
    error: String,
}

fn refusal(status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Failure {
    let Refusal { error_type, error } = serde_json::from_slice(body).unwrap_or_default();
    let words: String = format!("{error_type}: {error}").chars().take(WORDS_MAX).collect();
    let why = if error_type.is_empty() { format!("it answers {status}") } else { words };
    // A query that took too long is answered with 503 as well, and is no wish of the server.
    let is_of_query = matches!(error_type.as_str(), "timeout" | "canceled");
    let is_server = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if is_server && !is_of_query { Failure::Server(SourceError { why, retry_after }) } else { Failure::Query(why) }
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Matrix(Vec<Found>),
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    metric: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<(f64, String)>,
    histograms: Option<IgnoredAny>,
}

/// Reads an answer as a whole or not at all: a part of it would be a wrong count.
fn read(body: &[u8]) -> Result<Vec<Series>, Failure> {
    let failed = |why: String| Err(Failure::Query(why));
    let Data::Matrix(found) = match serde_json::from_slice::<Answer>(body) {
        Ok(answer) => answer.data,
        Err(error) => return failed(format!("its answer cannot be read: {error}")),
    };
    if SERIES_MAX < found.len() {
        return failed(format!("it answers with {} series, more than {SERIES_MAX}: sum them up", found.len()));
    }
    let mut all = Vec::with_capacity(found.len());
    for Found { metric: labels, values, histograms } in found {
        if histograms.is_some() {
            return failed("it answers with histograms, which are no counts: ask for `histogram_count`".to_owned());
        }
        let mut series = Series { labels, ..Series::default() };
        for (at, value) in values {
            match value.parse::<f64>() {
                Ok(value) if at.rem_euclid(60.0) == 0.0 => series.values.insert(Minute::new(at as i64 / 60), value),
                Ok(_) => return failed("it answers for other moments than it was asked for".to_owned()),
                Err(_) => return failed("it answers with a value that is no number".to_owned()),
            };
        }
        all.push(series);
    }
    Ok(all)
}

async fn body(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Failure::Query(plain(&error)))? {
        if ANSWER_BYTES_MAX < body.len() + chunk.len() {
            return Err(Failure::Query(format!("its answer is longer than {ANSWER_BYTES_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A date is compared with the server's own clock, which stands beside it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let date = headers.get(DATE).and_then(|date| date.to_str().ok());
    let now = date.and_then(|date| rfc2822::parse(date).ok()).map_or(Timestamp::MAX, |now| now.timestamp());
    degrade::retry_after::parse(headers.get(RETRY_AFTER)?.to_str().ok()?, now)
}

/// The innermost cause says what happened, and holds neither address nor token.
fn plain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("it does not answer within {} s", QUERY_TIME_MAX.as_secs());
    }
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    format!("it cannot be asked: {cause}")
}
