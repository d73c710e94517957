//! Templates: the part of Velocity that requests and responses use.
//!
//! `${input.x}` inserts a value and fails without one; `$!{input.x}` inserts nothing then. Escapes
//! and helpers are calls: `$esc.jsonString(..)`, `$esc.url(..)`, `$encoding.base64(..)`,
//! `${successTemplateUtils.firstFromArray("${alias}")}`. Directives (`#if` and the like) are refused
//! rather than sent as text.

use super::ActionError;

/// How deep calls may stand in arguments of calls.
const DEPTH_MAX: usize = 8;

const DIRECTIVES: [&str; 8] = ["#if", "#set", "#foreach", "#else", "#end", "#macro", "#parse", "#include"];

/// Finds the value of a path such as `input.x`.
pub(super) type Lookup<'a> = &'a dyn Fn(&[String]) -> Option<String>;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Reference(Reference),
}

#[derive(Clone, Debug, PartialEq)]
struct Reference {
    written: String,
    is_silent: bool,
    path: Vec<String>,
    arguments: Option<Vec<Template>>,
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(directive) = DIRECTIVES.iter().find(|word| has_directive(text, word)) {
            return Err(format!("understand the directive `{directive}` in a template"));
        }
        parse(text, 0)
    }

    pub(super) fn render(&self, lookup: Lookup<'_>) -> Result<String, ActionError> {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Reference(reference) => match value(reference, lookup)? {
                    Some(text) => out.push_str(&text),
                    None if reference.is_silent => {}
                    None => return Err(ActionError::Unset(reference.written.clone())),
                },
            }
        }
        Ok(out)
    }
}

fn has_directive(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let after = text[at + word.len()..].chars().next();
        !after.is_some_and(|c| c.is_ascii_alphanumeric())
    })
}

fn parse(text: &str, depth: usize) -> Result<Template, String> {
    if depth > DEPTH_MAX {
        return Err(format!("read a template with calls more than {DEPTH_MAX} deep"));
    }
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        match reference(rest, depth)? {
            Some((reference, length)) => {
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Reference(reference));
                rest = &rest[length..];
            }
            // A dollar sign that opens nothing stands for itself.
            None => {
                plain.push('$');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    Ok(Template(parts))
}

/// A reference at the start of `text`, and its length.
fn reference(text: &str, depth: usize) -> Result<Option<(Reference, usize)>, String> {
    let mut cursor = Cursor { text, at: 1 };
    let is_silent = cursor.takes('!');
    let is_braced = cursor.takes('{');
    let Some(path) = cursor.path() else { return Ok(None) };
    let arguments = if cursor.takes('(') { Some(cursor.arguments(depth)?) } else { None };
    if is_braced && !cursor.takes('}') {
        return Err(format!("find the closing brace after `${{{}`", path.join(".")));
    }
    let written = text[..cursor.at].to_owned();
    Ok(Some((Reference { written, is_silent, path, arguments }, cursor.at)))
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl Cursor<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn takes(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn name(&mut self) -> Option<String> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(rest.len());
        let starts_well = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let name = starts_well.then(|| rest[..end].to_owned())?;
        self.at += end;
        Some(name)
    }

    /// Names with dots between them; a dot that no name follows is text.
    fn path(&mut self) -> Option<Vec<String>> {
        let mut path = vec![self.name()?];
        loop {
            let before = self.at;
            if !self.takes('.') {
                return Some(path);
            }
            match self.name() {
                Some(name) => path.push(name),
                None => {
                    self.at = before;
                    return Some(path);
                }
            }
        }
    }

    fn arguments(&mut self, depth: usize) -> Result<Vec<Template>, String> {
        let mut arguments = Vec::new();
        loop {
            self.spaces();
            if self.takes(')') {
                return Ok(arguments);
            }
            if !arguments.is_empty() && !self.takes(',') {
                return Err("find the closing `)` in a template".to_owned());
            }
            self.spaces();
            arguments.push(self.argument(depth)?);
        }
    }

    fn argument(&mut self, depth: usize) -> Result<Template, String> {
        if let Some(quote) = self.rest().chars().next().filter(|c| matches!(c, '"' | '\'')) {
            self.at += 1;
            let end = self.rest().find(quote).ok_or("find the closing quote in a template")?;
            let inner = self.rest()[..end].to_owned();
            self.at += end + 1;
            return parse(&inner, depth + 1);
        }
        if depth >= DEPTH_MAX || !self.rest().starts_with('$') {
            return Err("understand an argument in a template".to_owned());
        }
        let Some((inner, length)) = reference(self.rest(), depth + 1)? else {
            return Err("understand an argument in a template".to_owned());
        };
        self.at += length;
        Ok(Template(vec![Part::Reference(inner)]))
    }
}

fn value(reference: &Reference, lookup: Lookup<'_>) -> Result<Option<String>, ActionError> {
    let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
    let Some(arguments) = &reference.arguments else {
        return Ok(match path[..] {
            ["esc", "quote"] => Some("\"".to_owned()),
            ["esc", "dollar"] => Some("$".to_owned()),
            ["esc", "hash"] => Some("#".to_owned()),
            _ => lookup(&reference.path),
        });
    };
    let mut given = Vec::new();
    for argument in arguments {
        given.push(argument.render(lookup)?);
    }
    match (&path[..], given.as_slice()) {
        (["esc", "jsonString" | "jsonEncode"], [text]) => Ok(Some(json_escaped(text))),
        (["esc", "url"] | ["encoding", "url"], [text]) => Ok(Some(url_escaped(text))),
        (["encoding", "base64"], [text]) => Ok(Some(base64(text.as_bytes()))),
        (["successTemplateUtils", "firstFromArray"], [list]) => Ok(first_of(list)),
        (["successTemplateUtils", "firstFromArray"], [list, default]) => {
            Ok(first_of(list).or_else(|| Some(default.clone())))
        }
        _ => Ok(None),
    }
}

/// The text as it stands inside a JSON string.
fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// The text as it stands in a query: a space becomes `+`.
fn url_escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0u8; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for place in 0..4usize {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

/// The first item of a JSON list as JSON text.
fn first_of(list: &str) -> Option<String> {
    let parsed: serde_json::Value = serde_json::from_str(list).ok()?;
    parsed.as_array()?.first().map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, expected: Result<&str, &str>) {
        let lookup = |path: &[String]| match path.join(".").as_str() {
            "input.ani" => Some("+1 (317) 555-0100".to_owned()),
            "input.note" => Some("say \"hi\"\n".to_owned()),
            "list" => Some("[\"a\",\"b\"]".to_owned()),
            "none" => Some("[]".to_owned()),
            _ => None,
        };
        let rendered = Template::parse(template).unwrap().render(&lookup);
        let rendered = rendered.as_ref().map(String::as_str).map_err(ToString::to_string);
        assert_eq!(rendered, expected.map_err(str::to_owned), "{template}");
    }

    #[test]
    fn values_are_inserted_and_escaped() {
        check("/lookup?ani=$esc.url(${input.ani})", Ok("/lookup?ani=%2B1+%28317%29+555-0100"));
        check("{\"n\": \"$esc.jsonString($!{input.note})\"}", Ok("{\"n\": \"say \\\"hi\\\"\\n\"}"));
        check("$encoding.base64(\"a:b\") costs 5$ or $ 5", Ok("YTpi costs 5$ or $ 5"));
        check("${esc.dollar}{x} $esc.quote", Ok("${x} \""));
    }

    #[test]
    fn what_is_not_set_is_an_error_unless_it_is_asked_for_quietly() {
        check("a${input.nobody}b", Err("fill in `${input.nobody}`: it has no value"));
        check("a$!{input.nobody}b", Ok("ab"));
    }

    #[test]
    fn the_first_of_a_list_may_have_a_default() {
        check("${successTemplateUtils.firstFromArray(\"${list}\")}", Ok("\"a\""));
        check("${successTemplateUtils.firstFromArray(\"${none}\", \"0\")}", Ok("0"));
    }

    #[test]
    fn directives_and_loose_ends_are_refused() {
        for template in ["#if($input.x)a#end", "${input.x", "$esc.url(${input.x}", "$esc.url(\"a)", "$esc.url(x)"] {
            assert!(Template::parse(template).is_err(), "{template}");
        }
        assert!(Template::parse("a #ifdef and #1").is_ok());
    }
}
