//! Templates of Data Actions: what they use, and what they produce.

use std::collections::BTreeSet;

/// One use of an input in a template.
pub(super) struct Usage<'a> {
    pub(super) at: usize,
    pub(super) name: &'a str,
    pub(super) is_silent: bool,
    pub(super) is_escaped: bool,
}

/// Every `${input.x}`, `$!{input.x}` and `$input.x`.
pub(super) fn usages(text: &str) -> impl Iterator<Item = Usage<'_>> {
    text.match_indices("input.").filter_map(|(at, _)| {
        let before = &text[..at];
        let (start, is_silent) = [("$!{", true), ("${", false), ("$!", true), ("$", false)]
            .into_iter()
            .find_map(|(sign, is_silent)| before.ends_with(sign).then(|| (at - sign.len(), is_silent)))?;
        let rest = &text[at + "input.".len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-')).unwrap_or(rest.len());
        Some(Usage { at: start, name: &rest[..end], is_silent, is_escaped: is_inside_tool(&text[..start]) })
    })
}

/// True when an argument of `$esc.…(`, `urlTool.…(` or `$encoding.…(` begins here.
fn is_inside_tool(before: &str) -> bool {
    let inner = before.trim_end_matches(|c: char| matches!(c, '"' | '\'' | '{' | '$' | '!') || c.is_whitespace());
    let Some(open) = inner.rfind('(') else { return false };
    let is_open = !inner[open..].contains(')');
    let name = &inner[..open];
    let name = &name[name.rfind(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '_')).map_or(0, |at| at + 1)..];
    is_open && ["esc.", "urlTool.", "encoding."].iter().any(|tool| name.starts_with(tool))
}

/// True when the template asks whether the input is there.
pub(super) fn is_asked(text: &str, name: &str) -> bool {
    text.split("#if").skip(1).any(|rest| rest.lines().next().unwrap_or(rest).contains(name))
}

/// True when the template itself sets the name.
pub(super) fn is_set(text: &str, name: &str) -> bool {
    ["#set(", "#set (", "#foreach(", "#foreach ("].iter().any(|directive| {
        text.split(directive).skip(1).any(|rest| rest.trim_start_matches([' ', '$', '{']).starts_with(name))
    })
}

/// Plain names that a template refers to.
pub(super) fn references(template: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for (at, _) in template.match_indices('$') {
        let rest = template[at + 1..].trim_start_matches('!').trim_start_matches('{');
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let is_tool = [
            "esc",
            "input",
            "credentials",
            "authResponse",
            "successTemplateUtils",
            "urlTool",
            "encoding",
            "foreach",
            "math",
            "date",
        ];
        if !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && !is_tool.contains(&name)
            && !behind.starts_with('(')
        {
            found.insert(name);
        }
    }
    found
}

/// The keys of the outermost object of a template that looks like JSON.
pub(super) fn keys(template: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut depth = 0_i32;
    let mut chars = template.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '{' if template[..at].ends_with('$') || template[..at].ends_with("$!") => {
                // Up to its own closing brace: arguments may be uses themselves.
                let mut open = 1_u32;
                for (_, c) in chars.by_ref() {
                    open = match c {
                        '{' => open + 1,
                        '}' => open - 1,
                        _ => open,
                    };
                    if open == 0 {
                        break;
                    }
                }
            }
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            '"' => {
                let mut text = String::new();
                while let Some((_, c)) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => text.extend(chars.next().map(|(_, c)| c)),
                        c => text.push(c),
                    }
                }
                while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
                if depth == 1 && chars.peek().is_some_and(|(_, c)| *c == ':') {
                    keys.push(text);
                }
            }
            _ => {}
        }
    }
    keys
}
