//! A caller's connection, watched for dawdling: a request that was begun must be sent within bounds.
//!
//! The phase of a connection is noted where bytes arrive and where a request is served; a sweep once a second
//! closes those that stay in the middle of a request for too long (slow loris). Idle connections may stay: the
//! platform keeps them open between calls.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A request head, and a TLS handshake, must be complete within this time.
pub const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// A connection without a request is closed after this time.
pub const IDLE_FOR_MAX: Duration = Duration::from_secs(600);

/// How often the connections are looked at.
pub(crate) const SWEEP_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Head,
    Serving,
}

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct Connection {
    phase: Cell<Phase>,
    /// Sweeps since the phase began: nearly the clock, without a look at it for every request.
    sweeps: Cell<u32>,
    must_close: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Connection {
    pub(crate) fn new() -> Self {
        Self {
            phase: Cell::new(Phase::Idle),
            sweeps: Cell::new(0),
            must_close: Cell::new(false),
            waker: RefCell::new(None),
        }
    }

    pub(crate) fn serving(&self) {
        self.phase.set(Phase::Serving);
    }

    pub(crate) fn served(&self) {
        self.phase.set(Phase::Idle);
        self.sweeps.set(0);
    }

    pub(crate) fn must_close(&self) -> bool {
        self.must_close.get()
    }

    pub(crate) fn wait(&self, waker: &Waker) {
        let mut known = self.waker.borrow_mut();
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    pub(crate) fn waker(&self) -> Option<Waker> {
        self.waker.borrow().clone()
    }

    /// To be called every [`SWEEP_EVERY`]; true when the connection was told to close because a request is not
    /// coming to its end.
    pub(crate) fn close_if_dawdling(&self) -> bool {
        self.sweeps.set(self.sweeps.get() + 1);
        let age = SWEEP_EVERY * self.sweeps.get();
        let (is_over, is_dawdling) = match self.phase.get() {
            Phase::Head => (age > HEAD_WITHIN, true),
            Phase::Idle => (age > IDLE_FOR_MAX, false),
            Phase::Serving => (false, false),
        };
        if is_over {
            self.must_close.set(true);
            if let Some(waker) = self.waker.borrow_mut().take() {
                waker.wake();
            }
        }
        is_over && is_dawdling
    }

    fn bytes_arrived(&self) {
        if self.phase.get() == Phase::Idle {
            self.phase.set(Phase::Head);
            self.sweeps.set(0);
        }
    }
}

/// A stream whose connection is told when bytes arrive.
pub(crate) struct Watched<S> {
    stream: S,
    connection: Rc<Connection>,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, connection: Rc<Connection>) -> Self {
        Self { stream, connection }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let poll = Pin::new(&mut this.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            this.connection.bytes_arrived();
        }
        poll
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
