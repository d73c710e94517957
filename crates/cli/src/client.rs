//! The HTTP API of a running server, as commands ask it.

use std::error::Error;
use std::time::Duration;

use api::{Exit, Problem};
use clap::Args;
use miette::Report;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::Failure;
use crate::settings::env;

/// An answer that takes longer is none.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Which server is asked.
#[derive(Debug, Clone, Args)]
pub(crate) struct Server {
    /// Base URL of the server that is asked.
    #[arg(long = "server", value_name = "URL", env = env::SERVER, hide_env_values = true,
        default_value = "http://127.0.0.1:7700")]
    url: String,
    /// Who asks: the token that stands behind your name in the server's configuration. Looking takes none.
    #[arg(long, value_name = "TOKEN", env = env::TOKEN, hide_env_values = true)]
    token: Option<SecretString>,
}

impl Server {
    /// Reads what is under `path`.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Report> {
        self.ask(Method::GET, path, None::<&()>).await
    }

    /// Posts `body` to `path`.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Report> {
        self.ask(Method::POST, path, Some(body)).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, Report> {
        let url = format!("{}{path}", self.url.trim_end_matches('/'));
        let client = reqwest::Client::builder().timeout(ANSWER_WITHIN).build().map_err(|error| self.away(error))?;
        let mut request = client.request(method, &url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| self.away(error))?;
        let status = response.status();
        let answer = response.bytes().await.map_err(|error| self.away(error))?;
        if !status.is_success() {
            return Err(refused(status, &answer));
        }
        serde_json::from_slice(&answer).map_err(|error| {
            let hint = "is something else listening there? Name the server with `--server`";
            Failure::new(Exit::Unknown, format!("{url} does not answer as Steadyline does"), hint).because(error).into()
        })
    }

    fn away(&self, error: reqwest::Error) -> Report {
        let hint = "start one with `steadyline serve`, or name the one that runs with `--server` or STEADYLINE_SERVER";
        let message = format!("no server answers at {}: {}", self.url, innermost(&error));
        Failure::new(Exit::Unknown, message, hint).into()
    }
}

/// The cause behind all causes, which is the one that says what happened.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// The server knows why not. What it cannot do now is unknown; what somebody else has, or what is locked for a while, is
/// held; what was asked wrongly is a wrong call.
fn refused(status: StatusCode, answer: &[u8]) -> Report {
    let exit = if status.is_server_error() { Exit::Unknown } else { Exit::Usage };
    // The Guide API speaks of errors as the platform does.
    if let Ok(said) = serde_json::from_slice::<Said>(answer) {
        return Failure::new(exit, said.message, "the server says no more").into();
    }
    let Ok(problem) = serde_json::from_slice::<Problem>(answer) else {
        let hint = "is something else listening there? Name the server with `--server`";
        return Failure::new(exit, format!("the server answers {status}"), hint).into();
    };
    // Most conflicts are wrong calls: only the kind of the problem tells those that pass by themselves.
    let is_held = problem.kind == Problem::HELD || problem.kind == Problem::LOCKED_OUT;
    let exit = if is_held { Exit::Held } else { exit };
    let message = match problem.detail {
        Some(detail) => format!("{}: {detail}", problem.title),
        None => problem.title,
    };
    let hint = problem.hint.unwrap_or_else(|| "look at the server's log".to_owned());
    Failure::new(exit, message, hint).into()
}

/// An error in the platform's form.
#[derive(serde::Deserialize)]
struct Said {
    message: String,
}

/// An id as one segment of a path; what cannot be an id is not asked for.
pub(crate) fn segment(id: &str) -> Result<&str, Failure> {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    if !id.is_empty() && id.chars().all(is_plain) && id.chars().any(|character| character != '.') {
        return Ok(id);
    }
    let hint = "the `list` of the same command shows the ids";
    Err(Failure::new(Exit::Usage, format!("`{id}` is no id"), hint))
}
