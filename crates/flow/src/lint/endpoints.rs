//! Addresses, identifiers and leftovers in texts, wherever they stand.

/// An identifier of the platform: 8-4-4-4-12 hexadecimal digits.
pub(super) fn identifier(text: &str) -> Option<&str> {
    const LENGTH: usize = 36;
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    let is_one = |part: &str| {
        let mut groups = part.split('-');
        GROUPS.iter().all(|&length| {
            groups.next().is_some_and(|group| group.len() == length && group.bytes().all(|c| c.is_ascii_hexdigit()))
        }) && groups.next().is_none()
    };
    (0..text.len().saturating_sub(LENGTH - 1)).find_map(|at| text.get(at..at + LENGTH).filter(|part| is_one(part)))
}

/// Something that belongs to a demonstration: a personal page, a tunnel, a made-up number or address.
pub(super) fn leftover(text: &str) -> Option<String> {
    const PARTS: [&str; 7] =
        [".github.io", "ngrok.io", "ngrok-free.app", "ngrok.app", "webhook.site", "requestbin", "not_an_email"];
    let lower = text.to_ascii_lowercase();
    for part in PARTS {
        if lower.contains(part) {
            return Some(format!("`{}`", word_with(&lower, part)));
        }
    }
    for part in ["@company.com", "@example.com", "//company.com", "www.company.com"] {
        if lower.contains(part) {
            return Some(format!("`{}`", word_with(&lower, part)));
        }
    }
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
    (digits.starts_with("+1555") || digits.starts_with("tel:+1555")).then(|| format!("`{text}`"))
}

/// A name that somebody was to fill in.
pub(super) fn placeholder(text: &str) -> Option<String> {
    for part in ["YOUR_", "YOUR-", "ENTER_", "REPLACE_ME", "CHANGE_ME", "CHANGEME", "<YOUR"] {
        if text.to_ascii_uppercase().contains(part) {
            return Some(word_with(text, part));
        }
    }
    for part in ["example.com", "example.org", "ngrok", "your-domain", "yourdomain", "mycompany.com"] {
        if text.to_ascii_lowercase().contains(part) {
            return Some(word_with(&text.to_ascii_lowercase(), part));
        }
    }
    // `<name>` as in documentation; markup has closing slashes and attributes.
    let open = text.find('<')?;
    let inner = text[open + 1..].split_once('>')?.0;
    let is_name = !inner.is_empty()
        && inner.len() <= 60
        && inner.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-'));
    let is_element = text.contains(&format!("</{inner}>"));
    (is_name && !is_element && !is_markup(inner)).then(|| format!("<{inner}>"))
}

fn is_markup(tag: &str) -> bool {
    const TAGS: [&str; 14] =
        ["b", "i", "p", "br", "h1", "h2", "div", "span", "html", "body", "table", "tr", "td", "speak"];
    TAGS.contains(&tag.to_ascii_lowercase().as_str())
}

/// The word around a part.
fn word_with(text: &str, part: &str) -> String {
    let Some(at) = text.to_ascii_lowercase().find(&part.to_ascii_lowercase()) else { return part.to_owned() };
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';');
    let start = text[..at].rfind(is_end).map_or(0, |before| before + 1);
    let end = text[at..].find(is_end).map_or(text.len(), |behind| at + behind);
    text.get(start..end).unwrap_or(part).to_owned()
}

/// The host of an address, without user and port; none when it is relative.
pub(super) fn host(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let end = host_end(rest);
    Some(rest[..end].rsplit('@').next().unwrap_or_default())
}

/// Where the host ends: at `/`, `?`, `#` or `:`, but not inside of `${…}`.
fn host_end(rest: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '/' | '?' | '#' | ':' if depth == 0 => return at,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_found_inside_of_texts() {
        let id = "01234567-89ab-cdef-0123-456789abcdef";
        assert_eq!(identifier(&format!("/api/v2/flows/{id}/x")), Some(id));
        assert_eq!(identifier("01234567-89ab-cdef-0123-456789abcde"), None);
        assert_eq!(identifier("ü01234567-89ab-cdef-0123-456789abcdef"), Some(id));
    }

    #[test]
    fn leftovers_and_placeholders_are_told_from_the_real_thing() {
        assert!(leftover("https://me.github.io/x").is_some());
        assert!(leftover("+1 (555) 010-9999").is_some());
        assert!(leftover("https://crm.bank.com/").is_none());
        assert_eq!(placeholder("https://YOUR_DOMAIN/x").as_deref(), Some("https://YOUR_DOMAIN/x"));
        assert_eq!(placeholder("Bearer <YOUR TOKEN>").as_deref(), Some("<YOUR"));
        assert_eq!(placeholder("<p>Hello</p>"), None);
        assert_eq!(placeholder("<Tenant Id>").as_deref(), Some("<Tenant Id>"));
    }

    #[test]
    fn hosts_may_be_templates() {
        assert_eq!(host("https://api.a.com:8443/x"), Some("api.a.com"));
        assert_eq!(host("https://${input.stage}.a.com/x"), Some("${input.stage}.a.com"));
        assert_eq!(host("/api/v2/x"), None);
    }
}
