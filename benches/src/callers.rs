//! Callers who come at a fixed rate whether or not those before them were answered, each on a connection of its own.

use std::time::Duration;

use base::Mono;
use clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::load::{HEADERS, PATH};
use crate::peer::FALLBACK_MARK;

/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// One call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) began: Mono,
    pub(crate) waited: Duration,
    pub(crate) answer: Answer,
}

/// What a caller got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The upstream's.
    Live,
    /// The gateway's own.
    Fallback,
    /// An error, or nothing at all.
    None,
}

/// Calls once.
pub(crate) async fn call(clock: &Clock, port: u16) -> Call {
    let began = clock.mono();
    let body = clock.timeout(PATIENCE, ask(port)).await;
    let answer = match body {
        Some(Ok(text)) if text.contains(FALLBACK_MARK) => Answer::Fallback,
        Some(Ok(text)) if text.starts_with("HTTP/1.1 200") => Answer::Live,
        Some(Ok(_) | Err(_)) | None => Answer::None,
    };
    Call { began, waited: clock.mono().since(began), answer }
}

/// Calls `rate` times a second for `time`, and waits for everybody.
pub(crate) async fn at_rate(clock: &Clock, port: u16, rate: u32, time: Duration) -> Vec<Call> {
    let start = clock.mono();
    let count = u32::try_from(time.as_millis() * u128::from(rate) / 1_000).unwrap_or(u32::MAX);
    let mut calls = JoinSet::new();
    for number in 0..count {
        clock.sleep_until(start + Duration::from_secs(1) * number / rate).await;
        let clock = clock.clone();
        calls.spawn(async move { call(&clock, port).await });
    }
    calls.join_all().await
}

async fn ask(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let headers: String = HEADERS.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!("GET {PATH} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{headers}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The most calls that waited at once.
pub(crate) fn most_at_once(calls: &[Call]) -> usize {
    let starts = calls.iter().map(|call| (call.began, 1_isize));
    let ends = calls.iter().map(|call| (call.began + call.waited, -1));
    let mut turns: Vec<_> = starts.chain(ends).collect();
    turns.sort_unstable();
    let (most, _) = turns.iter().fold((0, 0), |(most, now), (_, change)| (most.max(now + change), now + change));
    most.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_ends_as_another_begins_is_not_beside_it() {
        let clock = Clock::real();
        let start = clock.mono();
        let call = |from_ms: u64, ms: u64| Call {
            began: start + Duration::from_millis(from_ms),
            waited: Duration::from_millis(ms),
            answer: Answer::Live,
        };
        assert_eq!(most_at_once(&[call(0, 10), call(10, 10), call(15, 20), call(18, 1)]), 3);
        assert_eq!(most_at_once(&[]), 0);
    }
}
