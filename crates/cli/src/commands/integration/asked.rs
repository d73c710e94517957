//! How an integration is asked for its health: by one of its Data Actions, or by an address.

use std::collections::BTreeMap;

use api::Exit;
use genesys::integrations::{self, Action, Integration};
use genesys::{Client, Error};
use serde_json::{Map, Value};

use crate::commands::flow::like;
use crate::failure::Failure;
use crate::target;

/// What is asked, again and again.
pub(super) enum Asked {
    /// A Data Action, with its inputs.
    Action {
        /// Its id.
        id: String,
        /// Its name.
        name: String,
        /// As its contract wants them.
        inputs: Map<String, Value>,
    },
    /// An address, from the platform's own network.
    Url(String),
}

/// One answer.
pub(super) enum Answer {
    /// With this status.
    Status(u16),
    /// None came within the time that the platform gives.
    TimedOut,
    /// Nobody was reached behind the platform.
    Unreached,
    /// Nothing is known, because the platform did not answer us.
    Unknown(Error),
}

/// The Data Action of this id or name; one that belongs to another integration is not it.
pub(super) async fn action(
    client: &Client,
    integration: &Integration,
    wanted: &str,
    given: &BTreeMap<String, String>,
) -> Result<Asked, Failure> {
    let known = of(client, integration).await?;
    let found = known.iter().find(|action| action.id == wanted || action.name == wanted);
    let Some(found) = found else {
        let near = like(wanted, known.iter().map(|action| action.name.as_str()));
        let names: Vec<&str> = known.iter().map(|action| action.name.as_str()).collect();
        let hint = match (near.is_empty(), names.is_empty()) {
            (false, _) => format!("did you mean {}?", near.join(" or ")),
            (true, false) => format!("its Data Actions: {}", names.join(", ")),
            (true, true) => "it has none; ask an address with `--url` instead".to_owned(),
        };
        let message = format!("the integration {} has no Data Action `{wanted}`", integration.name);
        return Err(Failure::new(Exit::Usage, message, hint));
    };
    if let Some(missing) = missing(found, given).first() {
        let message = format!("the Data Action {} needs the input `{missing}`", found.name);
        return Err(Failure::new(Exit::Usage, message, format!("give it with `--input {missing}=…`")));
    }
    Ok(Asked::Action { id: found.id.clone(), name: found.name.clone(), inputs: inputs(found, given)? })
}

/// A Data Action that only reads and needs nothing that is not given. Any other might change something when it is asked.
pub(super) async fn harmless(
    client: &Client,
    integration: &Integration,
    given: &BTreeMap<String, String>,
) -> Result<Asked, Failure> {
    let known = of(client, integration).await?;
    let found = known.iter().find(|action| action.only_reads() && missing(action, given).is_empty());
    let Some(found) = found else {
        let name = &integration.name;
        let message = format!("nothing says how the integration {name} is to be asked, and so it is not judged");
        let hint = format!(
            "name a Data Action with `--action NAME --input KEY=VALUE`, an address with `--url`, or write it down once \
             under `review.integrations.{name}`"
        );
        return Err(Failure::new(Exit::Unknown, message, hint));
    };
    Ok(Asked::Action { id: found.id.clone(), name: found.name.clone(), inputs: inputs(found, given)? })
}

/// The platform cannot be asked for the actions of one integration.
async fn of(client: &Client, integration: &Integration) -> Result<Vec<Action>, Failure> {
    let doing = || format!("the Data Actions of {} could not be read", integration.name);
    let mut known = integrations::actions(client, None).await.map_err(|error| target::failed(doing(), error))?;
    known.retain(|action| action.integration_id.as_ref() == Some(&integration.id));
    known.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(known)
}

/// Inputs that it needs and was not given.
fn missing(action: &Action, given: &BTreeMap<String, String>) -> Vec<String> {
    let required = action.input_schema().and_then(|schema| schema["required"].as_array());
    let names = required.into_iter().flatten().filter_map(Value::as_str);
    names.filter(|name| !given.contains_key(*name)).map(str::to_owned).collect()
}

/// What was given as text, in the types of the contract.
fn inputs(action: &Action, given: &BTreeMap<String, String>) -> Result<Map<String, Value>, Failure> {
    let mut inputs = Map::new();
    for (name, text) in given {
        let kind = action.input_schema().and_then(|schema| schema["properties"][name]["type"].as_str());
        let value = match kind {
            Some("integer" | "number" | "boolean" | "array" | "object") => serde_json::from_str(text).ok(),
            _ => Some(Value::String(text.clone())),
        };
        let Some(value) = value else {
            let message =
                format!("`{text}` is no {} for the input `{name}` of {}", kind.unwrap_or("value"), action.name);
            return Err(Failure::new(Exit::Usage, message, "write it as JSON has it: 5, true, [1, 2]"));
        };
        inputs.insert(name.clone(), value);
    }
    Ok(inputs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn action() -> Action {
        serde_json::from_value(json!({
            "id": "a-1", "name": "Look up", "integrationId": "i-1",
            "config": { "request": { "requestType": "get" } },
            "contract": { "input": { "inputSchema": {
                "required": ["ani", "limit"],
                "properties": { "ani": { "type": "string" }, "limit": { "type": "integer" } },
            } } },
        }))
        .unwrap()
    }

    fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn inputs_have_the_types_of_the_contract() {
        assert!(action().only_reads());
        assert_eq!(missing(&action(), &given(&[("ani", "1")])), ["limit"]);
        let read = inputs(&action(), &given(&[("ani", "1"), ("limit", "5"), ("other", "true")])).unwrap();
        assert_eq!(Value::Object(read), json!({ "ani": "1", "limit": 5, "other": "true" }));
        let refused = inputs(&action(), &given(&[("limit", "five")])).unwrap_err();
        assert_eq!(refused.exit(), Exit::Usage);
    }
}
