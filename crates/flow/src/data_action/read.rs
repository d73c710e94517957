//! The JSON of a Data Action to its parts. JSON is read as YAML, so that everything has a place.

use std::time::Duration;

use super::path::Path;
use super::template::Template;
use super::{DataAction, Field, FieldKind, TIMEOUT_MAX, TIMEOUT_MIN};
use crate::problem::{Findings, Place, ProblemKind, Problems};
use crate::yaml::{self, Node};

pub(super) fn read(text: &str) -> Result<DataAction, Problems> {
    let root = yaml::parse(text)?;
    let mut findings = Findings::default();
    yaml::note_duplicate_keys(&root, &mut findings);
    let action = action(&root, &mut findings);
    findings.finish(action)
}

fn action(root: &Node, findings: &mut Findings) -> Option<DataAction> {
    let request = section(root, &["config", "request"], findings);
    let response = section(root, &["config", "response"], findings);
    let name = required(root, "name", findings);
    let method = request.and_then(|node| required(node, "requestType", findings));
    let url = request.and_then(|node| required(node, "requestUrlTemplate", findings).map(|_| node));
    let url = url.map(|node| template(node.get("requestUrlTemplate"), findings));
    let headers = request.and_then(|node| node.get("headers")).map(Node::entries).unwrap_or_default();
    let headers = headers.iter().map(|pair| (pair.key.clone(), template(Some(&pair.value), findings))).collect();
    let body = template(request.and_then(|node| node.get("requestTemplate")), findings);
    let success = template(response.and_then(|node| node.get("successTemplate")), findings);
    let integration_type = root.get("integrationType").and_then(Node::text).unwrap_or("custom-rest-actions").to_owned();
    Some(DataAction {
        timeout: timeout(root, findings),
        inputs: fields(root, &["contract", "input", "inputSchema"]),
        outputs: fields(root, &["contract", "output", "successSchema"]),
        translation: translation(response, findings),
        defaults: texts(response.and_then(|node| node.get("translationMapDefaults"))),
        headers,
        body,
        success,
        integration_type,
        name: name?,
        method: method?.to_ascii_uppercase(),
        url: url?,
    })
}

fn section<'a>(root: &'a Node, path: &[&str], findings: &mut Findings) -> Option<&'a Node> {
    let found = descend(root, path);
    if found.is_none() {
        missing(root.at, &path.join("."), findings);
    }
    found
}

fn descend<'a>(root: &'a Node, path: &[&str]) -> Option<&'a Node> {
    path.iter().try_fold(root, |node, key| node.get(key))
}

fn required(node: &Node, key: &str, findings: &mut Findings) -> Option<String> {
    let text = node.get(key).and_then(Node::text).filter(|text| !text.is_empty());
    if text.is_none() {
        missing(node.at, key, findings);
    }
    text.map(str::to_owned)
}

fn missing(at: Place, what: &str, findings: &mut Findings) {
    findings.note(at, ProblemKind::Missing, format!("find `{what}` of the data action"), format!("Add `{what}`."));
}

fn template(node: Option<&Node>, findings: &mut Findings) -> Template {
    let Some(node) = node else { return Template::default() };
    Template::parse(node.text().unwrap_or_default()).unwrap_or_else(|message| {
        let hint = "Use ${input.NAME}, $!{input.NAME}, ${rawResult}, $esc.jsonString(..) or $esc.url(..).";
        findings.note(node.at, ProblemKind::Template, message, hint);
        Template::default()
    })
}

fn translation(response: Option<&Node>, findings: &mut Findings) -> Vec<(String, Path)> {
    let mut translation = Vec::new();
    for pair in response.and_then(|node| node.get("translationMap")).map(Node::entries).unwrap_or_default() {
        match Path::parse(pair.value.text().unwrap_or_default()) {
            Ok(path) => translation.push((pair.key.clone(), path)),
            Err(message) => {
                let hint = "Use names, indexes, `[*]`, `..name` and `.size()`: `$.customer.tags[0]`.";
                findings.note(pair.value.at, ProblemKind::Template, message, hint);
            }
        }
    }
    translation
}

fn texts(node: Option<&Node>) -> Vec<(String, String)> {
    let pairs = node.map(Node::entries).unwrap_or_default();
    pairs.iter().filter_map(|pair| Some((pair.key.clone(), pair.value.text()?.to_owned()))).collect()
}

/// The time limit stands under `config`, or under its request as some exporters write it.
fn timeout(root: &Node, findings: &mut Findings) -> Option<Duration> {
    let places = [&["config", "timeoutSeconds"][..], &["config", "request", "timeoutSeconds"]];
    let node = places.iter().find_map(|path| descend(root, path)).filter(|node| !node.is_null())?;
    let seconds = node.text().and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let allowed = seconds.filter(|seconds| (TIMEOUT_MIN..=TIMEOUT_MAX).contains(seconds));
    if allowed.is_none() {
        findings.note(
            node.at,
            ProblemKind::Value,
            "read `timeoutSeconds` as a time limit",
            format!("Write a whole number from {} to {}.", TIMEOUT_MIN.as_secs(), TIMEOUT_MAX.as_secs()),
        );
    }
    allowed
}

fn fields(root: &Node, path: &[&str]) -> Vec<Field> {
    let Some(schema) = descend(root, path) else { return Vec::new() };
    let required: Vec<&str> =
        schema.get("required").map(Node::items).unwrap_or_default().iter().filter_map(Node::text).collect();
    let properties = schema.get("properties").map(Node::entries).unwrap_or_default();
    let field = |pair: &yaml::Entry| Field {
        name: pair.key.clone(),
        kind: kind(pair.value.get("type").and_then(Node::text)),
        is_required: required.contains(&pair.key.as_str()),
    };
    properties.iter().map(field).collect()
}

fn kind(name: Option<&str>) -> FieldKind {
    match name {
        Some("string") => FieldKind::String,
        Some("integer") => FieldKind::Integer,
        Some("number") => FieldKind::Number,
        Some("boolean") => FieldKind::Boolean,
        Some("array") => FieldKind::Array,
        Some("object") => FieldKind::Object,
        _ => FieldKind::Any,
    }
}
