//! Style and script, in the program and under names that change with their content.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::errors;

const CSS: &str = include_str!("../assets/console.css");
const JS: &str = include_str!("../assets/console.js");
const ICON: &str = include_str!("../assets/icon.svg");

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Where the style is.
pub(crate) fn css_path() -> String {
    format!("/assets/console-{:016x}.css", const { hash(CSS.as_bytes()) })
}

/// Where the script is.
pub(crate) fn js_path() -> String {
    format!("/assets/console-{:016x}.js", const { hash(JS.as_bytes()) })
}

/// Where the icon is.
pub(crate) fn icon_path() -> String {
    format!("/assets/icon-{:016x}.svg", const { hash(ICON.as_bytes()) })
}

/// `GET /assets/{name}`.
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    let path = format!("/assets/{name}");
    let (kind, text) = if path == css_path() {
        ("text/css; charset=utf-8", CSS)
    } else if path == js_path() {
        ("text/javascript; charset=utf-8", JS)
    } else if path == icon_path() {
        ("image/svg+xml", ICON)
    } else {
        return errors::not_found().await.into_response();
    };
    (StatusCode::OK, [(CONTENT_TYPE, kind), (CACHE_CONTROL, FOR_EVER)], text).into_response()
}

/// FNV-1a: enough to tell one version from another.
const fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut n = 0;
    while n < bytes.len() {
        hash = (hash ^ bytes[n] as u64).wrapping_mul(0x0100_0000_01b3);
        n += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_stays_small() {
        assert!(CSS.len() <= 20_000, "the style has {} bytes", CSS.len());
        assert!(JS.len() <= 8_000, "the script has {} bytes", JS.len());
    }

    #[test]
    fn names_change_with_the_content() {
        assert_ne!(hash(b"a"), hash(b"b"));
        assert!(css_path().starts_with("/assets/console-") && css_path().ends_with(".css"));
    }
}
