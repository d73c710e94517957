//! Changing what others may change too: read, change, write, and again when somebody was faster.

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::client::Client;
use crate::error::Error;

/// How often a change is tried.
pub const CHANGES_MAX: u32 = 5;

/// An object of the platform as it came, whole.
pub type Object = Map<String, Value>;

/// Reads the object at `path`, lets `change` change it, and writes it back whole, with the version that it had. The
/// change is made anew on what is there now when somebody else was faster. `change` says false when nothing is to be
/// written.
pub(crate) async fn change<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    change: impl Fn(&mut Object) -> bool,
) -> Result<T, Error> {
    for _ in 0..CHANGES_MAX {
        let mut object: Object = client.get(path, &[]).await?;
        let written = if change(&mut object) {
            client.change(Method::PUT, path, &[], Some(&Value::Object(object))).await
        } else {
            Ok(Value::Object(object))
        };
        match written {
            Ok(object) => return serde_json::from_value(object).map_err(|error| crate::page::unreadable(path, &error)),
            Err(error) if is_outdated(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Contended { path: path.to_owned(), times: CHANGES_MAX })
}

/// Both forms in which the platform says that a version is not the one that is there.
fn is_outdated(error: &Error) -> bool {
    let Error::Api(error) = error else { return false };
    match error.status {
        409 => error.message.to_ascii_lowercase().contains("version"),
        400 => error.message.contains("does not match the current version"),
        _ => false,
    }
}
