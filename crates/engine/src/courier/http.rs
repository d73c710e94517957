//! What couriers over HTTP share: one bounded request, and what its answer means.
//!
//! No redirects are followed, because a letter must not travel to an address that nobody configured.
//! Of an answer at most [`RESPONSE_BYTES_MAX`] bytes are read, and none of them are echoed in errors.

use std::error::Error;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};

use crate::delivery::{ATTEMPT_TIME_MAX, DeliveryError};

/// The most that is read of an answer.
pub const RESPONSE_BYTES_MAX: usize = 64 * 1024;

const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
const IDLE_CONNECTIONS_MAX: usize = 2;

/// Why a courier cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address is none.
    #[error("use {0:?} as the address of a receiver: it must begin with http:// or https://")]
    Url(String),
    /// The TLS side could not be set up.
    #[error("set up the HTTP client")]
    Client(#[source] reqwest::Error),
}

/// A client with the house's limits.
pub(super) fn client() -> Result<Client, HttpError> {
    Client::builder()
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIME_MAX)
        .timeout(ATTEMPT_TIME_MAX)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .user_agent(concat!("steadyline/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(HttpError::Client)
}

/// The address as a URL.
pub(super) fn url(address: &str) -> Result<reqwest::Url, HttpError> {
    let refused = || HttpError::Url(address.to_owned());
    let url = reqwest::Url::parse(address).map_err(|_| refused())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(url) } else { Err(refused()) }
}

/// Sends `request`; the body of a successful answer, or why it is none.
pub(super) async fn send(request: RequestBuilder, now: Timestamp) -> Result<Vec<u8>, DeliveryError> {
    let response = request.send().await.map_err(|error| delivery_error(&error))?;
    let status = response.status();
    if !status.is_success() {
        let retry_after = retry_after(response.headers(), now);
        return Err(DeliveryError::Status { status: status.as_u16(), retry_after });
    }
    Ok(body(response).await)
}

/// The beginning of the body. A body that breaks off does not undo a confirmed status.
async fn body(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = RESPONSE_BYTES_MAX - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == RESPONSE_BYTES_MAX {
            break;
        }
    }
    body
}

fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    degrade::retry_after::parse(headers.get(RETRY_AFTER)?.to_str().ok()?, now)
}

fn delivery_error(error: &reqwest::Error) -> DeliveryError {
    if error.is_timeout() {
        return DeliveryError::Timeout;
    }
    // The innermost cause says what happened, and holds neither address nor key.
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    DeliveryError::Unreachable(cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_receivers() {
        assert!(url("https://events.pagerduty.com").is_ok());
        assert!(url("http://127.0.0.1:9000/hook").is_ok());
        for bad in ["", "events.pagerduty.com", "ftp://host/", "file:///etc/passwd", "http://"] {
            assert!(url(bad).is_err(), "{bad}");
        }
    }
}
