//! An end that a command did not come for: what happened, why, what to do next, and with which exit code.

use std::error::Error;
use std::fmt::Display;
use std::net::SocketAddr;

use api::Exit;
use miette::{Diagnostic, Report};

/// Why a command cannot go on.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    hint: Option<String>,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// What happened, and what to do next.
    pub(crate) fn new(exit: Exit, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..Self::told(exit, message) }
    }

    /// What happened, where that says what to do next.
    pub(crate) fn told(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None, cause: None }
    }

    /// The same, because of `cause`.
    pub(crate) fn because(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }

    /// The code to end with.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }
}

impl Diagnostic for Failure {
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.hint.as_ref().map(|hint| Box::new(hint) as Box<dyn Display + 'a>)
    }
}

/// A server could not listen; `option` is where another address can be given.
pub(crate) fn cannot_listen(
    name: &str,
    address: SocketAddr,
    option: &str,
    cause: impl Error + Send + Sync + 'static,
) -> Report {
    let message = format!("the {name} cannot listen on {address}");
    let hint = format!("stop what listens there, or choose another address: `{option} 127.0.0.1:0` takes a free port");
    Failure::new(Exit::Usage, message, hint).because(cause).into()
}
