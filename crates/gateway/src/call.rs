//! One call, from its arrival to its answer.
//!
//! The order is the ladder's: a fresh kept answer, else the upstream if its circuit and limits allow, else a
//! stale kept answer, the typed fallback, or an error. Nothing here waits for anything but the caller, the
//! upstream and (within bounds) a token.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use api::Outcome;
use base::Mono;
use bytes::Bytes;
use config::Check;
use degrade::Fault;
use degrade::breaker::Admission;
use degrade::ladder::{self, Rung};
use degrade::limit::has_room;
use degrade::{retry, retry_after};
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body as HttpBody, Incoming};
use hyper::client::conn::http1::SendRequest;

use crate::answer::{self, KeptAnswer};
use crate::body::{Body, Streamed};
use crate::connect::broken;
use crate::flag;
use crate::headers::{OUTCOME, TIMEOUT, caller_timeout, look_over, strip_hop_by_hop};
use crate::inflight::Verdict;
use crate::kept;
use crate::modes;
use crate::plan::{Found, RoutePlan, UpstreamShared, upstream_uri};
use crate::pool::{Connection, Pool};
use crate::reason::Reason;
use crate::token::Token;
use crate::waiting::{Admitted, ProbePlace, Waiting};
use crate::worker::{Local, Worker};

/// Connections tried at most until one takes the request: idle ones may have been closed meanwhile.
const CONNECTIONS_TRIED_MAX: u32 = 4;

/// Serves one request.
pub(crate) async fn serve(worker: &Rc<Worker>, request: Request<Incoming>) -> Response<Body> {
    let arrived = worker.clock.mono();
    let local = worker.local();
    let (head, body) = request.into_parts();
    let uri = head.uri.clone();
    if let Some(dependency) = uri.path().strip_prefix(flag::PREFIX) {
        return flag::answer(&local.plan, dependency, worker.clock.now());
    }
    if let Some(flow) = uri.path().strip_prefix(modes::PREFIX) {
        return worker.modes.answer(flow, worker.clock.now());
    }
    match local.plan.find(&head.method, uri.path()) {
        Found::Route(index, params) => {
            let route = &local.plan.routes[index];
            let patience = caller_timeout(&head.headers).unwrap_or(Duration::MAX).min(route.config.deadline);
            let is_head = head.method == Method::HEAD;
            let call = Call { worker, local: &local, index, route, arrived, deadline: arrived + patience, is_head };
            let is_trimmed = route.trim.applies() && worker.modes.is_trimmed(&route.config.name, &head.headers);
            call.serve(head, body, &params, is_trimmed).await
        }
        Found::OtherMethod => {
            refused(StatusCode::METHOD_NOT_ALLOWED, "no route for this method", "see the routes in the configuration")
        }
        Found::Nothing => {
            refused(StatusCode::NOT_FOUND, "no route for this path", "add a route for it to the configuration")
        }
    }
}

fn refused(status: StatusCode, detail: &str, hint: &str) -> Response<Body> {
    let mut response = answer::problem(status, status.canonical_reason().unwrap_or("refused"), detail, hint);
    if status == StatusCode::BAD_REQUEST {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

struct Call<'a> {
    worker: &'a Rc<Worker>,
    local: &'a Rc<Local>,
    index: usize,
    route: &'a RoutePlan,
    arrived: Mono,
    deadline: Mono,
    /// Its answer has no body, whatever its headers say.
    is_head: bool,
}

/// No live answer: why, and what the upstream said, if it said something.
struct Failed {
    reason: Reason,
    said: Option<Response<Body>>,
}

impl From<Reason> for Failed {
    fn from(reason: Reason) -> Self {
        Self { reason, said: None }
    }
}

/// An answer that was read whole, or one that is still arriving.
enum Answer {
    Whole(http::response::Parts, Bytes),
    Arriving(http::response::Parts, Incoming, SendRequest<Full<Bytes>>),
}

/// A try that brought no answer to pass on.
struct Broken {
    fault: Fault,
    retry_after: Option<Duration>,
    /// The request may have reached the upstream.
    was_sent: bool,
    said: Option<(http::response::Parts, Bytes)>,
}

impl Broken {
    fn new(fault: Fault, was_sent: bool) -> Self {
        Self { fault, retry_after: None, was_sent, said: None }
    }
}

impl Call<'_> {
    async fn serve(
        &self,
        head: Parts,
        body: Incoming,
        params: &matchit::Params<'_, '_>,
        is_trimmed: bool,
    ) -> Response<Body> {
        let config = &self.route.config;
        // What few calls need is boxed: the state of every call is copied, and should be small.
        let body = if body.is_end_stream() {
            Bytes::new()
        } else {
            match Box::pin(self.read(body)).await {
                Ok(body) => body,
                Err(response) => return response,
            }
        };
        let key = self.route.shelf.as_ref().and_then(|_| kept::key(config, &head, params, &body));
        if config.ladder.fresh_for.is_some()
            && let Some((kept, age)) = self.kept(key.as_deref())
            && ladder::is_fresh(&config.ladder, age)
        {
            return self.answer_kept(&kept.body, age, Reason::Fresh);
        }
        if is_trimmed {
            return self.degraded(Reason::Trimmed.into(), key.as_deref());
        }
        match self.live(head, body, params, key.as_deref()).await {
            Ok(response) => response,
            Err(failed) => self.degraded(failed, key.as_deref()),
        }
    }

    /// The request's body, whole.
    async fn read(&self, body: Incoming) -> Result<Bytes, Response<Body>> {
        let max = self.route.config.request_bytes_max;
        let too_large = || {
            let hint = format!("this route accepts {max} bytes; raise requestBytesMax if that is too little");
            refused(StatusCode::PAYLOAD_TOO_LARGE, "the request body is too large", &hint)
        };
        if body.size_hint().lower() > max as u64 {
            return Err(too_large());
        }
        let left = self.deadline.since(self.worker.clock.mono());
        match self.worker.clock.timeout(left, Limited::new(body, max).collect()).await {
            Some(Ok(body)) => Ok(body.to_bytes()),
            Some(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
            Some(Err(_)) => Err(refused(StatusCode::BAD_REQUEST, "the request body broke off", "send it again")),
            None => Err(refused(StatusCode::REQUEST_TIMEOUT, "the request body came too slowly", "send it again")),
        }
    }

    /// A live answer.
    async fn live(
        &self,
        head: Parts,
        body: Bytes,
        params: &matchit::Params<'_, '_>,
        key: Option<&str>,
    ) -> Result<Response<Body>, Failed> {
        let upstream = &self.local.plan.upstreams[self.route.config.upstream];
        let lane = &self.local.lanes[self.route.circuit];
        let admitted = self.admit(upstream)?;
        let place = ProbePlace::new(self.worker, lane, admitted);
        let had_body = !body.is_empty();
        let mut token = self.token(upstream).await?;
        let mut request =
            self.request(upstream, head, body, params, token.as_deref()).ok_or(Failed::from(Reason::Garbage))?;
        let mut tries = 0;
        let mut was_renewed = false;
        loop {
            tries += 1;
            // What a caller takes to send a body, or a token to come, says nothing about the upstream.
            let is_at_once = tries == 1 && token.is_none() && !had_body;
            let started = if is_at_once { self.arrived } else { self.worker.clock.mono() };
            let spare = self.route.config.is_idempotent.then(|| request.clone());
            let waiting = Waiting::start(self.worker, lane, upstream, admitted, started, self.deadline);
            place.pass_on();
            let outcome = {
                let exchange = std::pin::pin!(self.exchange(upstream, request, spare.as_ref()));
                waiting.unless_ended(exchange).await
            };
            let now = self.worker.clock.mono();
            let broken = match outcome {
                Err(Verdict::Released) => {
                    waiting.released();
                    return Err(Reason::Stalled.into());
                }
                Err(Verdict::Deadline) => {
                    waiting.bad(Fault::Timeout, None, now);
                    return Err(Reason::Timeout.into());
                }
                Ok(Ok(Answer::Whole(head, body))) => {
                    waiting.good(now);
                    self.earn_retry();
                    return Ok(self.answer_live(head, body, key, now));
                }
                Ok(Ok(Answer::Arriving(head, body, sender))) => {
                    return Ok(self.answer_arriving(head, body, sender, waiting));
                }
                Ok(Err(broken)) => broken,
            };
            if broken.fault == Fault::Unauthorized
                && !was_renewed
                && let Some(rejected) = &token
            {
                // Not the upstream's failure: the token is renewed once, and the call is tried again.
                was_renewed = true;
                waiting.released();
                place.take_back();
                if let Some(source) = &upstream.token {
                    source.cell.reject(rejected.serial);
                }
                token = self.token(upstream).await?;
                if let (Some(mut again), Some(token)) = (spare, &token) {
                    again.headers_mut().insert(header::AUTHORIZATION, token.header.clone());
                    request = again;
                    continue;
                }
                return Err(Reason::Unauthorized.into());
            }
            waiting.bad(broken.fault, broken.retry_after, now);
            match Box::pin(self.retry(upstream, tries, &broken, spare, now)).await {
                Some(again) => request = again,
                None => return Err(self.failed(broken)),
            }
        }
    }

    /// May this call go to its upstream?
    #[inline]
    fn admit(&self, upstream: &UpstreamShared) -> Result<Admitted, Reason> {
        let breaker = &self.local.plan.circuits[self.route.circuit].breaker;
        let in_flight = upstream.in_flight.load(Ordering::Relaxed);
        let room = upstream.limit.load(Ordering::Relaxed).min(upstream.config.slots);
        let admitted = match breaker.admit(self.arrived, self.worker.ticket()) {
            Admission::Pass { generation } => Admitted { generation, is_probe: false },
            Admission::Open => return Err(Reason::CircuitOpen),
            Admission::Ramping => return Err(Reason::Recovering),
            Admission::HalfOpen { generation } => {
                if !breaker.ask(self.arrived) {
                    return Err(Reason::CircuitOpen);
                }
                return Ok(Admitted { generation, is_probe: true });
            }
        };
        if !has_room(room, in_flight, self.route.config.priority) {
            return Err(if in_flight >= upstream.config.slots { Reason::Slots } else { Reason::Limit });
        }
        if !has_room(self.local.plan.slots, self.local.plan.slots_held(), self.route.config.priority) {
            return Err(Reason::Slots);
        }
        Ok(admitted)
    }

    /// The upstream's token, if it wants one.
    async fn token(&self, upstream: &UpstreamShared) -> Result<Option<Arc<Token>>, Failed> {
        let Some(source) = &upstream.token else { return Ok(None) };
        let now = self.worker.clock.mono();
        if let Some(token) = source.cell.present(now) {
            return Ok(Some(token));
        }
        let left = self.deadline.since(now);
        match Box::pin(source.cell.get(&self.worker.clock, now, left)).await {
            Some(token) => Ok(Some(token)),
            None => Err(Reason::NoToken.into()),
        }
    }

    /// The request as the upstream gets it.
    fn request(
        &self,
        upstream: &UpstreamShared,
        mut head: Parts,
        body: Bytes,
        params: &matchit::Params<'_, '_>,
        token: Option<&Token>,
    ) -> Option<Request<Full<Bytes>>> {
        head.uri = upstream_uri(&upstream.config, &self.route.config, params, &head.uri)?;
        let seen = look_over(&head.headers);
        if seen.has_hop_by_hop {
            strip_hop_by_hop(&mut head.headers);
        }
        head.headers.insert(header::HOST, upstream.host.clone());
        if let Some(token) = token {
            head.headers.insert(header::AUTHORIZATION, token.header.clone());
        }
        if seen.has_accept_encoding && self.is_buffered() {
            // A compressed answer could neither be checked nor kept.
            head.headers.remove(header::ACCEPT_ENCODING);
        }
        if seen.has_timeout {
            let left = self.deadline.since(self.worker.clock.mono()).as_millis();
            let left = HeaderValue::try_from(format!("{left}ms")).expect("a number and a unit are plain ASCII");
            head.headers.insert(TIMEOUT, left);
        }
        head.version = http::Version::HTTP_11;
        Some(Request::from_parts(head, Full::new(body)))
    }

    /// True when answers are read whole before they are passed on, because something could be served instead.
    fn is_buffered(&self) -> bool {
        self.route.config.ladder.has_fallback || self.route.shelf.is_some() || self.route.config.check != Check::None
    }

    /// One try: a connection, the request, the answer.
    async fn exchange(
        &self,
        upstream: &UpstreamShared,
        mut request: Request<Full<Bytes>>,
        spare: Option<&Request<Full<Bytes>>>,
    ) -> Result<Answer, Broken> {
        let pool = &self.local.pools[self.route.config.upstream];
        let mut must_be_fresh = false;
        for _ in 0..CONNECTIONS_TRIED_MAX {
            let connection = if must_be_fresh {
                Box::pin(Pool::fresh(&upstream.connector, &self.worker.clock)).await
            } else {
                pool.take(&upstream.connector, &self.worker.clock, self.arrived).await
            };
            let Connection { mut sender, is_reused } = connection.map_err(|fault| Broken::new(fault, false))?;
            let mut error = match sender.try_send_request(request).await {
                Ok(response) => return self.read_answer(pool, sender, response).await,
                Err(error) => error,
            };
            let fault = broken(error.error());
            request = match (error.take_message(), spare) {
                // Closed before it took anything: any other connection will do.
                (Some(unsent), _) => unsent,
                // Closed just as we used it again: a repeatable call may use a fresh one.
                (None, Some(spare)) if is_reused && fault == Fault::Reset => spare.clone(),
                (None, _) => return Err(Broken::new(fault, true)),
            };
            must_be_fresh = is_reused;
        }
        Err(Broken::new(Fault::Connect, false))
    }

    async fn read_answer(
        &self,
        pool: &Pool,
        sender: SendRequest<Full<Bytes>>,
        response: Response<Incoming>,
    ) -> Result<Answer, Broken> {
        let (head, body) = response.into_parts();
        let fault = fault_of(head.status, self.local.plan.upstreams[self.route.config.upstream].token.is_some());
        if fault.is_none() && !self.is_buffered() {
            return Ok(Answer::Arriving(head, body, sender));
        }
        let body = self.collect(body).await.map_err(|fault| Broken::new(fault, true))?;
        // The moment of arrival is near enough, and costs no look at the clock.
        pool.give_back(sender, self.arrived);
        match fault.or_else(|| self.check(&head, &body)) {
            None => Ok(Answer::Whole(head, body)),
            Some(fault) => {
                let retry_after = head.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
                let retry_after = retry_after.and_then(|value| retry_after::parse(value, self.worker.clock.now().wall));
                Err(Broken { fault, retry_after, was_sent: true, said: Some((head, body)) })
            }
        }
    }

    /// The answer's body, whole. One that arrives in one piece, as most do, is not copied.
    async fn collect(&self, mut body: Incoming) -> Result<Bytes, Fault> {
        let max = self.route.config.response_bytes_max;
        let mut whole = Bytes::new();
        let mut parts: Vec<u8> = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() else { continue };
            if whole.len() + parts.len() + data.len() > max {
                return Err(Fault::Garbage);
            }
            if whole.is_empty() && parts.is_empty() {
                whole = data;
            } else {
                if parts.is_empty() {
                    parts = std::mem::take(&mut whole).to_vec();
                }
                parts.extend_from_slice(&data);
            }
        }
        Ok(if parts.is_empty() { whole } else { parts.into() })
    }

    /// What is wrong with an answer whose status is good.
    fn check(&self, head: &http::response::Parts, body: &Bytes) -> Option<Fault> {
        if self.is_head || !head.status.is_success() || head.status == StatusCode::NO_CONTENT {
            return None;
        }
        let is_good = match (self.route.config.check, &self.route.config.schema) {
            (Check::None, _) => true,
            (Check::Schema, Some(schema)) => serde_json::from_slice(body).is_ok_and(|body| schema.is_valid(&body)),
            (Check::Json | Check::Schema, _) => answer::looks_like_json(body),
        };
        (!is_good).then_some(Fault::Garbage)
    }

    /// The request for the next try, after its pause; `None` when there is none to be.
    async fn retry(
        &self,
        upstream: &UpstreamShared,
        tries: u32,
        broken: &Broken,
        spare: Option<Request<Full<Bytes>>>,
        now: Mono,
    ) -> Option<Request<Full<Bytes>>> {
        let config = &self.route.config;
        let lane = &self.local.lanes[self.route.circuit];
        let attempt = retry::Attempt {
            tries,
            fault: broken.fault,
            is_idempotent: config.is_idempotent,
            was_sent: broken.was_sent,
            remaining: self.deadline.since(now),
            typical: lane.circuit.breaker.latency(950),
            retry_after: broken.retry_after,
        };
        let pause = retry::pause(&config.retry, &attempt)?;
        let request = spare?;
        let workers = self.local.plan.workers as u32;
        let budget = &self.local.budgets[self.index];
        let mut filled = budget.get();
        let may = filled.spend(&config.retry, workers, now);
        budget.set(filled);
        if !may {
            return None;
        }
        self.route.meters[self.worker.id].count_retry();
        if !pause.is_zero() {
            let pause = broken.retry_after.unwrap_or_else(|| self.worker.jitter(pause));
            self.worker.clock.sleep(pause).await;
        }
        let is_closed = matches!(lane.circuit.breaker.admit(self.worker.clock.mono(), 0), Admission::Pass { .. });
        let has_room = upstream.in_flight.load(Ordering::Relaxed) < upstream.limit.load(Ordering::Relaxed);
        (is_closed && has_room).then_some(request)
    }

    #[inline]
    fn earn_retry(&self) {
        let budget = &self.local.budgets[self.index];
        let mut filled = budget.get();
        filled.earn(&self.route.config.retry);
        budget.set(filled);
    }

    fn failed(&self, broken: Broken) -> Failed {
        let reason = broken.fault.into();
        let said = broken.said.map(|(mut head, body)| {
            strip_hop_by_hop(&mut head.headers);
            head.headers.insert(OUTCOME, self.local.plan.words.get(Outcome::Error, reason));
            Response::from_parts(head, Body::full(body))
        });
        Failed { reason, said }
    }

    fn answer_live(
        &self,
        mut head: http::response::Parts,
        body: Bytes,
        key: Option<&str>,
        now: Mono,
    ) -> Response<Body> {
        if look_over(&head.headers).has_hop_by_hop {
            strip_hop_by_hop(&mut head.headers);
        }
        head.headers.insert(OUTCOME, self.local.plan.words.get(Outcome::Ok, Reason::Live));
        if head.status == StatusCode::OK
            && let (Some(shelf), Some(key)) = (&self.route.shelf, key)
        {
            shelf.keep(key.to_owned(), &body, now);
        }
        self.count_at(Outcome::Ok, Reason::Live, now);
        Response::from_parts(head, Body::full(body))
    }

    fn answer_arriving(
        &self,
        mut head: http::response::Parts,
        incoming: Incoming,
        sender: SendRequest<Full<Bytes>>,
        waiting: Waiting,
    ) -> Response<Body> {
        strip_hop_by_hop(&mut head.headers);
        head.headers.insert(OUTCOME, self.local.plan.words.get(Outcome::Ok, Reason::Live));
        let (worker, local) = (Rc::clone(self.worker), Rc::clone(self.local));
        let (index, arrived, upstream) = (self.index, self.arrived, self.route.config.upstream);
        let settle = move |waiting: Waiting, fault: Option<Fault>| {
            let now = worker.clock.mono();
            let meter = &local.plan.routes[index].meters[worker.id];
            match fault {
                None => {
                    local.pools[upstream].give_back(sender, now);
                    waiting.good(now);
                    meter.count(Outcome::Ok, Reason::Live, now.since(arrived));
                }
                Some(fault) => {
                    waiting.bad(fault, None, now);
                    meter.count(Outcome::Error, fault.into(), now.since(arrived));
                }
            }
        };
        let streamed = Streamed { incoming, waiting: Some(waiting), settle: Some(Box::new(settle)) };
        Response::from_parts(head, Body::Streamed(Box::new(streamed)))
    }

    /// The next rung of the ladder.
    fn degraded(&self, failed: Failed, key: Option<&str>) -> Response<Body> {
        let (config, words) = (&self.route.config, &self.local.plan.words);
        let kept = self.kept(key);
        match (ladder::rung(&config.ladder, kept.as_ref().map(|(_, age)| *age)), kept) {
            (Rung::Kept(age), Some((kept, _))) => self.answer_kept(&kept.body, age, failed.reason),
            (Rung::Fallback, _) => {
                self.count(failed.reason.fallback_outcome(), failed.reason);
                self.route.prepared.fallback(words, failed.reason)
            }
            (Rung::Kept(_) | Rung::Error, _) => {
                self.count(Outcome::Error, failed.reason);
                failed.said.unwrap_or_else(|| answer::error(words, config, failed.reason))
            }
        }
    }

    fn kept(&self, key: Option<&str>) -> Option<(kept::Kept, Duration)> {
        let kept = self.route.shelf.as_ref()?.get(key?)?;
        let age = self.arrived.since(kept.at);
        Some((kept, age))
    }

    fn answer_kept(&self, body: &Bytes, age: Duration, reason: Reason) -> Response<Body> {
        self.count(Outcome::Cached, reason);
        answer::kept(&self.local.plan.words, &self.route.config, &KeptAnswer { body, age, reason })
    }

    fn count(&self, outcome: Outcome, reason: Reason) {
        self.count_at(outcome, reason, self.worker.clock.mono());
    }

    #[inline]
    fn count_at(&self, outcome: Outcome, reason: Reason, now: Mono) {
        self.route.meters[self.worker.id].count(outcome, reason, now.since(self.arrived));
    }
}

/// What a status says about the upstream; `None` when the path to it works. A 4xx is the caller's affair, except
/// that a 401 for our own token is ours.
pub(crate) fn fault_of(status: StatusCode, is_our_token: bool) -> Option<Fault> {
    match status.as_u16() {
        401 if is_our_token => Some(Fault::Unauthorized),
        429 => Some(Fault::Throttled),
        500.. => Some(Fault::Server),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_judged_by_what_they_say_about_the_path() {
        let of = |status, is_our_token| fault_of(StatusCode::from_u16(status).unwrap(), is_our_token);
        for good in [200, 204, 301, 400, 404, 409, 422] {
            assert_eq!(of(good, true), None, "{good}");
        }
        assert_eq!(of(401, false), None);
        assert_eq!(of(401, true), Some(Fault::Unauthorized));
        assert_eq!(of(429, false), Some(Fault::Throttled));
        assert_eq!(of(500, false), Some(Fault::Server));
        assert_eq!(of(503, false), Some(Fault::Server));
    }
}
