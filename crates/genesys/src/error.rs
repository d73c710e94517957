//! Why the platform did not do what it was asked, with what it said and what to do.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

/// A request that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The platform answered with an error.
    #[error("{0}")]
    Api(Box<ApiError>),
    /// The login host gave no token.
    #[error("the login host gave no token: {message}")]
    Login {
        /// The status, when there was an answer.
        status: Option<u16>,
        /// What it said.
        message: String,
    },
    /// Nothing came back.
    #[error("{method} {path} got no answer: {message}")]
    NoAnswer {
        /// `GET`, …
        method: String,
        /// The path, without a query.
        path: String,
        /// Why.
        message: String,
    },
    /// An answer that is not what the operation gives.
    #[error("the answer to {method} {path} cannot be read: {message}")]
    Unreadable {
        /// `GET`, …
        method: String,
        /// The path, without a query.
        path: String,
        /// Why.
        message: String,
    },
    /// The budget of requests is used up for longer than the caller would wait.
    #[error("the budget of requests is used up for another {} s", .0.as_secs())]
    OutOfBudget(Duration),
    /// A job of the platform ended badly.
    #[error("the job at {path} failed: {message}")]
    JobFailed {
        /// Where it is looked at.
        path: String,
        /// What the platform said of it.
        message: String,
    },
    /// A job of the platform is not over yet; what becomes of it is not known.
    #[error("the job at {path} was not over after {} s", .after.as_secs())]
    JobUnfinished {
        /// Where it is looked at.
        path: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// Somebody else keeps changing what should be changed.
    #[error("{path} was changed by somebody else each of {times} times")]
    Contended {
        /// What should be changed.
        path: String,
        /// How often it was tried.
        times: u32,
    },
    /// A list that does not end.
    #[error("{path} has more than {pages} pages")]
    Endless {
        /// The path, without a query.
        path: String,
        /// How many were read.
        pages: u32,
    },
}

/// The error body of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// `GET`, …
    pub method: String,
    /// The path, without a query.
    pub path: String,
    /// The HTTP status.
    pub status: u16,
    /// The platform's own code, such as `missing.any.permissions`; empty when it gave none.
    pub code: String,
    /// What it said.
    pub message: String,
    /// What its support asks for.
    pub correlation_id: Option<String>,
    /// Permissions that are missing.
    pub missing_permissions: Vec<String>,
    /// How long to wait before the next try, when it said.
    pub retry_after: Option<Duration>,
}

impl Error {
    /// The status of the platform's answer, when there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api(error) => Some(error.status),
            Self::Login { status, .. } => *status,
            _ => None,
        }
    }

    /// What to do about it, as a sentence.
    pub fn hint(&self) -> String {
        match self {
            Self::Api(error) => error.hint(),
            Self::Login { status: Some(400 | 401), .. } => {
                "Check the client's id and secret, and that the client is of this region.".to_owned()
            }
            Self::Login { .. } => "Check the region and the way to its login host.".to_owned(),
            Self::NoAnswer { .. } => "Check the region and the network; nothing is known of what was done.".to_owned(),
            Self::Unreadable { .. } => "The platform may have changed; report what was asked and what came.".to_owned(),
            Self::OutOfBudget(_) => "Ask less often, or use an OAuth client that nothing else uses.".to_owned(),
            Self::JobFailed { .. } => "Correct what the platform names, and begin again.".to_owned(),
            Self::JobUnfinished { .. } => "Look again later; the job may still end well.".to_owned(),
            Self::Contended { .. } => "Find out who else changes it, and try again.".to_owned(),
            Self::Endless { .. } => "Narrow the list with a filter.".to_owned(),
        }
    }
}

impl ApiError {
    /// Reads an error body; anything else is taken as its text.
    pub fn read(method: &str, path: &str, status: u16, body: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        struct Body {
            message: Option<String>,
            code: Option<String>,
            context_id: Option<String>,
        }
        const TEXT_MAX: usize = 300;
        let text = String::from_utf8_lossy(body);
        let read: Body = serde_json::from_slice(body).unwrap_or_default();
        let message = read.message.unwrap_or_else(|| text.chars().take(TEXT_MAX).collect());
        let code = read.code.unwrap_or_default();
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            status,
            missing_permissions: if code.starts_with("missing") { permissions(&message) } else { Vec::new() },
            code,
            message,
            correlation_id: read.context_id,
            retry_after: None,
        }
    }

    fn hint(&self) -> String {
        match self.status {
            401 => "Check that the OAuth client is active and of this region.".to_owned(),
            403 if !self.missing_permissions.is_empty() => {
                format!("Give a role of the OAuth client: {}.", self.missing_permissions.join(", "))
            }
            403 => "Check the roles and divisions of the OAuth client.".to_owned(),
            404 => "Check the id; it may belong to another organisation.".to_owned(),
            409 => "Somebody else changed or locked it: read it again and decide anew.".to_owned(),
            429 => "Wait; others use the same OAuth client or the organisation's limits.".to_owned(),
            500.. => "Try again; give the correlation id to support if it stays.".to_owned(),
            _ => "Correct the request.".to_owned(),
        }
    }
}

/// Words such as `architect:flow:publish` in a message.
fn permissions(message: &str) -> Vec<String> {
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-' | '*'));
    let words = message
        .split(is_end)
        .filter(|word| word.matches(':').count() == 2 && !word.starts_with(':') && !word.ends_with(':'));
    let mut found: Vec<String> = words.map(str::to_owned).collect();
    found.dedup();
    found
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} was answered with {}", self.method, self.path, self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        write!(f, ": {}", self.message)?;
        match &self.correlation_id {
            Some(id) => write!(f, " (correlation id {id})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_what_support_and_an_administrator_need() {
        let body = br#"{"message": "Missing the following permission(s): [architect:flow:publish, architect:flow:unlock]", "code": "missing.any.permissions", "status": 403, "contextId": "c-1", "new": {}}"#;
        let error = Error::Api(Box::new(ApiError::read("POST", "/api/v2/flows/actions/publish", 403, body)));
        assert_eq!(error.hint(), "Give a role of the OAuth client: architect:flow:publish, architect:flow:unlock.");
        assert!(error.to_string().ends_with("(correlation id c-1)"), "{error}");
    }

    #[test]
    fn a_body_that_is_no_error_body_is_quoted() {
        let error = ApiError::read("GET", "/x", 502, b"<html>Bad Gateway</html>");
        assert_eq!((error.code.as_str(), error.message.as_str()), ("", "<html>Bad Gateway</html>"));
    }
}
