//! Pages by number, as most lists of the platform have them.

use serde::{Deserialize, Serialize};

use super::ApiError;

const PAGE_SIZE: usize = 25;
const PAGE_SIZE_MAX: usize = 500;

/// What the query says about pages.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageQuery {
    page_number: Option<usize>,
    page_size: Option<usize>,
}

/// One page of a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    entities: Vec<T>,
    page_size: usize,
    page_number: usize,
    total: usize,
    page_count: usize,
    first_uri: String,
    last_uri: String,
    self_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_uri: Option<String>,
}

/// The page that the query asks for; a page beyond the last is empty.
pub(super) fn page<T>(all: Vec<T>, query: PageQuery, path: &str) -> Result<Page<T>, ApiError> {
    let page_number = query.page_number.unwrap_or(1);
    let page_size = query.page_size.unwrap_or(PAGE_SIZE);
    if page_number == 0 || page_size == 0 || page_size > PAGE_SIZE_MAX {
        let message = format!("pageNumber must be at least 1 and pageSize from 1 to {PAGE_SIZE_MAX}.");
        return Err(ApiError::new(400, "invalid.query.param.value", message));
    }
    let total = all.len();
    let page_count = total.div_ceil(page_size);
    let uri = |number: usize| format!("{path}?pageSize={page_size}&pageNumber={number}");
    let skipped = (page_number - 1).saturating_mul(page_size);
    Ok(Page {
        entities: all.into_iter().skip(skipped).take(page_size).collect(),
        page_size,
        page_number,
        total,
        page_count,
        first_uri: uri(1),
        last_uri: uri(page_count.max(1)),
        self_uri: uri(page_number),
        next_uri: (page_number < page_count).then(|| uri(page_number + 1)),
        previous_uri: (page_number > 1).then(|| uri(page_number - 1)),
    })
}
