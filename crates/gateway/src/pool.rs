//! Idle connections of one worker to one upstream, the newest first.

use std::cell::RefCell;
use std::time::Duration;

use base::Mono;
use bytes::Bytes;
use clock::Clock;
use degrade::Fault;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;

use crate::connect::Connector;

/// Idle connections kept at most.
const IDLE_MAX: usize = 512;
/// An idle connection is not used again after this time: upstreams and middleboxes drop them in silence.
const IDLE_FOR_MAX: Duration = Duration::from_secs(50);

#[derive(Default)]
pub(crate) struct Pool(RefCell<Vec<Idle>>);

struct Idle {
    sender: SendRequest<Full<Bytes>>,
    since: Mono,
}

/// A connection that is ready for a request.
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<Full<Bytes>>,
    /// It has served before, so the other side may just have closed it.
    pub(crate) is_reused: bool,
}

impl Pool {
    /// An idle connection, or a fresh one.
    pub(crate) async fn take(&self, connector: &Connector, clock: &Clock, now: Mono) -> Result<Connection, Fault> {
        while let Some(mut idle) = self.pop(now) {
            // The one that has just answered becomes ready within this turn of the loop.
            if idle.is_ready() || idle.ready().await.is_ok() {
                return Ok(Connection { sender: idle, is_reused: true });
            }
        }
        // Boxed, so that calls which find an idle connection do not carry a TLS handshake's state around.
        Box::pin(Self::fresh(connector, clock)).await
    }

    /// A fresh connection.
    pub(crate) async fn fresh(connector: &Connector, clock: &Clock) -> Result<Connection, Fault> {
        Ok(Connection { sender: connector.connect(clock).await?, is_reused: false })
    }

    fn pop(&self, now: Mono) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.0.borrow_mut();
        while let Some(Idle { sender, since }) = idle.pop() {
            if now.since(since) > IDLE_FOR_MAX {
                // Older ones lie below.
                idle.clear();
                return None;
            }
            if !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }

    /// Takes a connection back whose answer was read to its end.
    pub(crate) fn give_back(&self, sender: SendRequest<Full<Bytes>>, now: Mono) {
        let mut idle = self.0.borrow_mut();
        if !sender.is_closed() && idle.len() < IDLE_MAX {
            idle.push(Idle { sender, since: now });
        }
    }

    /// Closes all idle connections, and says how many there were.
    pub(crate) fn clear(&self) -> u64 {
        let mut idle = self.0.borrow_mut();
        let open = idle.iter().filter(|idle| !idle.sender.is_closed()).count() as u64;
        idle.clear();
        open
    }
}
