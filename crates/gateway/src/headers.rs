//! Which headers pass, in both directions, and what the caller says about its patience.

use std::time::Duration;

use http::header::{self, HeaderMap, HeaderName};
use jiff::SignedDuration;

/// How the call ended and why, on every answer.
pub const OUTCOME: HeaderName = HeaderName::from_static("x-steadyline-outcome");
/// The flow on whose behalf a Data Action calls, where several share a route.
pub const FLOW: HeaderName = HeaderName::from_static("x-steadyline-flow");
/// Age of a kept answer in seconds (RFC 9111, 5.1).
pub(crate) const AGE: HeaderName = header::AGE;
/// The caller's patience: `2s`, `1500ms`, `PT2S`, or a bare number.
pub(crate) const TIMEOUT: HeaderName = HeaderName::from_static("timeout");

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// Headers that concern one connection only (RFC 9110, 7.6.1).
const HOP_BY_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    // Answered by this hop already.
    header::EXPECT,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// What a walk over the names has found; most messages carry none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) has_hop_by_hop: bool,
    pub(crate) has_accept_encoding: bool,
    pub(crate) has_timeout: bool,
}

/// One walk over the names, which is cheaper than a look-up for each that matters.
pub(crate) fn look_over(headers: &HeaderMap) -> Seen {
    let mut seen = Seen::default();
    for name in headers.keys() {
        match name.as_str() {
            "accept-encoding" => seen.has_accept_encoding = true,
            "timeout" => seen.has_timeout = true,
            "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "expect" => seen.has_hop_by_hop = true,
            _ => {}
        }
    }
    seen
}

/// Removes the headers that concern this connection only, and those that `Connection` names.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    if let Some(connection) = headers.get(header::CONNECTION).cloned() {
        for named in connection.to_str().unwrap_or_default().split(',') {
            if let Ok(name) = HeaderName::try_from(named.trim())
                && may_be_named(&name)
            {
                headers.remove(name);
            }
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// A caller must not be able to take away what the gateway or the upstream relies on.
fn may_be_named(name: &HeaderName) -> bool {
    *name != header::HOST && *name != header::CONTENT_LENGTH && *name != header::AUTHORIZATION
}

/// How long the caller waits, when it says so in a way that can be understood.
///
/// Accepts `2s`, `1500ms`, `1m` and ISO 8601 (`PT2S`). A bare number up to 60, the longest time a Data Action
/// may take, is seconds; a larger one is milliseconds.
pub(crate) fn caller_timeout(headers: &HeaderMap) -> Option<Duration> {
    parse_timeout(headers.get(TIMEOUT)?.to_str().ok()?)
}

fn parse_timeout(value: &str) -> Option<Duration> {
    const BARE_SECONDS_MAX: u64 = 60;
    let value = value.trim();
    let wait = match value.parse::<u64>() {
        Ok(bare) if bare <= BARE_SECONDS_MAX => Duration::from_secs(bare),
        Ok(bare) => Duration::from_millis(bare),
        Err(_) => Duration::try_from(value.parse::<SignedDuration>().ok()?).ok()?,
    };
    (!wait.is_zero()).then_some(wait)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn connection_headers_stay_on_their_connection() {
        let mut headers = map(&[
            ("connection", "close, X-Private"),
            ("x-private", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ]);
        strip_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["traceparent"]);
    }

    #[test]
    fn the_walk_sees_every_header_that_must_stay() {
        assert_eq!(look_over(&map(&[("accept", "*/*"), ("host", "gw")])), Seen::default());
        for name in &HOP_BY_HOP {
            let headers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static("x"))]);
            assert!(look_over(&headers).has_hop_by_hop, "{name}");
        }
    }

    #[test]
    fn a_caller_cannot_name_away_what_we_rely_on() {
        let mut headers = map(&[("connection", "authorization, content-length"), ("authorization", "Bearer x")]);
        strip_hop_by_hop(&mut headers);
        assert!(headers.contains_key(header::AUTHORIZATION));
    }

    #[test]
    fn patience_is_read_in_every_usual_form() {
        let ms = |value| parse_timeout(value).map(|wait| wait.as_millis());
        assert_eq!(ms("3"), Some(3_000));
        assert_eq!(ms("2500"), Some(2_500));
        assert_eq!(ms("1500ms"), Some(1_500));
        assert_eq!(ms("2s"), Some(2_000));
        assert_eq!(ms("PT2S"), Some(2_000));
        for nonsense in ["", "soon", "-5", "0", "-2s"] {
            assert_eq!(ms(nonsense), None, "{nonsense}");
        }
    }
}
