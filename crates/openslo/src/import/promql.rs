//! Expressions for any window to expressions for one minute. PromQL is not parsed: only words outside of quotes count.

/// An expression for one minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Minutely {
    /// The expression.
    pub(super) query: String,
    /// Whether it had a placeholder for the window.
    pub(super) had_window: bool,
    /// Another placeholder, which nobody can fill.
    pub(super) placeholder: Option<String>,
}

/// Puts one minute in the place of `{{.window}}`.
pub(super) fn minute(query: &str) -> Minutely {
    let mut text = String::new();
    let (mut rest, mut had_window, mut placeholder) = (query, false, None);
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start..].find("}}") else { break };
        let inside = rest[start + 2..start + length].trim();
        text.push_str(&rest[..start]);
        if inside == ".window" {
            had_window = true;
            text.push_str("1m");
        } else {
            placeholder = Some(inside.to_owned());
            text.push_str(&rest[start..start + length + 2]);
        }
        rest = &rest[start + length + 2..];
    }
    text.push_str(rest);
    Minutely { query: text, had_window, placeholder }
}

/// Puts `increase` in the place of `rate`: of one minute, the one is the other times 60, and counts what happened.
pub(super) fn counts(query: &str) -> String {
    let mut text = String::new();
    let (mut quote, mut before) = (None, ' ');
    let mut rest = query;
    while let Some(next) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let begins = quote.is_none() && !is_word(before);
        match rest.strip_prefix("rate").filter(|after| begins && after.trim_start().starts_with('(')) {
            Some(after) => {
                text.push_str("increase");
                (before, rest) = ('e', after);
            }
            None => {
                quote = match quote {
                    None if matches!(next, '"' | '\'' | '`') => Some(next),
                    Some(open) if open == next && before != '\\' => None,
                    quote => quote,
                };
                text.push(next);
                (before, rest) = (next, &rest[next.len_utf8()..]);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_becomes_one_minute() {
        let found = minute("sum(rate(x[{{.window}}])) / sum(rate(y[{{ .window }}]))");
        assert_eq!(found.query, "sum(rate(x[1m])) / sum(rate(y[1m]))");
        assert!(found.had_window && found.placeholder.is_none());
        assert_eq!(minute("x{a=\"{{.service}}\"}").placeholder.as_deref(), Some(".service"));
        assert_eq!(minute("x{{").query, "x{{");
    }

    #[test]
    fn rates_become_increases_outside_of_quotes() {
        let cases = [
            ("sum(rate(x[1m]))", "sum(increase(x[1m]))"),
            ("rate (x[1m])", "increase (x[1m])"),
            ("irate(x[1m])", "irate(x[1m])"),
            ("rate:x[1m]", "rate:x[1m]"),
            ("x{p=\"/rate(\"} + rate(é[1m])", "x{p=\"/rate(\"} + increase(é[1m])"),
        ];
        for (query, expected) in cases {
            assert_eq!(counts(query), expected);
        }
    }
}
