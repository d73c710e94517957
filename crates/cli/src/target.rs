//! The organisation that a command asks, chosen by name.
//!
//! A pipeline's job has the secrets of one target. Those of the others are not asked for: a job that deploys to the
//! sandbox need not know the production's.

use std::cell::RefCell;
use std::path::Path;

use api::Exit;
use clap::Args;
use clock::Clock;
use config::{Config, PlatformClient, Target};
use genesys::{Client, Error};
use miette::Report;
use secrecy::{ExposeSecret as _, SecretString};

use crate::failure::Failure;
use crate::settings::{Global, Source, env};
use crate::{diagnostics, platform};

/// Which organisation is asked.
#[derive(Debug, Clone, Args)]
pub(crate) struct Which {
    /// The organisation, by its name under `review.targets`; else the one of the section `platform`.
    #[arg(long, value_name = "NAME", env = env::TARGET, hide_env_values = true)]
    pub(crate) target: Option<String>,
}

/// An organisation, and what may be asked of it.
pub(crate) struct Chosen {
    /// The configuration; secrets of other sections may be missing in it.
    pub(crate) config: Config,
    /// The organisation.
    pub(crate) target: Target,
    /// What asks it.
    pub(crate) client: Client,
}

/// Knows an organisation by its name, for whoever asks nothing of it.
pub(crate) fn known(which: Option<&str>, global: &Global) -> Result<Target, Report> {
    Ok(read(which, global, &AsFarAsKnown::default())?.1)
}

fn read(which: Option<&str>, global: &Global, secrets: &AsFarAsKnown) -> Result<(Config, Target), Report> {
    let Source { name, text } = global.source()?;
    let config = config::load(&name, &text, secrets).map_err(|problems| diagnostics::invalid(*problems))?;
    let target = config.review.target(which).cloned().map_err(|unknown| {
        let hint = unknown.hint();
        Failure::new(Exit::Usage, format!("{unknown} in {name}"), hint)
    })?;
    Ok((config, target))
}

/// Chooses an organisation; nothing is asked of it yet.
pub(crate) fn choose(which: Option<&str>, global: &Global) -> Result<Chosen, Report> {
    let secrets = AsFarAsKnown::default();
    let (config, target) = read(which, global, &secrets)?;
    for client in std::iter::once(&target.platform.client).chain(&target.platform.backup) {
        secrets.check(client, &target.name)?;
    }
    let client = platform::client(&target.platform, Clock::real())?;
    Ok(Chosen { config, target, client })
}

/// An end that the platform brought about: what was being done, why it was not, and what to do.
pub(crate) fn failed(doing: impl Into<String>, error: Error) -> Failure {
    let hint = error.hint();
    Failure::new(exit(&error), doing, hint).because(error)
}

/// What is wrong with how we ask is ours to correct; what is held by others, or not known, is not.
pub(crate) fn exit(error: &Error) -> Exit {
    match error {
        Error::Api(said) => match said.status {
            409 | 423 => Exit::Held,
            408 | 429 | 500.. => Exit::Unknown,
            _ => Exit::Usage,
        },
        Error::Login { status: Some(400..=499), .. } => Exit::Usage,
        Error::JobFailed { .. } => Exit::Blocked,
        Error::Contended { .. } => Exit::Held,
        Error::Login { .. }
        | Error::NoAnswer { .. }
        | Error::Unreadable { .. }
        | Error::OutOfBudget(_)
        | Error::JobUnfinished { .. }
        | Error::Endless { .. } => Exit::Unknown,
    }
}

/// Secrets of the process, and stand-ins for those that it does not have.
#[derive(Default)]
struct AsFarAsKnown {
    missing: RefCell<Vec<Missing>>,
}

/// A secret that is not there.
struct Missing {
    stand_in: String,
    what: String,
}

impl AsFarAsKnown {
    // Each stand-in is another one, as secrets must be.
    fn stand_in(&self, what: String) -> String {
        let stand_in = format!("nothing, for {what} is missing");
        self.missing.borrow_mut().push(Missing { stand_in: stand_in.clone(), what });
        stand_in
    }

    /// A secret that is needed must be there.
    fn check(&self, client: &PlatformClient, target: &str) -> Result<(), Failure> {
        let secret: &SecretString = &client.secret;
        let missing = self.missing.borrow();
        let Some(missing) = missing.iter().find(|missing| missing.stand_in == secret.expose_secret()) else {
            return Ok(());
        };
        let message = format!("the secret of the OAuth client of the target `{target}` is missing: {}", missing.what);
        Err(Failure::new(Exit::Usage, message, "set it for this job, or choose another organisation with `--target`"))
    }
}

impl config::Secrets for AsFarAsKnown {
    fn env(&self, name: &str) -> Option<String> {
        let known = config::Process.env(name);
        Some(known.unwrap_or_else(|| self.stand_in(format!("the environment variable {name}"))))
    }

    fn file(&self, path: &Path) -> std::io::Result<String> {
        Ok(config::Process.file(path).unwrap_or_else(|_| self.stand_in(format!("the file {}", path.display()))))
    }
}
