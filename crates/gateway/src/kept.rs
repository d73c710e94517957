//! Last good answers, by key: what lets a VIP stay a VIP while the CRM is down.
//!
//! In memory only, bounded in number and in bytes, shared by all workers.

use base::Mono;
use bytes::Bytes;
use config::{KeyPart, Route};
use http::request::Parts;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// Answers kept for one route at most.
pub const KEPT_MAX: usize = 50_000;
/// Bytes kept for one route at most.
pub const KEPT_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Longer keys are not kept.
const KEY_BYTES_MAX: usize = 512;
/// Between the parts of a key; cannot occur in a header, and is escaped in a URL.
const BETWEEN: char = '\u{1f}';

/// One kept answer.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) body: Bytes,
    pub(crate) at: Mono,
}

#[derive(Clone)]
pub(crate) struct Weight;

impl Weighter<String, Kept> for Weight {
    fn weight(&self, key: &String, kept: &Kept) -> u64 {
        (key.len() + kept.body.len() + 64) as u64
    }
}

/// All kept answers of one route.
pub(crate) struct Shelf(Cache<String, Kept, Weight>);

impl Shelf {
    pub(crate) fn new() -> Self {
        Self(Cache::with_weighter(KEPT_MAX, KEPT_BYTES_MAX, Weight))
    }

    pub(crate) fn get(&self, key: &str) -> Option<Kept> {
        self.0.get(key)
    }

    pub(crate) fn keep(&self, key: String, body: &Bytes, at: Mono) {
        // A slice of a read buffer would hold the whole buffer.
        self.0.insert(key, Kept { body: Bytes::copy_from_slice(body), at });
    }
}

/// What identifies the answer to this call; `None` when a part is missing, so that nobody gets another's.
pub(crate) fn key(route: &Route, head: &Parts, params: &matchit::Params<'_, '_>, body: &Bytes) -> Option<String> {
    let mut key = String::with_capacity(64);
    let mut json = None;
    for part in &route.cache_key {
        if !key.is_empty() {
            key.push(BETWEEN);
        }
        match part {
            KeyPart::Query(name) => key.push_str(query(head.uri.query()?, name)?),
            KeyPart::Path(name) => key.push_str(params.get(name)?),
            KeyPart::Header(name) => key.push_str(head.headers.get(name)?.to_str().ok()?),
            KeyPart::Body(pointer) => {
                if json.is_none() {
                    json = serde_json::from_slice::<serde_json::Value>(body).ok();
                }
                key.push_str(&json.as_ref()?.pointer(pointer)?.to_string());
            }
        }
    }
    (!key.is_empty() && key.len() <= KEY_BYTES_MAX).then_some(key)
}

/// The raw, still escaped value of a query parameter: equal strings are equal values, and that is all a key needs.
fn query<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_parameter_is_found_by_its_whole_name() {
        assert_eq!(query("banana=2&ani=%2B1555", "ani"), Some("%2B1555"));
        assert_eq!(query("animal=2", "ani"), None);
        assert_eq!(query("ani=", "ani"), None);
    }

    #[test]
    fn a_shelf_forgets_rather_than_grows() {
        let shelf = Shelf::new();
        let body = Bytes::from(vec![b'x'; 1024 * 1024]);
        for caller in 0..64 {
            shelf.keep(caller.to_string(), &body, Mono::ZERO);
        }
        assert!(shelf.0.weight() <= KEPT_BYTES_MAX);
    }
}
