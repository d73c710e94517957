//! Objectives that were written for other tools, as definitions and as OpenSLO.
//!
//! Both tools write rules for a Prometheus, whose rates can be asked over any window. Here counts are added up minute
//! by minute instead, so their expressions become counts of one minute. A Prometheus that is asked for one minute needs
//! two values in it: it must scrape every 30 seconds.

mod promql;
mod pyrra;
mod sloth;

use std::collections::BTreeSet;

use base::Ppm;
use budget::{Budgeting, BurnRule, Objective, Window};

use crate::alerts::Condition;
use crate::definition::{Definition, Indicator, Numerator, Prometheus, Query, Ratio, Source};
use crate::fields::Unknown;
use crate::number::decimal;
use crate::objective::{self, Places};
use crate::problem::{Found, Invalid, Loss, Text};
use crate::tree::{self, Node};
use crate::write;

/// What was imported.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// One for each objective, in the order of the text.
    pub definitions: Vec<Definition>,
    /// The same as OpenSLO v1; [`crate::read`] reads it.
    pub text: String,
    /// What has no equivalent, and what happens instead.
    pub losses: Vec<Loss>,
}

/// The name of the data source that imported objectives ask.
pub const DATA_SOURCE: &str = "prometheus";

/// Imports objectives that were written for Sloth: `version: prometheus/v1`, or Kubernetes resources
/// `PrometheusServiceLevel` of `sloth.slok.dev/v1`. `url` is the address of the Prometheus, which Sloth does not know.
///
/// # Errors
/// All problems that were found.
pub fn sloth(text: &Text<'_>, url: &str) -> Result<Imported, Box<Invalid>> {
    import(text, |node, found| sloth::definitions(node, url, found))
}

/// Imports objectives that were written for Pyrra: Kubernetes resources `ServiceLevelObjective` of
/// `pyrra.dev/v1alpha1`. `url` is the address of the Prometheus, which Pyrra does not know.
///
/// # Errors
/// All problems that were found.
pub fn pyrra(text: &Text<'_>, url: &str) -> Result<Imported, Box<Invalid>> {
    import(text, |node, found| pyrra::definition(node, url, found).into_iter().collect())
}

fn import(text: &Text<'_>, read: impl Fn(&Node, &mut Found) -> Vec<Definition>) -> Result<Imported, Box<Invalid>> {
    let mut found = Found::default();
    let documents = tree::yaml(text, 0, &mut found);
    let (mut ids, mut definitions) = (BTreeSet::new(), Vec::new());
    for document in &documents {
        for definition in read(document, &mut found) {
            let id = &definition.objective.id;
            if !ids.insert(id.clone()) {
                found.wrong(document, format!("there are two objectives with the id `{id}`"), "rename one of the two");
            }
            definitions.push(definition);
        }
    }
    let (definitions, mut losses) = found.finish(std::slice::from_ref(text), definitions)?;
    let written = write(&definitions);
    losses.extend(written.losses);
    Ok(Imported { definitions, text: written.text, losses })
}

/// A map of another tool: a key that we do not know is a loss.
fn map<'n>(node: &'n Node, known: &[&str], found: &mut Found) -> Option<&'n Node> {
    found.map_with(node, known, Unknown::Lost)
}

/// Counts of a minute: good or bad ones, and all.
fn ratio(numerator: Numerator, part: String, total: String, url: &str) -> Indicator {
    let query = |query| Query {
        data_source: Some(DATA_SOURCE.to_owned()),
        source: Source::Prometheus(Prometheus { url: url.to_owned(), query }),
    };
    Indicator::Ratio(Ratio { numerator, part: query(part), total: query(total), counter: false })
}

/// What another tool says of an objective.
struct Promise<'n> {
    id: String,
    name: String,
    description: String,
    service: String,
    target: Ppm,
    window: Window,
    rules: Vec<BurnRule>,
    indicator: Indicator,
    /// Where its name, its target and its window stand.
    at: (&'n Node, &'n Node, &'n Node),
}

/// A definition, unless something is wrong with it. Rules that can never hold are left out.
fn define(promise: Promise<'_>, found: &mut Found) -> Option<Definition> {
    let Promise { id, name, description, service, target, window, rules, indicator, at } = promise;
    let mut objective = Objective {
        id,
        name,
        description,
        service,
        target,
        window,
        budgeting: Budgeting::Occurrences,
        alerts: Vec::new(),
    };
    let (id, target, window) = at;
    for rule in rules {
        let alone = Objective { alerts: vec![rule], ..objective.clone() };
        let without = Objective { alerts: Vec::new(), ..objective.clone() };
        if alone.flaws() == without.flaws() {
            objective.alerts.push(rule);
        } else {
            let burn = decimal(rule.burn_milli.into(), 3);
            let what = format!("a burn rate of {burn} over {} is never reached", rule.long);
            found.lost(target, what, "this alert is left out");
        }
    }
    let places = Places { id, target, window, slice: window, slice_target: window, alerts: window };
    let no_places: [Condition; 0] = [];
    let is_usable = objective::check(&objective, &places, &no_places, found);
    is_usable.then_some(Definition { objective, indicator, targets: Vec::new(), words: None })
}
