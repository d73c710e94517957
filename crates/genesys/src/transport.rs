//! How a request gets to the platform, and what comes back.
//!
//! Ordinarily over sockets. Whoever plays the platform in the same process, on a clock that stands still while nobody
//! waits, brings a way of their own; everything else of the client is the same then: tokens, budget, attempts, times.
//! Notifications come over sockets always.
//!
//! A transport keeps no time and tries nothing again: both is the client's, on the client's clock.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use reqwest::{Request, Response};

/// A way to the platform and back.
pub trait Transport: Send + Sync {
    /// Carries a request there, and the answer back. Whoever drops the future wants the answer no more; what becomes of
    /// the request is then unknown.
    ///
    /// # Errors
    /// Why nothing came back, in words; without the address, which may hold what should not be told.
    fn carry(&self, request: Request) -> BoxFuture<'_, Result<Response, String>>;
}

/// The ordinary way.
pub(crate) struct Sockets(pub(crate) reqwest::Client);

impl Transport for Sockets {
    fn carry(&self, request: Request) -> BoxFuture<'_, Result<Response, String>> {
        let answered = self.0.execute(request);
        async { answered.await.map_err(|error| plain(&error)) }.boxed()
    }
}

/// What went wrong, without the address: it may hold what should not be told.
pub(crate) fn plain(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
