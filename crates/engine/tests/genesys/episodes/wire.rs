//! The line between a controller and the organisation: every request meets a fate, drawn from a seed.
//!
//! A request is on its way for itself. Whoever sent it may have given up, stood still or died when it arrives.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http;
use clock::Clock;
use fastrand::Rng;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use genesys::Transport;
use reqwest::{Request, Response};

use super::truth::Truth;

/// What is on its way arrives within so long, or never.
const LATE_MAX: Duration = Duration::from_secs(20);
/// The longest that nothing comes back.
const SILENCE_MAX: Duration = Duration::from_secs(40);

/// What becomes of a request.
enum Fate {
    /// It arrives, and its answer too.
    Answered,
    /// It does not arrive.
    Lost,
    /// It arrives so much later.
    Late(Duration),
    /// It arrives, and its answer does not.
    Unanswered,
    /// It arrives; its answer does not, and whoever is on the way asks again so much later.
    Twice(Duration),
    /// Something on the way refuses it, and may say when to come back.
    Refused(u16, Option<u64>),
    /// Something on the way says that it failed, and so much later it arrives.
    Belied(u16, Duration),
    /// It arrives, and half of its answer does.
    Cut,
    /// It arrives, and something else comes back.
    Garbled,
}

/// A request, to be handed over more than once.
#[derive(Clone)]
pub(super) struct Letter {
    pub(super) method: http::Method,
    pub(super) uri: http::Uri,
    headers: http::HeaderMap,
    body: Vec<u8>,
}

/// The line of one controller.
pub(super) struct Wire {
    pub(super) truth: Arc<Truth>,
    pub(super) clock: Clock,
    pub(super) rng: Mutex<Rng>,
}

impl Letter {
    fn of(request: &Request) -> Self {
        let query = request.url().query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("{}{query}", request.url().path());
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
        let (method, headers) = (request.method().clone(), request.headers().clone());
        Self { method, uri: path.parse().unwrap(), headers, body }
    }

    fn request(self) -> http::Request<Body> {
        let mut request = http::Request::new(Body::from(self.body));
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (self.method, self.uri, self.headers);
        request
    }

    /// A value of the query.
    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        let mut pairs = self.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// What is to be done with a flow, if anything.
    pub(super) fn order(&self) -> Option<&str> {
        self.uri.path().strip_prefix("/api/v2/flows/actions/")
    }
}

impl Wire {
    /// What changes something meets the worse half of it more often.
    fn fate(&self, letter: &Letter) -> Fate {
        let mut rng = self.rng.lock().unwrap();
        if self.truth.trouble() <= rng.u8(..100) {
            return Fate::Answered;
        }
        let within = |rng: &mut Rng, most: Duration| most.mul_f64(rng.f64());
        let fates = if letter.order().is_some() && rng.bool() { 5 } else { 10 };
        match rng.u8(..fates) {
            0 => Fate::Lost,
            1 => Fate::Late(within(&mut rng, LATE_MAX)),
            2 => Fate::Unanswered,
            3 => Fate::Twice(within(&mut rng, LATE_MAX)),
            7 => Fate::Refused(429, Some(rng.u64(1..40))),
            4 => Fate::Belied([500, 502, 503, 504][rng.usize(..4)], within(&mut rng, LATE_MAX)),
            5 => Fate::Refused(503, Some(rng.u64(1..20))),
            6 => Fate::Refused([500, 502, 503, 504][rng.usize(..4)], None),
            8 => Fate::Cut,
            _ => Fate::Garbled,
        }
    }

    fn within(&self, most: Duration) -> Duration {
        most.mul_f64(self.rng.lock().unwrap().f64())
    }

    /// Lets a request arrive after a while, whatever becomes of whoever waits for its answer.
    fn arrive(
        &self,
        letter: Letter,
        after: Duration,
    ) -> impl Future<Output = Result<http::Response<Vec<u8>>, String>> + use<> {
        let (truth, clock) = (Arc::clone(&self.truth), self.clock.clone());
        let arriving = tokio::spawn(async move {
            clock.sleep(after).await;
            let (parts, body) = truth.arrived(letter, Letter::request).await?.into_parts();
            let body = to_bytes(body, usize::MAX).await.map_err(|error| error.to_string())?;
            Ok(http::Response::from_parts(parts, body.to_vec()))
        });
        async { arriving.await.map_err(|error| error.to_string())? }
    }

    async fn answer(&self, letter: Letter) -> Result<http::Response<Vec<u8>>, String> {
        let way = self.within(Duration::from_millis(200));
        let told = |status: u16, after: Option<u64>| {
            let mut answer = http::Response::builder().status(status);
            if let Some(after) = after {
                answer = answer.header("retry-after", after);
            }
            Ok(answer.body(b"<html>trouble</html>".to_vec()).unwrap())
        };
        match self.fate(&letter) {
            Fate::Answered => self.arrive(letter, way).await,
            Fate::Late(after) => self.arrive(letter, after).await,
            Fate::Lost => Err(self.silence().await),
            Fate::Unanswered => {
                self.arrive(letter, way).await.ok();
                Err(self.silence().await)
            }
            Fate::Twice(after) => {
                self.arrive(letter.clone(), way).await.ok();
                self.arrive(letter, after).await
            }
            Fate::Refused(status, after) => told(status, after),
            Fate::Belied(status, after) => {
                drop(self.arrive(letter, after));
                told(status, None)
            }
            Fate::Cut => {
                let mut answer = self.arrive(letter, way).await?;
                let half = answer.body().len() / 2;
                answer.body_mut().truncate(half);
                Ok(answer)
            }
            Fate::Garbled => {
                let answer = self.arrive(letter, way).await?;
                Ok(answer.map(|_| b"<html>sign in to this network</html>".to_vec()))
            }
        }
    }

    async fn silence(&self) -> String {
        let after = self.within(SILENCE_MAX);
        self.clock.sleep(after).await;
        "the connection was reset".to_owned()
    }
}

impl Transport for Wire {
    fn carry(&self, request: Request) -> BoxFuture<'_, Result<Response, String>> {
        let letter = Letter::of(&request);
        async move {
            self.truth.sent(&letter).await;
            self.answer(letter).await.map(Response::from)
        }
        .boxed()
    }
}
