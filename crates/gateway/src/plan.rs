//! A configuration made ready to run: routes in a router, upstreams and circuits that all workers share.
//!
//! A new configuration becomes a new plan. Circuits and upstreams that did not change are carried over with all
//! they know; calls that run under the old plan finish under it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use config::{Degrade, Route, Upstream};
use degrade::Transition;
use degrade::breaker::Breaker;
use http::header::HeaderValue;
use http::{Method, Uri};

use crate::StartError;
use crate::answer::{Prepared, Words};
use crate::connect::Connector;
use crate::kept::Shelf;
use crate::meter::{Meter, Totals};
use crate::modes::Trim;
use crate::token::TokenCell;

/// Everything the workers need to serve calls.
pub(crate) struct Plan {
    pub(crate) slots: u32,
    pub(crate) router: matchit::Router<Vec<Candidate>>,
    pub(crate) upstreams: Vec<Arc<UpstreamShared>>,
    pub(crate) circuits: Vec<Arc<CircuitShared>>,
    pub(crate) routes: Vec<RoutePlan>,
    pub(crate) words: Words,
    pub(crate) workers: usize,
}

/// A route that a path may mean, if the method fits.
pub(crate) struct Candidate {
    method: Option<Method>,
    route: usize,
}

/// What a path and a method mean.
pub(crate) enum Found<'plan, 'path> {
    Route(usize, matchit::Params<'plan, 'path>),
    OtherMethod,
    Nothing,
}

/// One upstream.
pub(crate) struct UpstreamShared {
    pub(crate) config: Upstream,
    pub(crate) connector: Connector,
    pub(crate) host: HeaderValue,
    pub(crate) token: Option<TokenSource>,
    /// Calls in flight, all workers together.
    pub(crate) in_flight: AtomicU32,
    /// Most calls in flight since the start.
    pub(crate) peak: AtomicU32,
    /// Most calls in flight in this second.
    pub(crate) peak_second: AtomicU32,
    /// The concurrency limit that applies now.
    pub(crate) limit: AtomicU32,
    /// Time-outs and 429s since the start.
    pub(crate) overloaded: AtomicU64,
    /// Good answers in the last whole second.
    pub(crate) good_last_second: AtomicU64,
    /// What they took on average, in microseconds.
    pub(crate) mean_us_last_second: AtomicU64,
}

/// Where an upstream's tokens come from.
pub(crate) struct TokenSource {
    pub(crate) cell: TokenCell,
    pub(crate) connector: Connector,
}

/// One circuit.
pub(crate) struct CircuitShared {
    pub(crate) name: Arc<str>,
    pub(crate) upstream: usize,
    pub(crate) upstream_name: Arc<str>,
    pub(crate) breaker: Breaker,
    pub(crate) opened: AtomicU64,
    pub(crate) probes: AtomicU64,
    pub(crate) last: Mutex<Option<Transition>>,
}

/// One route.
pub(crate) struct RoutePlan {
    pub(crate) config: Route,
    pub(crate) circuit: usize,
    pub(crate) prepared: Prepared,
    pub(crate) shelf: Option<Arc<Shelf>>,
    /// One per worker.
    pub(crate) meters: Arc<[Meter]>,
    /// Whether a flow does without this route now.
    pub(crate) trim: Arc<Trim>,
}

impl Plan {
    pub(crate) fn build(config: Degrade, workers: usize, before: Option<&Self>) -> Result<Self, StartError> {
        let Degrade { slots, upstreams, routes } = config;
        let mut plan = Self {
            slots,
            router: matchit::Router::new(),
            upstreams: Vec::new(),
            circuits: Vec::new(),
            routes: Vec::new(),
            words: Words::new(),
            workers,
        };
        for upstream in upstreams {
            plan.upstreams.push(carry_upstream(upstream, before)?);
        }
        let mut patterns: Vec<(String, Vec<Candidate>)> = Vec::new();
        for (index, route) in routes.into_iter().enumerate() {
            let candidate = Candidate { method: method(&route)?, route: index };
            match patterns.iter_mut().find(|(path, _)| *path == route.path) {
                Some((_, candidates)) => candidates.push(candidate),
                None => patterns.push((route.path.clone(), vec![candidate])),
            }
            let circuit = plan.circuit(&route, before);
            let old = before.and_then(|plan| plan.routes.iter().find(|old| old.config.name == route.name));
            let is_same = before.zip(old).is_some_and(|(before, old)| {
                is_same_question(&old.config, &route)
                    && is_same_place(
                        &before.upstreams[old.config.upstream].config,
                        &plan.upstreams[route.upstream].config,
                    )
            });
            plan.routes.push(route_plan(route, circuit, workers, old, is_same));
        }
        for (path, candidates) in patterns {
            plan.router
                .insert(&path, candidates)
                .map_err(|error| StartError::Route { path, reason: error.to_string() })?;
        }
        Ok(plan)
    }

    /// The circuit of a route: one of those there are, one carried over, or a new one.
    fn circuit(&mut self, route: &Route, before: Option<&Self>) -> usize {
        if let Some(index) = self.circuits.iter().position(|circuit| circuit.name == route.circuit) {
            return index;
        }
        let upstream = &self.upstreams[route.upstream].config;
        let carried = before.and_then(|plan| {
            let is_same = |circuit: &&Arc<CircuitShared>| {
                circuit.name == route.circuit
                    && circuit.upstream == route.upstream
                    && *circuit.breaker.policy() == upstream.breaker
                    && is_same_place(&plan.upstreams[circuit.upstream].config, upstream)
            };
            plan.circuits.iter().find(is_same).cloned()
        });
        self.circuits.push(carried.unwrap_or_else(|| {
            Arc::new(CircuitShared {
                name: Arc::clone(&route.circuit),
                upstream: route.upstream,
                upstream_name: Arc::clone(&upstream.name),
                // One shard more, for what the keeper's probes teach.
                breaker: Breaker::new(upstream.breaker.clone(), self.workers + 1),
                opened: AtomicU64::new(0),
                probes: AtomicU64::new(0),
                last: Mutex::new(None),
            })
        }));
        self.circuits.len() - 1
    }

    pub(crate) fn find<'plan, 'path>(&'plan self, method: &Method, path: &'path str) -> Found<'plan, 'path> {
        let Ok(found) = self.router.at(path) else { return Found::Nothing };
        let fits = |candidate: &&Candidate| candidate.method.as_ref().is_none_or(|wanted| wanted == method);
        match found.value.iter().find(fits) {
            Some(candidate) => Found::Route(candidate.route, found.params),
            None => Found::OtherMethod,
        }
    }

    /// Slots that all calls together hold now.
    #[inline]
    pub(crate) fn slots_held(&self) -> u32 {
        self.upstreams.iter().map(|upstream| upstream.in_flight.load(Ordering::Relaxed)).sum()
    }
}

impl UpstreamShared {
    #[inline]
    pub(crate) fn note_peak(&self, held: u32) {
        if held > self.peak_second.load(Ordering::Relaxed) {
            self.peak_second.fetch_max(held, Ordering::Relaxed);
            self.peak.fetch_max(held, Ordering::Relaxed);
        }
    }
}

impl RoutePlan {
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for meter in self.meters.iter() {
            meter.add_to(&mut totals);
        }
        totals
    }
}

fn carry_upstream(config: Upstream, before: Option<&Plan>) -> Result<Arc<UpstreamShared>, StartError> {
    let same = |upstream: &&Arc<UpstreamShared>| is_same(&upstream.config, &config);
    if let Some(carried) = before.and_then(|plan| plan.upstreams.iter().find(same)) {
        return Ok(Arc::clone(carried));
    }
    let tls = |source| StartError::Tls { upstream: config.name.to_string(), source };
    let connector = |base| Connector::new(base, config.authorities.as_deref(), config.connect_timeout).map_err(tls);
    let token = match &config.auth {
        None => None,
        Some(auth) => Some(TokenSource { cell: TokenCell::new(auth), connector: connector(&auth.token_url)? }),
    };
    let host = HeaderValue::try_from(config.base.authority())
        .map_err(|_| StartError::Host { upstream: config.name.to_string(), host: config.base.host.clone() })?;
    Ok(Arc::new(UpstreamShared {
        connector: connector(&config.base)?,
        host,
        token,
        in_flight: AtomicU32::new(0),
        peak: AtomicU32::new(0),
        peak_second: AtomicU32::new(0),
        limit: AtomicU32::new(config.limit.start.clamp(config.limit.min, config.limit.max)),
        overloaded: AtomicU64::new(0),
        good_last_second: AtomicU64::new(0),
        mean_us_last_second: AtomicU64::new(0),
        config,
    }))
}

/// A kept answer is one to this question: asked in the same way, under the same contract.
fn is_same_question(old: &Route, new: &Route) -> bool {
    old.cache_key == new.cache_key
        && old.path == new.path
        && old.target == new.target
        && old.method == new.method
        && old.contract == new.contract
}

/// What is known of one place says nothing about another.
fn is_same_place(old: &Upstream, new: &Upstream) -> bool {
    old.name == new.name && old.base == new.base
}

/// An upstream is carried over when nothing about it changed. One with credentials never is, because secrets
/// cannot be compared: it gets a token of its own within a moment.
fn is_same(old: &Upstream, new: &Upstream) -> bool {
    is_same_place(old, new)
        && old.authorities == new.authorities
        && old.connect_timeout == new.connect_timeout
        && old.probe == new.probe
        && old.limit == new.limit
        && old.slots == new.slots
        && old.breaker == new.breaker
        && old.auth.is_none()
        && new.auth.is_none()
}

fn route_plan(route: Route, circuit: usize, workers: usize, old: Option<&RoutePlan>, is_same: bool) -> RoutePlan {
    let meters = old.map(|old| Arc::clone(&old.meters));
    let carried = old.filter(|_| is_same).and_then(|old| old.shelf.clone());
    let shelf = (!route.cache_key.is_empty()).then(|| carried.unwrap_or_else(|| Arc::new(Shelf::new())));
    RoutePlan {
        prepared: Prepared::new(&route),
        config: route,
        circuit,
        shelf,
        meters: meters.unwrap_or_else(|| (0..workers).map(|_| Meter::default()).collect()),
        trim: old.map(|old| Arc::clone(&old.trim)).unwrap_or_default(),
    }
}

fn method(route: &Route) -> Result<Option<Method>, StartError> {
    let Some(method) = &route.method else { return Ok(None) };
    let refused =
        |_| StartError::Route { path: route.path.clone(), reason: format!("`{method}` is not an HTTP method") };
    method.parse().map(Some).map_err(refused)
}

/// The URI of the request to the upstream: its prefix, and either the route's target or the caller's own path.
pub(crate) fn upstream_uri(
    upstream: &Upstream,
    route: &Route,
    params: &matchit::Params<'_, '_>,
    uri: &Uri,
) -> Option<Uri> {
    let prefix = &upstream.base.prefix;
    let own = uri.path_and_query()?;
    let Some(target) = &route.target else {
        if prefix.is_empty() && uri.scheme().is_none() {
            return Some(uri.clone());
        }
        return format!("{prefix}{own}").parse().ok();
    };
    let mut path = format!("{prefix}{target}");
    for (name, value) in params.iter() {
        path = path.replace(&format!("{{{name}}}"), value);
    }
    if let Some(query) = own.query() {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(query);
    }
    path.parse().ok()
}
