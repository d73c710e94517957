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
use url::Url;

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
        let url = format!("{}{path}", self.base()?);
        let client = reqwest::Client::builder().timeout(ANSWER_WITHIN).build().map_err(|error| self.away(error))?;
        let mut request = client.request(method, &url);
        if let Some(token) = self.proof()? {
            request = request.bearer_auth(token);
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

    /// The URL that paths are put behind.
    fn base(&self) -> Result<&str, Failure> {
        let url = self.url.trim();
        let is_web = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if is_web {
            return Ok(url.trim_end_matches('/'));
        }
        let instead = if url.contains("://") || url.is_empty() {
            "http://127.0.0.1:7700, for instance,".to_owned()
        } else {
            format!("http://{url} or https://{url}")
        };
        let hint = format!("write {instead} with `--server` or in {}", env::SERVER);
        Err(Failure::new(Exit::Usage, format!("`{url}` is no URL of a server"), hint))
    }

    /// The token, without the end of the line that it was kept in; an empty one is none.
    fn proof(&self) -> Result<Option<&str>, Failure> {
        let Some(token) = self.token.as_ref().map(|token| token.expose_secret().trim()) else { return Ok(None) };
        if token.chars().any(char::is_control) {
            let hint = format!("give one token, on one line, with `--token` or in {}", env::TOKEN);
            return Err(Failure::new(Exit::Usage, "the token has control characters in it", hint));
        }
        Ok((!token.is_empty()).then_some(token))
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
        return unexplained(status, exit, said.message).into();
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
    match problem.hint {
        Some(hint) => Failure::new(exit, message, hint).into(),
        None => unexplained(status, exit, message).into(),
    }
}

/// A refusal without a remedy. The log of the server has more about its own troubles, and nothing about wrong calls.
fn unexplained(status: StatusCode, exit: Exit, message: String) -> Failure {
    if status.is_server_error() {
        Failure::new(exit, message, "look at the server's log")
    } else {
        Failure::told(exit, message)
    }
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
