//! Lists that come in pages by number.

use serde::Deserialize;
use serde::de::DeserializeOwned;

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

/// Every entity of a list, page after page.
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
    Err(Error::Endless { path: path.to_owned(), pages: PAGES_MAX })
}
