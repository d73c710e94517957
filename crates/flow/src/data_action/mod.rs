//! Data Actions: how a flow asks another system over HTTP.
//!
//! An action is a JSON file: a request made of templates, a response picked apart by paths and put
//! together by a template, and a contract for both ends. [`DataAction::request`] and
//! [`DataAction::outputs`] are the two halves of one execution; sending is the caller's business.
//! Whatever goes wrong in either half is a failure for the flow, never a time-out.

mod path;
mod read;
mod template;

use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::problem::Problems;
use path::Path;
use template::Template;

/// A time limit lies between this and [`TIMEOUT_MAX`].
pub const TIMEOUT_MIN: Duration = Duration::from_secs(1);

/// The platform waits no longer than this; it is also the limit when none is set.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// A Data Action, read from its JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct DataAction {
    /// Its name; flows call it by this.
    pub name: String,
    /// The type of integration that it belongs to, such as `custom-rest-actions`.
    pub integration_type: String,
    /// Its own time limit; [`TIMEOUT_MAX`] when absent.
    pub timeout: Option<Duration>,
    /// What a flow must give it.
    pub inputs: Vec<Field>,
    /// What it promises to a flow.
    pub outputs: Vec<Field>,
    method: String,
    url: Template,
    headers: Vec<(String, Template)>,
    body: Template,
    translation: Vec<(String, Path)>,
    defaults: Vec<(String, String)>,
    success: Template,
}

/// One property of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it may hold.
    pub kind: FieldKind,
    /// True when it must be there.
    pub is_required: bool,
}

/// What a property of a contract may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// An object.
    Object,
    /// Not said.
    Any,
}

/// A request that is ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The whole address.
    pub url: String,
    /// Headers in the order of the file.
    pub headers: Vec<(String, String)>,
    /// What is sent; none for `GET`.
    pub body: Option<String>,
}

/// Why an execution failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// The contract asks for an input that was not given.
    #[error("call a data action without its required input `{0}`")]
    InputMissing(String),
    /// A value does not have the kind that the contract promises.
    #[error("match `{name}` with the contract: it must be {expected}")]
    Contract {
        /// The property.
        name: String,
        /// Its kind in the contract.
        expected: &'static str,
    },
    /// A template uses what is not there.
    #[error("fill in `{0}`: it has no value")]
    Unset(String),
    /// The other system answered with an error.
    #[error("get an answer: the status is {0}")]
    Status(u16),
    /// The answer is not what the translation needs.
    #[error("translate the answer: {0}")]
    Translation(String),
}

impl DataAction {
    /// Reads the JSON of an action.
    ///
    /// # Errors
    /// Everything that is wrong with the text, each with its place and what to do.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        read::read(text)
    }

    /// How long the platform waits for an answer: the flow's limit when it set one, else the
    /// action's, else [`TIMEOUT_MAX`]; never outside of what the platform allows.
    pub fn effective_timeout(&self, of_flow: Option<Duration>) -> Duration {
        of_flow.or(self.timeout).unwrap_or(TIMEOUT_MAX).clamp(TIMEOUT_MIN, TIMEOUT_MAX)
    }

    /// Builds the request for these inputs; `credentials` are the integration's settings.
    ///
    /// # Errors
    /// When a required input is missing, an input is of the wrong kind, or a template uses what was
    /// not given.
    pub fn request(
        &self,
        inputs: &Map<String, Json>,
        credentials: &[(String, String)],
    ) -> Result<Request, ActionError> {
        for field in &self.inputs {
            match inputs.get(&field.name) {
                None | Some(Json::Null) if field.is_required => {
                    return Err(ActionError::InputMissing(field.name.clone()));
                }
                value => field.check(value)?,
            }
        }
        let lookup = |path: &[String]| match path {
            [scope, name] if scope == "input" && name == "rawRequest" => Some(Json::Object(inputs.clone()).to_string()),
            [scope, name] if scope == "input" => inputs.get(name).and_then(plain_text),
            [scope, name] if scope == "credentials" => {
                credentials.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
            }
            _ => None,
        };
        let mut headers = Vec::new();
        for (name, value) in &self.headers {
            headers.push((name.clone(), value.render(&lookup)?));
        }
        let body = match self.method.as_str() {
            "GET" | "HEAD" => None,
            _ => Some(self.body.render(&lookup)?),
        };
        Ok(Request { method: self.method.clone(), url: self.url.render(&lookup)?, headers, body })
    }

    /// Translates an answer into the outputs that the flow gets.
    ///
    /// # Errors
    /// When the status is no success, the body is no JSON, a path without a default finds nothing,
    /// or the outcome breaks the contract.
    pub fn outputs(&self, status: u16, body: &str) -> Result<Map<String, Json>, ActionError> {
        if !(200..300).contains(&status) {
            return Err(ActionError::Status(status));
        }
        let aliases = self.aliases(body)?;
        let lookup = |path: &[String]| match path {
            [name] if name == "rawResult" => Some(body.to_owned()),
            [name] => aliases.iter().find(|(alias, _)| alias == name).map(|(_, text)| text.clone()),
            _ => None,
        };
        let text = self.success.render(&lookup)?;
        let outputs = match serde_json::from_str(&text) {
            Ok(Json::Object(outputs)) => outputs,
            Ok(_) => return Err(ActionError::Translation("the success template gives no object".to_owned())),
            Err(_) => return Err(ActionError::Translation("the success template gives no JSON".to_owned())),
        };
        for field in &self.outputs {
            field.check(outputs.get(&field.name))?;
        }
        Ok(outputs)
    }

    /// What each alias of the translation map stands for, as JSON text.
    fn aliases(&self, body: &str) -> Result<Vec<(String, String)>, ActionError> {
        if self.translation.is_empty() {
            return Ok(Vec::new());
        }
        let json: Json =
            serde_json::from_str(body).map_err(|_| ActionError::Translation("the body is no JSON".to_owned()))?;
        let mut aliases = Vec::new();
        for (alias, path) in &self.translation {
            let found = path.find(&json).map(|value| value.to_string());
            let default = || self.defaults.iter().find(|(name, _)| name == alias).map(|(_, text)| text.clone());
            // An alias without a value matters only when the success template uses it.
            if let Some(text) = found.or_else(default) {
                aliases.push((alias.clone(), text));
            }
        }
        Ok(aliases)
    }
}

impl Field {
    /// Null and absent values pass: a flow sees both as not set.
    fn check(&self, value: Option<&Json>) -> Result<(), ActionError> {
        let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(()) };
        let (fits, expected) = match self.kind {
            FieldKind::String => (value.is_string(), "a string"),
            FieldKind::Integer => (value.is_i64() || value.is_u64(), "an integer"),
            FieldKind::Number => (value.is_number(), "a number"),
            FieldKind::Boolean => (value.is_boolean(), "a boolean"),
            FieldKind::Array => (value.is_array(), "an array"),
            FieldKind::Object => (value.is_object(), "an object"),
            FieldKind::Any => (true, "anything"),
        };
        if fits { Ok(()) } else { Err(ActionError::Contract { name: self.name.clone(), expected }) }
    }
}

/// The text that a template inserts for an input: bare for text, JSON for the rest.
fn plain_text(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
