//! Template parameters: what deployment tools fill in before a flow is a flow.
//!
//! `{{name}}` (Archy) and `${name}` (Terraform, with `$${` for a dollar sign and `%{ if … }`) stand anywhere, also as keys, and a file
//! with them is often no YAML. Each is replaced on its own line, by its value where one was given and by a harmless
//! word otherwise, so that lines keep their numbers.

use std::collections::BTreeMap;

use crate::problem::Place;

/// Values for template parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Substitutions(pub BTreeMap<String, String>);

impl Substitutions {
    /// The text as it is deployed, and the parameters in it that have no value, each with the place of its first use.
    ///
    /// ```
    /// let values = flow::chart::Substitutions([("name".to_owned(), "Main".to_owned())].into());
    /// let (text, missing) = values.fill("inboundCall:\n  name: {{name}}\n  division: {{division}}\n");
    /// assert!(text.contains("name: Main"));
    /// assert_eq!(missing[0].0, "division");
    /// ```
    pub fn fill(&self, text: &str) -> (String, Vec<(String, Place)>) {
        let Filled { text, unsubstituted } = fill(text, self);
        (text, unsubstituted)
    }
}

/// What stands for a parameter without a value, before its name.
pub(super) const STAND_IN: &str = "SUB_";

/// A text without template parameters, and those that had no value.
pub(super) struct Filled {
    pub(super) text: String,
    pub(super) unsubstituted: Vec<(String, Place)>,
}

/// Replaces every template parameter.
pub(super) fn fill(text: &str, substitutions: &Substitutions) -> Filled {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut filled = Filled { text: String::with_capacity(text.len()), unsubstituted: Vec::new() };
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        fill_line(line, number, substitutions, &mut filled);
    }
    filled
}

fn fill_line(line: &str, number: u32, substitutions: &Substitutions, filled: &mut Filled) {
    let mut rest = line;
    while let Some(found) = next(rest) {
        let (before, after) = (&rest[..found.start], &rest[found.end..]);
        filled.text.push_str(before);
        match substitutions.0.get(found.name) {
            _ if found.stands_for.is_some() => filled.text.push_str(found.stands_for.unwrap_or_default()),
            Some(value) => filled.text.push_str(value),
            None => {
                filled.text.push_str(STAND_IN);
                filled.text.extend(found.name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }));
                if !filled.unsubstituted.iter().any(|(name, _)| name == found.name) {
                    let column = line.len() - rest.len() + found.start;
                    let column = u32::try_from(line[..column].chars().count() + 1).unwrap_or(u32::MAX);
                    filled.unsubstituted.push((found.name.to_owned(), Place { line: number, column }));
                }
            }
        }
        rest = after;
    }
    filled.text.push_str(rest);
}

struct Found<'a> {
    start: usize,
    end: usize,
    name: &'a str,
    /// What it is replaced by, when it is no parameter.
    stands_for: Option<&'static str>,
}

/// The next parameter in a line.
fn next(line: &str) -> Option<Found<'_>> {
    let mut from = 0;
    while let Some(at) = line[from..].find(['{', '$', '%']).map(|at| at + from) {
        let rest = &line[at..];
        if rest.starts_with("$${") {
            return Some(Found { start: at, end: at + 3, name: "", stands_for: Some("${") });
        }
        // `%{ if … }` and the like: nothing of it is left in a flow.
        if let Some(end) = rest.strip_prefix("%{").filter(|inner| is_directive(inner)).and_then(|inner| inner.find('}'))
        {
            return Some(Found { start: at, end: at + "%{".len() + end + 1, name: "", stands_for: Some("") });
        }
        let closed = |open: &str, close: &str| {
            let inner = rest.strip_prefix(open)?;
            let end = inner.find(close)?;
            let name = inner[..end].trim();
            is_name(name).then_some((open.len() + end + close.len(), name))
        };
        if let Some((length, name)) = closed("{{", "}}").or_else(|| closed("${", "}")) {
            return Some(Found { start: at, end: at + length, name, stands_for: None });
        }
        from = at + 1;
    }
    None
}

/// What follows `%{` in a directive of Terraform.
fn is_directive(inner: &str) -> bool {
    let inner = inner.strip_prefix('~').unwrap_or(inner).trim_start();
    ["if ", "else", "endif", "for ", "endfor"].iter().any(|word| inner.starts_with(word))
}

/// Names have no blanks and none of YAML's brackets, so that `{{a: b}}` stays what it is; `${var.name}` has a dot.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        let given = BTreeMap::from([("queue".to_owned(), "Support".to_owned())]);
        fill(text, &Substitutions(given)).text
    }

    #[test]
    fn parameters_with_a_value_are_replaced_and_others_stand_in() {
        assert_eq!(filled("a: {{ queue }}\n{{prefix}}-Lambda:\n"), "a: Support\nSUB_prefix-Lambda:\n");
        assert_eq!(filled("a: ${queue} \"${other_name}\""), "a: Support \"SUB_other_name\"");
    }

    #[test]
    fn what_only_looks_like_a_parameter_stays() {
        for text in
            ["a: {{b: c}}", "a: ${b c}", "a: $5", "a: 5 % {b}", "a: %{b} }", "a: {{}}", "a: { b: {} }", "a: {{open"]
        {
            assert_eq!(filled(text), text);
        }
        assert_eq!(filled("a: $${queue}"), "a: ${queue}");
        assert_eq!(filled("%{ if x }a: ${var.b}%{ endif }"), "a: SUB_var_b");
    }

    #[test]
    fn each_missing_parameter_is_named_once_with_its_place() {
        let given = fill("x: 1\nä: {{b}} {{b}}\n", &Substitutions::default()).unsubstituted;
        assert_eq!(given, [("b".to_owned(), Place { line: 2, column: 4 })]);
    }
}
