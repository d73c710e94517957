//! Definitions to OpenSLO v1: one document for each objective, after the data sources and targets that they name.

use std::collections::BTreeMap;

use budget::Budgeting;
use serde_json::{Value, json};

use crate::alerts;
use crate::definition::{Definition, Indicator, Query, Source, Threshold};
use crate::indicator::write_metric;
use crate::length::short_of;
use crate::number;
use crate::problem::Loss;
use crate::window;

/// OpenSLO, and what it cannot say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// YAML of as many documents as there must be; [`crate::read`] reads it.
    pub text: String,
    /// What it does not say. Paths begin with the id of the objective.
    pub losses: Vec<Loss>,
}

/// Writes OpenSLO v1.
pub fn write(definitions: &[Definition]) -> Written {
    let sources = data_sources(definitions);
    let mut documents: Vec<Value> = sources.iter().map(|(name, source)| data_source(name, source)).collect();
    let mut targets: Vec<&String> = definitions.iter().flat_map(|definition| &definition.targets).collect();
    targets.sort_unstable();
    targets.dedup();
    documents.extend(
        targets
            .into_iter()
            .map(|name| document("AlertNotificationTarget", json!({"name": name}), json!({"target": "receiver"}))),
    );
    documents.extend(definitions.iter().map(|definition| slo(definition, &sources)));
    Written {
        text: yaml(&documents),
        losses: definitions.iter().flat_map(|definition| losses(definition, &sources)).collect(),
    }
}

/// Longer lines are folded.
const LINE_MAX: usize = 10_000;

/// YAML of several documents.
pub(crate) fn yaml(documents: &[Value]) -> String {
    // An expression stays on its line: whoever copies it wants it whole.
    let options = serde_saphyr::ser_options! { folded_wrap_chars: LINE_MAX };
    let text = |document| {
        serde_saphyr::to_string_with_options(document, options.clone()).expect("a tree of JSON is always YAML")
    };
    documents.iter().map(text).collect::<Vec<_>>().join("---\n")
}

fn queries(indicator: &Indicator) -> impl Iterator<Item = &Query> {
    let (first, second) = match indicator {
        Indicator::Ratio(ratio) => (&ratio.part, Some(&ratio.total)),
        Indicator::Threshold(threshold) => (&threshold.metric, None),
    };
    std::iter::once(first).chain(second)
}

/// The data sources that are named, by name. Where two differ in what they are, the first has the name, and the queries
/// of the other say all that they need themselves.
fn data_sources(definitions: &[Definition]) -> BTreeMap<&str, &Source> {
    let mut sources = BTreeMap::new();
    for query in definitions.iter().flat_map(|definition| queries(&definition.indicator)) {
        if let Some(name) = &query.data_source {
            sources.entry(name.as_str()).or_insert(&query.source);
        }
    }
    sources
}

/// Whether the name of its data source is that of no other one.
fn has_its_name(query: &Query, sources: &BTreeMap<&str, &Source>) -> bool {
    let known = query.data_source.as_deref().and_then(|name| sources.get(name));
    known.is_some_and(|source| is_same_source(source, &query.source))
}

fn is_same_source(one: &Source, other: &Source) -> bool {
    match (one, other) {
        (Source::Prometheus(one), Source::Prometheus(other)) => one.url == other.url,
        (one, other) => one.word() == other.word(),
    }
}

fn document(kind: &str, metadata: Value, spec: Value) -> Value {
    json!({"apiVersion": "openslo/v1", "kind": kind, "metadata": metadata, "spec": spec})
}

fn data_source(name: &str, source: &Source) -> Value {
    let mut spec = json!({"type": source.word()});
    if let Source::Prometheus(prometheus) = source {
        spec["connectionDetails"] = json!({"url": prometheus.url});
    }
    document("DataSource", json!({"name": name}), spec)
}

fn slo(definition: &Definition, sources: &BTreeMap<&str, &Source>) -> Value {
    let Definition { objective, indicator, targets, .. } = definition;
    let named = queries(indicator).all(|query| has_its_name(query, sources));
    let mut promise = json!({"targetPercent": number::json(objective.target.get().into(), 4)});
    let method = match objective.budgeting {
        Budgeting::Occurrences => "Occurrences",
        Budgeting::Timeslices { length, target } => {
            promise["timeSliceWindow"] = length.to_string().into();
            promise["timeSliceTarget"] = number::json(target.get().into(), 6);
            "Timeslices"
        }
    };
    if let Indicator::Threshold(Threshold { op, value, .. }) = indicator {
        promise["op"] = op.word().into();
        promise["value"] = (*value).into();
    }
    let policies = match (objective.alerts.as_slice(), targets.as_slice()) {
        ([], []) => json!([]),
        (rules, targets) => json!([alerts::write(&objective.id, rules, targets)]),
    };
    let mut spec = json!({
        "service": objective.service,
        "indicator": {"metadata": {"name": objective.id}, "spec": write_metric(indicator, named)},
        "timeWindow": [window::write(&objective.window)],
        "budgetingMethod": method,
        "objectives": [promise],
        "alertPolicies": policies,
    });
    if !objective.description.is_empty() {
        spec["description"] = objective.description.as_str().into();
    }
    let mut metadata = json!({"name": objective.id});
    if objective.name != objective.id && !objective.name.is_empty() {
        metadata["displayName"] = objective.name.as_str().into();
    }
    document("SLO", metadata, spec)
}

fn losses(definition: &Definition, sources: &BTreeMap<&str, &Source>) -> Vec<Loss> {
    let id = &definition.objective.id;
    let loss = |path: String, what: String, instead: String| Loss { file: String::new(), path, line: 0, what, instead };
    let mut losses = Vec::new();
    for (index, rule) in definition.objective.alerts.iter().enumerate() {
        let short = short_of(rule.long);
        if rule.short != short {
            losses.push(loss(
                format!("{id}/alerts/{index}"),
                format!("OpenSLO has no short window: this one is {}", rule.short),
                format!("it is read as a twelfth of the long one: {short}"),
            ));
        }
    }
    let mut names = queries(&definition.indicator).filter(|query| query.data_source.is_some());
    if names.any(|query| !has_its_name(query, sources)) {
        let what = "two different data sources have one name".to_owned();
        losses.push(loss(format!("{id}/indicator"), what, "the query says itself whom it asks".to_owned()));
    }
    if definition.words.is_some() {
        let what = "OpenSLO has no place for `metric`".to_owned();
        losses.push(loss(format!("{id}/metric"), what, "it is left out".to_owned()));
    }
    losses
}
