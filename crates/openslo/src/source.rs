//! Who is asked for what, as OpenSLO's `metricSource` has it: our four types of source and what each takes in `spec`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::definition::{Gateway, Prometheus, Query, Source, Tally};
use crate::genesys::{self, Actions, ConversationCount, Conversations, ExitReason, FlowCount, Flows, Genesys, Status};
use crate::problem::{Found, suggest};
use crate::tree::{Kind, Node};

/// The data sources that queries may refer to, by name. One that is wrong is known, so that a reference to it is not
/// wrong too.
pub(crate) type DataSources = BTreeMap<String, Option<DataSource>>;

/// Who can be asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DataSource {
    pub(crate) word: SourceWord,
    /// Of a Prometheus.
    pub(crate) url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SourceWord {
    Gateway,
    Genesys,
    Prometheus,
    Push,
}

impl SourceWord {
    const WORDS: [(&'static str, Self); 4] = [
        ("gateway", Self::Gateway),
        ("genesys", Self::Genesys),
        ("prometheus", Self::Prometheus),
        ("push", Self::Push),
    ];
}

/// Reads a `metricSource`; `tally` is what the query is for, nothing for a threshold.
pub(crate) fn query(node: &Node, tally: Option<Tally>, sources: &DataSources, found: &mut Found) -> Option<Query> {
    let source =
        found.need(node, "metricSource", "write `metricSource: { type: gateway, spec: { upstream: crm } }`")?;
    found.map(source, &["metricSourceRef", "type", "spec"])?;
    let referred = source.get("metricSourceRef").map(|node| data_source(node, sources, found));
    let written = source.get("type").map(|node| (node, source_word(node, found)));
    let (word, data_source, url) = match (referred, written) {
        (Some(referred), written) => {
            let (name, DataSource { word, url }) = referred?;
            if let Some((node, Some(other))) = written
                && other != word
            {
                let message = format!("the data source `{name}` is of another type");
                found.wrong(node, message, "remove `type`: the data source has it");
            }
            (word, Some(name), url)
        }
        (None, Some((_, word))) => (word?, None, None),
        (None, None) => {
            let hint = "add `type: gateway`, or `metricSourceRef` with the name of a DataSource";
            found.wrong(source, "nobody knows who is to be asked", hint);
            return None;
        }
    };
    let empty = Node { kind: Kind::Map(Vec::new()), ..source.clone() };
    let spec = source.get("spec").unwrap_or(&empty);
    let source = match word {
        SourceWord::Gateway => Source::Gateway(gateway(spec, tally, found)?),
        SourceWord::Genesys => Source::Genesys(genesys(spec, found)?),
        SourceWord::Prometheus => Source::Prometheus(prometheus(spec, url, found)?),
        SourceWord::Push => {
            found.map(spec, &[])?;
            Source::Push
        }
    };
    if tally.is_none() && !matches!(source, Source::Prometheus(_)) {
        let hint = "write a `ratioMetric`; only a Prometheus is asked for numbers";
        found.wrong(node, format!("`{}` counts events, and a threshold compares a number", source.word()), hint);
        return None;
    }
    Some(Query { data_source, source })
}

fn data_source(node: &Node, sources: &DataSources, found: &mut Found) -> Option<(String, DataSource)> {
    let name = found.text(node)?;
    match sources.get(name) {
        Some(source) => Some((name.to_owned(), source.clone()?)),
        None => {
            let hint = if sources.is_empty() {
                "add a document of kind DataSource with this name".to_owned()
            } else {
                suggest(name, sources.keys().map(String::as_str), "data sources")
            };
            found.wrong(node, format!("there is no data source `{name}`"), hint);
            None
        }
    }
}

/// The type of a source, in any case: others write `Prometheus`.
fn source_word(node: &Node, found: &mut Found) -> Option<SourceWord> {
    let text = found.text(node)?;
    let word = SourceWord::WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, word)| *word);
    if word.is_none() {
        let hint = suggest(text, SourceWord::WORDS.iter().map(|(word, _)| *word), "types");
        found.wrong(node, format!("nobody can ask a source of type `{text}`"), hint);
    }
    word
}

fn gateway(spec: &Node, tally: Option<Tally>, found: &mut Found) -> Option<Gateway> {
    const TALLIES: [(&str, Tally); 3] = [("total", Tally::Total), ("good", Tally::Good), ("bad", Tally::Bad)];
    found.map(spec, &["upstream", "route", "count"])?;
    let (upstream, route) = (found.text_of(spec, "upstream"), found.text_of(spec, "route"));
    if spec.get("upstream").is_none() && spec.get("route").is_none() {
        found.wrong(spec, "no upstream and no route is named", "add `upstream: NAME`, `route: NAME`, or both");
        return None;
    }
    let count = match spec.get("count") {
        Some(node) => found.word(node, &TALLIES)?,
        None => tally.unwrap_or(Tally::Total),
    };
    Some(Gateway { upstream, route, count })
}

fn genesys(spec: &Node, found: &mut Found) -> Option<Genesys> {
    #[derive(Clone, Copy)]
    enum About {
        Flows,
        Actions,
        Conversations,
    }
    const ABOUT: [(&str, About); 3] =
        [("flows", About::Flows), ("actions", About::Actions), ("conversations", About::Conversations)];
    const KEYS: [&str; 12] = [
        "about",
        "flow",
        "version",
        "exitReason",
        "action",
        "integration",
        "responseStatus",
        "errorType",
        "within",
        "queue",
        "media",
        "direction",
    ];
    let about = spec.get("about").map(|node| found.word(node, &ABOUT));
    let Some(about) = about else {
        // Whatever it is about, other keys than these are wrong.
        found.map(spec, &[&KEYS[..], &["count"]].concat())?;
        found.wrong(spec, "it is not said what this is about", "add `about: flows`, `actions` or `conversations`");
        return None;
    };
    match about? {
        About::Flows => flows(spec, found).map(Genesys::Flows),
        About::Actions => actions(spec, found).map(Genesys::Actions),
        About::Conversations => conversations(spec, found).map(Genesys::Conversations),
    }
}

fn flows(spec: &Node, found: &mut Found) -> Option<Flows> {
    found.map(spec, &["about", "flow", "version", "count", "exitReason"])?;
    let count = spec.get("count").map_or(Some(FlowCount::Ended), |node| found.word(node, &FlowCount::WORDS));
    let exit_reasons = each(spec, "exitReason", found, |node, found| found.word(node, &ExitReason::WORDS));
    let count = count?;
    if !exit_reasons.is_empty() && count != FlowCount::Ended {
        found.wrong(spec, "outcomes have no exit reason", "remove `exitReason`, or count flows that `ended`");
        return None;
    }
    let (flow, version) = (found.text_of(spec, "flow"), found.text_of(spec, "version"));
    Some(Flows { flow, version, count, exit_reasons })
}

fn actions(spec: &Node, found: &mut Found) -> Option<Actions> {
    found.map(spec, &["about", "action", "integration", "responseStatus", "errorType", "within"])?;
    let status = |node: &Node, found: &mut Found| {
        let text = found.text(node)?;
        let status = Status::parse(text);
        if status.is_none() {
            found.wrong(node, format!("`{text}` is not a status of HTTP"), "write `429`, or `5xx` for all of a kind");
        }
        status
    };
    let within_ms = spec.get("within").map(|node| within(node, found));
    Some(Actions {
        action: found.text_of(spec, "action"),
        integration: found.text_of(spec, "integration"),
        response_statuses: each(spec, "responseStatus", found, status),
        error_types: each(spec, "errorType", found, |node, found| found.text(node).map(str::to_owned)),
        within_ms: within_ms.flatten(),
    })
}

/// How long an execution may have taken: `3s`, `800ms`.
fn within(node: &Node, found: &mut Found) -> Option<u32> {
    let text = found.text(node)?;
    let parsed = text.parse::<jiff::SignedDuration>().ok();
    let ms = parsed.and_then(|length| u32::try_from(length.as_millis()).ok()).filter(|ms| 0 < *ms);
    if ms.is_none() {
        found.wrong(node, format!("`{text}` is not a length of time"), "write `3s` or `800ms`");
    }
    ms
}

fn conversations(spec: &Node, found: &mut Found) -> Option<Conversations> {
    const MEDIA: [(&str, &str); 5] =
        [("voice", "voice"), ("chat", "chat"), ("message", "message"), ("email", "email"), ("callback", "callback")];
    const DIRECTIONS: [(&str, &str); 2] = [("inbound", "inbound"), ("outbound", "outbound")];
    found.map(spec, &["about", "queue", "media", "direction", "count"])?;
    let usual = ConversationCount::All;
    let count = spec.get("count").map_or(Some(usual), |node| found.word(node, &ConversationCount::WORDS));
    let mut word = |key, known| spec.get(key).and_then(|node| found.word(node, known)).map(str::to_owned);
    let (media, direction) = (word("media", &MEDIA[..]), word("direction", &DIRECTIONS[..]));
    Some(Conversations { queue: found.text_of(spec, "queue"), media, direction, count: count? })
}

/// Every item of a list that can be read; a single value is a list of one.
fn each<T>(map: &Node, key: &str, found: &mut Found, mut read: impl FnMut(&Node, &mut Found) -> Option<T>) -> Vec<T> {
    let Some(node) = map.get(key) else { return Vec::new() };
    match &node.kind {
        Kind::List(items) => items.iter().filter_map(|item| read(item, found)).collect(),
        _ => read(node, found).into_iter().collect(),
    }
}

fn prometheus(spec: &Node, url: Option<String>, found: &mut Found) -> Option<Prometheus> {
    found.map(spec, &["query", "url"])?;
    let query = found.need(spec, "query", "add the PromQL that counts").and_then(|node| found.text(node));
    let written = spec.get("url").map(|node| (node, base_url(node, found)));
    let url = match (url, written) {
        (Some(url), None) => Some(url),
        (None, Some((_, url))) => url,
        (Some(_), Some((node, _))) => {
            found.wrong(node, "the data source has an address already", "remove `url`");
            None
        }
        (None, None) => {
            let hint = "name a DataSource with `metricSourceRef`, or add `url: http://prometheus:9090`";
            found.wrong(spec, "it is not said which Prometheus is asked", hint);
            None
        }
    };
    Some(Prometheus { url: url?, query: query?.trim().to_owned() })
}

/// Reads the address of a Prometheus, without the slash at its end.
pub(crate) fn base_url(node: &Node, found: &mut Found) -> Option<String> {
    let text = found.text(node)?;
    let problem = match url::Url::parse(text) {
        Err(error) => Some(error.to_string()),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => Some("it is neither http nor https".to_owned()),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Some("it carries credentials, which do not belong into this file".to_owned())
        }
        Ok(url) if url.query().is_some() || url.fragment().is_some() => Some("it has a query".to_owned()),
        Ok(_) => None,
    };
    if let Some(problem) = problem {
        found.wrong(node, format!("`{text}` cannot be asked: {problem}"), "write `http://prometheus:9090`");
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}

/// Reads the `spec` of a DataSource.
pub(crate) fn read_data_source(spec: &Node, found: &mut Found) -> Option<DataSource> {
    found.map(spec, &["description", "type", "connectionDetails"])?;
    let word = found.need(spec, "type", "add `type: prometheus`").and_then(|node| source_word(node, found))?;
    let details = spec.get("connectionDetails");
    let url = match word {
        SourceWord::Prometheus => {
            let details =
                found.need(spec, "connectionDetails", "add `connectionDetails: { url: http://prometheus:9090 }`")?;
            found.map(details, &["url"])?;
            let node = found.need(details, "url", "add `url: http://prometheus:9090`")?;
            Some(base_url(node, found)?)
        }
        SourceWord::Gateway | SourceWord::Genesys | SourceWord::Push => {
            if let Some(details) = details {
                found.map(details, &[])?;
            }
            None
        }
    };
    Some(DataSource { word, url })
}

/// The `metricSource` of a query: with the name of its data source, or else with all that it takes.
pub(crate) fn write_query(query: &Query, named: bool) -> Value {
    let mut spec = match &query.source {
        Source::Gateway(gateway) => compact(json!({
            "upstream": gateway.upstream, "route": gateway.route, "count": gateway.count.word(),
        })),
        Source::Genesys(genesys) => write_genesys(genesys),
        Source::Prometheus(Prometheus { query, .. }) => json!({"query": query}),
        Source::Push => json!({}),
    };
    let source = match (&query.data_source, &query.source) {
        (Some(name), _) if named => json!({"metricSourceRef": name, "spec": spec}),
        (_, source) => {
            if let Source::Prometheus(Prometheus { url, .. }) = source {
                spec["url"] = url.as_str().into();
            }
            json!({"type": source.word(), "spec": spec})
        }
    };
    json!({"metricSource": source})
}

fn write_genesys(genesys: &Genesys) -> Value {
    let mut spec = match genesys {
        Genesys::Flows(Flows { flow, version, count, exit_reasons }) => json!({
            "flow": flow,
            "version": version,
            "count": genesys::word(&FlowCount::WORDS, *count),
            "exitReason": exit_reasons.iter().map(|reason| reason.word()).collect::<Vec<_>>(),
        }),
        Genesys::Actions(actions) => json!({
            "action": actions.action,
            "integration": actions.integration,
            "responseStatus": actions.response_statuses.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "errorType": actions.error_types,
            "within": actions.within_ms.map(|ms| format!("{ms}ms")),
        }),
        Genesys::Conversations(Conversations { queue, media, direction, count }) => json!({
            "queue": queue,
            "media": media,
            "direction": direction,
            "count": genesys::word(&ConversationCount::WORDS, *count),
        }),
    };
    spec["about"] = genesys.word().into();
    compact(spec)
}

/// A map without what is absent or empty.
pub(crate) fn compact(mut map: Value) -> Value {
    if let Value::Object(entries) = &mut map {
        entries.retain(|_, value| !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty()));
    }
    map
}
