//! What was asked: a body, also with `GET`, or parameters of the query, as many clients and proxies drop such bodies.

use axum::body::Bytes;
use serde_json::{Map, Value};

use super::GuideError;

/// The members of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Asked(Map<String, Value>);

impl Asked {
    /// The body when there is one, and the query for what it leaves out.
    pub(crate) fn read(body: &Bytes, query: Option<&str>) -> Result<Self, GuideError> {
        let mut members = if body.is_empty() {
            Map::new()
        } else {
            match serde_json::from_slice(body) {
                Ok(Value::Object(members)) => members,
                Ok(_) => return Err(GuideError::bad_request("The body must be a JSON object.")),
                Err(error) => return Err(GuideError::bad_request(format!("The body is no JSON: {error}."))),
            }
        };
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            members.entry(name.into_owned()).or_insert_with(|| plain(&value));
        }
        Ok(Self(members))
    }

    pub(crate) fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str().filter(|text| !text.is_empty())
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, GuideError> {
        self.text(name)
            .ok_or_else(|| GuideError::bad_request(format!("The request needs `{name}`, in its body or its query.")))
    }

    pub(crate) fn number(&self, name: &str, default: u64) -> Result<u64, GuideError> {
        match self.get(name) {
            Value::Null => Ok(default),
            value => value
                .as_u64()
                .ok_or_else(|| GuideError::bad_request(format!("`{name}` must be a whole number, not below zero."))),
        }
    }
}

/// A value of a query: a number when it is one.
fn plain(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from)
}
