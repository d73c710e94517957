//! The platform's seven styles of lists, in three functions.
//!
//! - by number: `pageNumber` and `pageSize`, also where tokens come along that are not needed;
//! - by address: `nextUri` says how to ask on, with one cursor, with two, or with `after`;
//! - by part: the results of a job, with a `cursor` for the next part.
//!
//! A bare array is no style: it is read as it comes.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded;

use crate::client::Client;
use crate::error::Error;

/// The most pages of one list.
pub const PAGES_MAX: u32 = 200;

/// What is asked for at a time.
const SIZE: u32 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    #[serde(default = "Vec::new")]
    entities: Vec<T>,
    page_count: Option<u32>,
    next_uri: Option<String>,
}

/// Every entity of a list, page after page by number.
pub(crate) async fn all<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    query: &[(&str, String)],
) -> Result<Vec<T>, Error> {
    let mut all = Vec::new();
    for number in 1..=PAGES_MAX {
        let mut query = query.to_vec();
        query.extend([("pageSize", SIZE.to_string()), ("pageNumber", number.to_string())]);
        let page: Page<T> = client.get(path, &query).await?;
        let is_last =
            page.entities.is_empty() || page.page_count.map_or(page.next_uri.is_none(), |count| number >= count);
        all.extend(page.entities);
        if is_last {
            return Ok(all);
        }
    }
    Err(endless(path))
}

/// Every entity of a list whose pages say how to ask for the next one.
pub(crate) async fn following<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    query: &[(&str, String)],
) -> Result<Vec<T>, Error> {
    let mut all = Vec::new();
    let mut query: Vec<(String, String)> =
        query.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    for _ in 0..PAGES_MAX {
        let asked: Vec<(&str, String)> = query.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let page: Page<T> = client.get(path, &asked).await?;
        all.extend(page.entities);
        let Some(next) = page.next_uri.as_deref().map(cursors).filter(|next| !next.is_empty() && *next != query) else {
            return Ok(all);
        };
        query = next;
    }
    Err(endless(path))
}

/// The results of a job, part after part; `field` names the list in each part.
pub(crate) async fn parts<T: DeserializeOwned>(client: &Client, path: &str, field: &str) -> Result<Vec<T>, Error> {
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let query: Vec<(&str, String)> = cursor.take().map(|cursor| ("cursor", cursor)).into_iter().collect();
        let mut part: Value = client.get(path, &query).await?;
        let entries = part.get_mut(field).map(Value::take).filter(|entries| !entries.is_null());
        let entries: Vec<T> = match entries {
            Some(entries) => serde_json::from_value(entries).map_err(|error| unreadable(path, &error))?,
            None => Vec::new(),
        };
        let is_empty = entries.is_empty();
        all.extend(entries);
        cursor = part["cursor"].as_str().filter(|cursor| !cursor.is_empty()).map(str::to_owned);
        if cursor.is_none() || is_empty {
            return Ok(all);
        }
    }
    Err(endless(path))
}

fn endless(path: &str) -> Error {
    Error::Endless { path: path.to_owned(), pages: PAGES_MAX }
}

pub(crate) fn unreadable(path: &str, error: &serde_json::Error) -> Error {
    Error::Unreadable { method: "GET".to_owned(), path: path.to_owned(), message: error.to_string() }
}

/// The query of an address, which may be a path only.
fn cursors(uri: &str) -> Vec<(String, String)> {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cursor_or_two_are_taken_from_the_next_address() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(cursors("/api/v2/x?after=a%2Bb&pageSize=5"), [pair("after", "a+b"), pair("pageSize", "5")]);
        let two = cursors("https://api.mypurecloud.de/api/v2/dependencies/x?afterSourceType=FLOW&afterSourceId=1");
        assert_eq!(two, [pair("afterSourceType", "FLOW"), pair("afterSourceId", "1")]);
        assert_eq!(cursors("/api/v2/x"), []);
    }
}
