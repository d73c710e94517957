//! Texts to documents, and documents to definitions: every kind is read once, whether or not something refers to it.
//!
//! The kinds are read in the order of their references: data sources before indicators, conditions before policies,
//! all of them before objectives. A document that is wrong is known by its name, so that a reference to it is not told
//! as a second problem.

use std::collections::{BTreeMap, BTreeSet};

use crate::alerts::{self, Condition, Policy};
use crate::definition::Definition;
use crate::indicator::{self, Sli};
use crate::problem::{Found, Invalid, Loss, Text, suggest};
use crate::slo;
use crate::source::{self, DataSources};
use crate::tree::{self, Node};

/// The most documents in one set.
pub const DOCUMENTS_MAX: usize = 2_000;

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// One for each objective of each SLO, in the order of the texts. An SLO with one objective gives it its name; of
    /// several, the first is `name-1`, the second `name-2`, because a number outlives the words that people show.
    pub definitions: Vec<Definition>,
    /// What was understood and is not done, or is done otherwise.
    pub losses: Vec<Loss>,
}

/// Reads OpenSLO v1: all texts are one set, so a document may refer to one of another text. Labels and annotations are
/// for other tools and are passed over.
///
/// # Errors
/// All problems that were found.
pub fn read(texts: &[Text<'_>]) -> Result<Reading, Box<Invalid>> {
    let mut found = Found::default();
    let documents: Vec<Node> =
        texts.iter().enumerate().flat_map(|(file, text)| tree::yaml(text, file, &mut found)).collect();
    if DOCUMENTS_MAX < documents.len() {
        found.wrong(&documents[DOCUMENTS_MAX], format!("these are more than {DOCUMENTS_MAX} documents"), "read fewer");
    }
    let documents: Vec<Document<'_>> =
        documents.iter().take(DOCUMENTS_MAX).filter_map(|node| document(node, &mut found)).collect();
    note_duplicates(&documents, &mut found);
    let definitions = definitions(&documents, &mut found);
    found.finish(texts, definitions).map(|(definitions, losses)| Reading { definitions, losses })
}

/// What documents refer to, by kind and name.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) sources: DataSources,
    pub(crate) slis: BTreeMap<String, Option<Sli>>,
    pub(crate) conditions: BTreeMap<String, Option<Condition>>,
    pub(crate) targets: BTreeSet<String>,
    pub(crate) policies: BTreeMap<String, Option<Policy>>,
    pub(crate) services: BTreeSet<String>,
}

/// One document.
pub(crate) struct Document<'n> {
    pub(crate) kind: DocumentKind,
    pub(crate) name: &'n Node,
    pub(crate) id: &'n str,
    pub(crate) display: Option<String>,
    pub(crate) spec: &'n Node,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DocumentKind {
    Slo,
    Sli,
    DataSource,
    AlertPolicy,
    AlertCondition,
    AlertNotificationTarget,
    Service,
}

impl DocumentKind {
    pub(crate) const WORDS: [(&'static str, Self); 7] = [
        ("SLO", Self::Slo),
        ("SLI", Self::Sli),
        ("DataSource", Self::DataSource),
        ("AlertPolicy", Self::AlertPolicy),
        ("AlertCondition", Self::AlertCondition),
        ("AlertNotificationTarget", Self::AlertNotificationTarget),
        ("Service", Self::Service),
    ];
}

const VERSION: &str = "openslo/v1";

fn document<'n>(node: &'n Node, found: &mut Found) -> Option<Document<'n>> {
    found.map(node, &["apiVersion", "kind", "metadata", "spec"])?;
    let version = found.need(node, "apiVersion", "add `apiVersion: openslo/v1`");
    if let Some(version) = version
        && found.text(version)? != VERSION
    {
        found.wrong(version, "this version of OpenSLO is not read", "write `openslo/v1`");
    }
    let kind = found.need(node, "kind", "add `kind: SLO`").and_then(|kind| found.word(kind, &DocumentKind::WORDS));
    let name = name(node, found);
    let spec = found.need(node, "spec", "add `spec`");
    let (name, id, display) = name?;
    Some(Document { kind: kind?, name, id, display, spec: spec? })
}

/// The name in the metadata of a document, and the one for people.
pub(crate) fn name<'n>(node: &'n Node, found: &mut Found) -> Option<(&'n Node, &'n str, Option<String>)> {
    let metadata = found.need(node, "metadata", "add `metadata: { name: … }`")?;
    found.map(metadata, &["name", "displayName", "labels", "annotations"])?;
    let name = found.need(metadata, "name", "give it a name of letters, digits and dashes")?;
    Some((name, found.text(name)?, found.text_of(metadata, "displayName")))
}

fn note_duplicates(documents: &[Document<'_>], found: &mut Found) {
    let mut seen = BTreeSet::new();
    for document in documents {
        if !seen.insert((document.kind, document.id)) {
            let kind = crate::genesys::word(&DocumentKind::WORDS, document.kind);
            let message = format!("there are two documents of kind {kind} with the name `{}`", document.id);
            found.wrong(document.name, message, "rename one of the two, or remove it");
        }
    }
}

fn definitions(documents: &[Document<'_>], found: &mut Found) -> Vec<Definition> {
    let of = |kind| documents.iter().filter(move |document| document.kind == kind);
    let names = |kind| of(kind).map(|document| document.id.to_owned()).collect();
    let mut known = Known {
        targets: names(DocumentKind::AlertNotificationTarget),
        services: names(DocumentKind::Service),
        ..Known::default()
    };
    for document in of(DocumentKind::Service) {
        found.map(document.spec, &["description"]);
    }
    for document in of(DocumentKind::AlertNotificationTarget) {
        found.map(document.spec, &["description", "target"]);
    }
    for document in of(DocumentKind::DataSource) {
        let source = source::read_data_source(document.spec, found);
        known.sources.insert(document.id.to_owned(), source);
    }
    for document in of(DocumentKind::Sli) {
        let sli = indicator::sli(document.spec, &known.sources, found);
        known.slis.insert(document.id.to_owned(), sli);
    }
    for document in of(DocumentKind::AlertCondition) {
        let condition = alerts::condition(document.spec, found);
        known.conditions.insert(document.id.to_owned(), condition);
    }
    for document in of(DocumentKind::AlertPolicy) {
        let policy = alerts::policy(document.spec, &known, found);
        known.policies.insert(document.id.to_owned(), policy);
    }
    let mut ids = BTreeMap::new();
    let mut definitions = Vec::new();
    for document in of(DocumentKind::Slo) {
        for definition in slo::definitions(document, &known, found) {
            let id = &definition.objective.id;
            // Two documents of one name are told already.
            let other = ids.insert(id.clone(), document.id).filter(|other| *other != document.id);
            if other.is_some() {
                let message = format!("another objective has the id `{id}`");
                found.wrong(
                    document.name,
                    message,
                    "an objective of several has its SLO's name and a number; rename one",
                );
            }
            definitions.push(definition);
        }
    }
    definitions
}

/// What a reference leads to.
pub(crate) fn refer<'k, T>(
    node: &Node,
    known: &'k BTreeMap<String, Option<T>>,
    what: &str,
    found: &mut Found,
) -> Option<&'k T> {
    let name = found.text(node)?;
    match known.get(name) {
        Some(value) => value.as_ref(),
        None => {
            note_nowhere(node, name, known.keys().map(String::as_str), what, found);
            None
        }
    }
}

/// A reference leads nowhere.
pub(crate) fn note_nowhere<'a>(
    node: &Node,
    name: &str,
    mut known: impl Iterator<Item = &'a str> + Clone,
    what: &str,
    found: &mut Found,
) {
    let hint = match known.clone().next() {
        Some(_) => suggest(name, known.by_ref().collect::<Vec<_>>().into_iter(), "names"),
        None => format!("add a document of kind {what} with this name"),
    };
    found.wrong(node, format!("there is no {what} `{name}`"), hint);
}
