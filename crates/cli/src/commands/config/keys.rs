//! Every key of the file with its sentence, out of the JSON schema.

use serde_json::Value;

/// The segment that stands for a name that people choose.
pub(super) const NAME: &str = "*";
/// The schema is not deeper than this; it has no cycle, and if it had one, this would end it.
const DEPTH_MAX: usize = 12;

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// Its segments; chosen names are [`NAME`].
    pub(super) path: Vec<String>,
    /// What it does.
    pub(super) sentence: String,
    /// What may stand there.
    pub(super) kind: String,
}

impl Key {
    /// The segments with dots between.
    pub(super) fn dotted(&self) -> String {
        self.path.join(".")
    }

    /// The same without chosen names, as people write it.
    pub(super) fn short(&self) -> String {
        let named = self.path.iter().map(String::as_str).filter(|segment| *segment != NAME);
        named.collect::<Vec<_>>().join(".")
    }
}

/// All keys, sections before what is in them.
pub(super) fn all(schema: &Value) -> Vec<Key> {
    let mut keys = Vec::new();
    walk(schema, schema, &mut Vec::new(), &mut keys);
    keys
}

/// The key that people mean by `asked`: chosen names may stand there or be left out.
pub(super) fn find<'a>(keys: &'a [Key], asked: &str) -> Option<&'a Key> {
    let asked: Vec<&str> = asked.split('.').collect();
    keys.iter().find(|key| matches(&key.path, &asked))
}

fn matches(path: &[String], asked: &[&str]) -> bool {
    match (path.split_first(), asked.split_first()) {
        (None, None) => true,
        (Some((segment, path)), _) if segment == NAME && path.is_empty() && asked.is_empty() => false,
        (Some((segment, rest)), Some((word, asked_rest))) if segment == NAME => {
            matches(rest, asked_rest) || !word.is_empty() && matches(rest, asked)
        }
        (Some((segment, path)), Some((word, asked))) => segment == word && matches(path, asked),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn walk(root: &Value, schema: &Value, path: &mut Vec<String>, keys: &mut Vec<Key>) {
    if path.len() > DEPTH_MAX {
        return;
    }
    let target = target(root, schema);
    if let Some(properties) = target["properties"].as_object() {
        for (name, property) in properties {
            path.push(name.clone());
            keys.push(key(root, property, path));
            walk(root, property, path, keys);
            path.pop();
        }
    }
    if target["additionalProperties"].is_object() {
        path.push(NAME.to_owned());
        walk(root, &target["additionalProperties"], path, keys);
        path.pop();
    }
    if target["items"].is_object() {
        walk(root, &target["items"], path, keys);
    }
}

fn key(root: &Value, property: &Value, path: &[String]) -> Key {
    let target = target(root, property);
    let sentence = property["description"].as_str().or(target["description"].as_str()).unwrap_or_default();
    Key { path: path.to_vec(), sentence: sentence.to_owned(), kind: kind(target) }
}

/// What may stand there, in words.
fn kind(target: &Value) -> String {
    if let Some(words) = words(target) {
        return words;
    }
    // A schema that has examples says most by them.
    if let Some(examples) = target["examples"].as_array() {
        let examples: Vec<_> = examples.iter().filter_map(Value::as_str).collect();
        return format!("such as {}", examples.join(", "));
    }
    let name = match &target["type"] {
        Value::String(name) => name.as_str(),
        // An optional key: the other type is null.
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("any"),
        _ => "any",
    };
    match name {
        "object" if target["additionalProperties"].is_object() => "a mapping of names".to_owned(),
        "object" => "a section".to_owned(),
        "array" => "a list".to_owned(),
        "integer" => "a whole number".to_owned(),
        "number" => "a number".to_owned(),
        "string" => "text".to_owned(),
        "boolean" => "true or false".to_owned(),
        _ => "any value".to_owned(),
    }
}

/// The words of a choice.
fn words(target: &Value) -> Option<String> {
    let choices = target["oneOf"].as_array()?;
    let words: Vec<_> = choices.iter().filter_map(|choice| choice["const"].as_str()).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// The schema behind references, and behind "this or nothing".
fn target<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..DEPTH_MAX {
        let next = match (&schema["$ref"], &schema["anyOf"]) {
            (Value::String(reference), _) => root.pointer(reference.trim_start_matches('#')),
            (_, Value::Array(either)) => either.iter().find(|option| option["type"] != "null"),
            _ => None,
        };
        match next {
            Some(next) => schema = next,
            None => return schema,
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Vec<Key> {
        all(&config::schema())
    }

    #[test]
    fn every_key_has_its_sentence() {
        for key in keys() {
            assert!(!key.sentence.is_empty(), "{}", key.dotted());
        }
    }

    #[test]
    fn names_may_be_written_or_left_out() {
        let keys = keys();
        for asked in ["degrade.routes.deadline", "degrade.routes.crm-lookup.deadline", "degrade.routes.*.deadline"] {
            assert_eq!(find(&keys, asked).unwrap().dotted(), "degrade.routes.*.deadline", "{asked}");
        }
        assert_eq!(find(&keys, "degrade.routes").unwrap().dotted(), "degrade.routes");
        assert_eq!(find(&keys, "listen.console").unwrap().kind, "text");
        assert_eq!(find(&keys, "degrade.routes.priority").unwrap().kind, "routing, enrichment");
        assert_eq!(
            find(&keys, "degrade.upstreams.crm.breaker.stall.after").unwrap().short(),
            "degrade.upstreams.breaker.stall.after"
        );
        for unknown in ["", "degrade.routes.", "degrade.routes.a.b.deadline", "deadline"] {
            assert_eq!(find(&keys, unknown), None, "{unknown}");
        }
    }
}
