//! Bodies of answers: whole, or passed on while they arrive.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use crate::waiting::Waiting;

/// What an answer is made of.
pub(crate) enum Body {
    /// All there is.
    Full(Option<Bytes>),
    /// What the upstream sends, for as long as its call may last.
    Streamed(Box<Streamed>),
}

/// A body on its way through. It stays a call in flight until its end: the deadline holds, and the circuit
/// learns how it ended.
pub(crate) struct Streamed {
    pub(crate) incoming: Incoming,
    /// Taken when the call is settled.
    pub(crate) waiting: Option<Waiting>,
    /// Called at the end with the fault that ended it, if one did.
    pub(crate) settle: Option<Settle>,
}

/// What to do when a streamed answer has ended.
pub(crate) type Settle = Box<dyn FnOnce(Waiting, Option<degrade::Fault>)>;

/// Why a streamed body broke off; the connection is cut, so that nobody takes a part for the whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BrokenOff {
    #[error("the upstream's body broke off")]
    Upstream(#[from] hyper::Error),
    #[error("the call's time is over")]
    Late,
}

impl Body {
    pub(crate) fn full(bytes: Bytes) -> Self {
        Self::Full(Some(bytes))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match self.get_mut() {
            Self::Full(bytes) => {
                Poll::Ready(bytes.take().filter(|bytes| !bytes.is_empty()).map(|bytes| Ok(Frame::data(bytes))))
            }
            Self::Streamed(streamed) => streamed.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            // Its end is told by the poll that settles the call.
            Self::Streamed(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Streamed(streamed) => streamed.incoming.size_hint(),
        }
    }
}

impl Streamed {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if let Some(waiting) = &self.waiting
            && waiting.verdict().is_some()
        {
            self.end(Some(degrade::Fault::Timeout));
            return Poll::Ready(Some(Err(BrokenOff::Late)));
        }
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(Ok(frame))),
            Poll::Ready(Some(Err(error))) => {
                self.end(Some(crate::connect::broken(&error)));
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                self.end(None);
                Poll::Ready(None)
            }
            Poll::Pending => {
                if let Some(waiting) = &self.waiting {
                    waiting.wait(cx.waker());
                }
                Poll::Pending
            }
        }
    }

    fn end(&mut self, fault: Option<degrade::Fault>) {
        if let (Some(settle), Some(waiting)) = (self.settle.take(), self.waiting.take()) {
            settle(waiting, fault);
        }
    }
}
