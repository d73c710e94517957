//! Paths into an answer: the part of JSONPath that translation maps use without filters.

use serde_json::Value as Json;

/// The most matches of one path.
const MATCHES_MAX: usize = 10_000;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    steps: Vec<PathStep>,
    counts: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum PathStep {
    Name(String),
    Index(usize),
    All,
    Descend(String),
}

impl Path {
    /// Reads `$`, `.name`, `['name']`, `[0]`, `[*]`, `..name` and a final `.size()`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let unusual = || format!("understand the path `{text}`");
        let (body, counts) = match text.trim().strip_suffix(".size()") {
            Some(body) => (body, true),
            None => (text.trim(), false),
        };
        let mut rest = body.strip_prefix('$').ok_or_else(unusual)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, length) = step(rest).ok_or_else(unusual)?;
            steps.push(step);
            rest = &rest[length..];
        }
        Ok(Self { steps, counts })
    }

    /// What the path leads to; a path that can lead to several places gives a list.
    pub(super) fn find(&self, root: &Json) -> Option<Json> {
        let mut places = vec![root];
        for step in &self.steps {
            let mut next = Vec::new();
            for place in places {
                follow(step, place, &mut next);
            }
            places = next;
        }
        let is_definite = self.steps.iter().all(|step| matches!(step, PathStep::Name(_) | PathStep::Index(_)));
        let found = match is_definite {
            true => places.first().map(|value| (*value).clone())?,
            false => places.into_iter().cloned().collect(),
        };
        match (self.counts, found) {
            (false, found) => Some(found),
            (true, Json::Array(items)) => Some(Json::from(items.len())),
            (true, Json::Object(members)) => Some(Json::from(members.len())),
            (true, _) => None,
        }
    }
}

fn step(rest: &str) -> Option<(PathStep, usize)> {
    if let Some(after) = rest.strip_prefix("..") {
        let name = name_of(after)?;
        return Some((PathStep::Descend(name.to_owned()), 2 + name.len()));
    }
    if let Some(after) = rest.strip_prefix('.') {
        if after.starts_with('*') {
            return Some((PathStep::All, 2));
        }
        let name = name_of(after)?;
        return Some((PathStep::Name(name.to_owned()), 1 + name.len()));
    }
    let (inner, _) = rest.strip_prefix('[')?.split_once(']')?;
    let length = inner.len() + 2;
    if inner.trim() == "*" {
        return Some((PathStep::All, length));
    }
    if let Some(name) = ['\'', '"'].iter().find_map(|quote| inner.strip_prefix(*quote)?.strip_suffix(*quote)) {
        return Some((PathStep::Name(name.to_owned()), length));
    }
    Some((PathStep::Index(inner.trim().parse().ok()?), length))
}

fn name_of(text: &str) -> Option<&str> {
    let end = text.find(['.', '[', '(']).unwrap_or(text.len());
    (end > 0 && !text[end..].starts_with('(')).then(|| &text[..end])
}

fn follow<'a>(step: &PathStep, place: &'a Json, found: &mut Vec<&'a Json>) {
    if found.len() >= MATCHES_MAX {
        return;
    }
    match (step, place) {
        (PathStep::Name(name), Json::Object(members)) => found.extend(members.get(name)),
        (PathStep::Index(index), Json::Array(items)) => found.extend(items.get(*index)),
        (PathStep::All, Json::Array(items)) => found.extend(items),
        (PathStep::All, Json::Object(members)) => found.extend(members.values()),
        (PathStep::Descend(name), Json::Object(members)) => {
            found.extend(members.get(name));
            for member in members.values() {
                follow(step, member, found);
            }
        }
        (PathStep::Descend(_), Json::Array(items)) => {
            for item in items {
                follow(step, item, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(path: &str, expected: Option<Json>) {
        let answer = json!({"customer": {"tags": ["a", "b"], "odd name": 1}, "data": [{"n": 1}, {"n": 2}]});
        assert_eq!(Path::parse(path).unwrap().find(&answer), expected, "{path}");
    }

    #[test]
    fn paths_lead_by_name_index_wildcard_and_descent() {
        check("$.customer.tags[1]", Some(json!("b")));
        check("$['customer']['odd name']", Some(json!(1)));
        check("$.data[*].n", Some(json!([1, 2])));
        check("$..n", Some(json!([1, 2])));
        check("$.data.size()", Some(json!(2)));
        check("$.customer.nobody", None);
        check("$.data[7]", None);
        check("$..nobody", Some(json!([])));
    }

    #[test]
    fn paths_with_filters_or_without_a_root_are_refused() {
        for path in ["customer.name", "$.a[?(@.b == 1)].c", "$.a[", "$.", "$.max()"] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
