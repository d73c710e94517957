//! The platform's styles of paging.

use serde_json::{Map, Value, json};

use super::{Answer, ApiError, Call, Reply};

const PAGE_SIZE: u64 = 25;

impl Call<'_> {
    /// The page by number that the query asks for; a page beyond the last is empty.
    pub(crate) fn page(&self, all: Vec<Value>) -> Answer {
        let number = self.number("pageNumber")?.unwrap_or(1);
        let size = self.page_size(PAGE_SIZE, self.world.settings.page_size_max)?;
        if number == 0 {
            return Err(ApiError::new(400, "invalid.query.param.value", "pageNumber must be at least 1."));
        }
        let total = all.len() as u64;
        let count = total.div_ceil(size);
        let uri = |number: u64| format!("{}?pageSize={size}&pageNumber={number}", self.uri);
        let skipped = usize::try_from((number - 1).saturating_mul(size)).unwrap_or(usize::MAX);
        let entities: Vec<Value> = all.into_iter().skip(skipped).take(size as usize).collect();
        let mut page = json!({
            "entities": entities, "pageSize": size, "pageNumber": number, "total": total, "pageCount": count,
            "firstUri": uri(1), "lastUri": uri(count.max(1)), "selfUri": uri(number),
        });
        if number < count {
            page["nextUri"] = uri(number + 1).into();
        }
        if number > 1 {
            page["previousUri"] = uri(number - 1).into();
        }
        Ok(page.into())
    }

    /// The same page without addresses of others, as some lists of the platform have it.
    pub(crate) fn bare_page(&self, all: Vec<Value>) -> Result<Map<String, Value>, ApiError> {
        let Reply::Json(_, Value::Object(mut page)) = self.page(all)? else { return Ok(Map::new()) };
        page.retain(|field, _| !field.ends_with("Uri"));
        Ok(page)
    }

    /// The part after (or before) a cursor, which is the place of the last (or first) entity.
    pub(crate) fn cursor(&self, all: Vec<Value>, size_max: u64) -> Answer {
        let size = usize::try_from(self.page_size(PAGE_SIZE.min(size_max), size_max)?).unwrap_or(usize::MAX);
        let wrong = || ApiError::new(400, "invalid.query.param.value", "The cursor is none that was given out.");
        let place = |name| self.asked(name).map(|text| text.parse::<usize>().map_err(|_| wrong())).transpose();
        let first = match (place("after")?, place("before")?) {
            (Some(after), _) => after,
            (None, Some(before)) => before.saturating_sub(size),
            (None, None) => 0,
        };
        let total = all.len();
        let entities: Vec<Value> = all.into_iter().skip(first).take(size).collect();
        let after = first + entities.len();
        let mut listing = json!({"entities": entities, "selfUri": self.uri});
        if after < total {
            listing["nextUri"] = format!("{}?pageSize={size}&after={after}", self.uri).into();
        }
        if first > 0 {
            listing["previousUri"] = format!("{}?pageSize={size}&before={first}", self.uri).into();
        }
        Ok(listing.into())
    }

    /// The part of `all` after the cursor in the query, and the cursor of the next part.
    pub(crate) fn part(&self, all: &[Value], size_max: u64) -> Result<(Vec<Value>, Option<String>), ApiError> {
        let size = usize::try_from(self.page_size(size_max, size_max)?).unwrap_or(usize::MAX);
        let wrong = || ApiError::new(400, "invalid.query.param.value", "The cursor is none that was given out.");
        let cursor = self.asked("cursor").or_else(|| self.asked("after"));
        let first = cursor.map(|text| text.parse::<usize>().map_err(|_| wrong())).transpose()?.unwrap_or(0);
        let part: Vec<Value> = all.iter().skip(first).take(size).cloned().collect();
        let next = first + part.len();
        Ok((part, (next < all.len()).then(|| next.to_string())))
    }

    fn page_size(&self, default: u64, max: u64) -> Result<u64, ApiError> {
        let size = self.number("pageSize")?.unwrap_or(default);
        if size == 0 || size > max {
            let message = format!("pageSize must be from 1 to {max}.");
            return Err(ApiError::new(400, "invalid.query.param.value", message));
        }
        Ok(size)
    }
}
