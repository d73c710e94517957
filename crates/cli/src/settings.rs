//! What every command knows: which configuration, which format, how talkative.

use std::path::{Path, PathBuf};

use api::Exit;
use clap::{Args, ValueEnum};
use config::Config;
use miette::{IntoDiagnostic as _, Report};

use crate::diagnostics;
use crate::failure::Failure;

/// Environment variables that Steadyline reads, each with its sentence.
pub(crate) mod env {
    /// Path of the configuration file (since 0.1).
    pub(crate) const CONFIG: &str = "STEADYLINE_CONFIG";
    /// Base URL of the server that commands ask (since 0.1).
    pub(crate) const SERVER: &str = "STEADYLINE_SERVER";
    /// Who asks the server: the token of one of its people (since 0.1).
    pub(crate) const TOKEN: &str = "STEADYLINE_TOKEN";
    /// The organisation that commands ask, by its name under `review.targets` (since 0.1).
    pub(crate) const TARGET: &str = "STEADYLINE_TARGET";
    /// The folder for what must outlive a command: locks that it has taken (since 0.1).
    pub(crate) const STATE: &str = "STEADYLINE_STATE";
    /// What is logged, in the syntax of `tracing` filters; `info` unless set (since 0.1).
    pub(crate) const LOG: &str = "STEADYLINE_LOG";
    /// Who takes an incident, unless `--who` says otherwise (since 0.1).
    pub(crate) const USER: &str = "USER";
    /// Set to anything, it keeps colour out of logs and messages (since 0.1).
    pub(crate) const NO_COLOR: &str = "NO_COLOR";
}

/// The path that means stdin.
const STDIN: &str = "-";
/// The file that is read when no other is named.
pub(crate) const CONFIG_HERE: &str = "steadyline.yaml";

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Configuration file, `-` for stdin; else ./steadyline.yaml, else the defaults.
    #[arg(long, global = true, env = env::CONFIG, hide_env_values = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Form of the output; `json` puts JSON on stdout and nothing else there.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Say nothing but results and errors.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Text that was read, and what it is called in messages.
pub(crate) struct Source {
    /// Its name.
    pub(crate) name: String,
    /// The text.
    pub(crate) text: String,
}

impl Global {
    /// The file that holds the configuration, if there is one.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        let here = PathBuf::from(CONFIG_HERE);
        let file = self.config.clone().or_else(|| here.exists().then_some(here));
        file.filter(|path| !is_stdin(path))
    }

    /// The configuration as it was written.
    pub(crate) fn source(&self) -> Result<Source, Report> {
        if self.config.as_deref().is_some_and(is_stdin) {
            return read(Path::new(STDIN));
        }
        match self.config_file() {
            Some(path) => read_or(&path, "check the path; `steadyline init` writes a first configuration"),
            None => Ok(Source { name: "the embedded default".to_owned(), text: config::DEFAULT.to_owned() }),
        }
    }

    /// What the configuration says of lints, without asking for the secrets in it.
    pub(crate) fn load_lint(&self) -> Result<config::Lint, Report> {
        Ok(without_secrets(&self.source()?)?.lint)
    }

    /// The configuration of this run.
    pub(crate) fn load(&self) -> Result<Config, Report> {
        let Source { name, text } = self.source()?;
        config::load(&name, &text, &config::Process).map_err(|problems| diagnostics::invalid(*problems))
    }
}

/// A configuration without asking for the secrets in it, for those who need none.
pub(crate) fn without_secrets(Source { name, text }: &Source) -> Result<Config, Report> {
    config::load(name, text, &NoSecrets).map_err(|problems| diagnostics::invalid(*problems))
}

/// Secrets that nobody asks for: lints and backtests run where there are none.
struct NoSecrets;

impl config::Secrets for NoSecrets {
    // Each another one, as they must be.
    fn env(&self, name: &str) -> Option<String> {
        Some(format!("the content of the variable {name}"))
    }

    fn file(&self, path: &Path) -> std::io::Result<String> {
        Ok(format!("the content of the file {}", path.display()))
    }
}

/// Reads a file, or stdin where the path is `-`.
pub(crate) fn read(path: &Path) -> Result<Source, Report> {
    read_or(path, "check the path, and who may read it")
}

/// The same, with what to do where there is no such file.
pub(crate) fn read_or(path: &Path, hint: &str) -> Result<Source, Report> {
    if is_stdin(path) {
        let text = std::io::read_to_string(std::io::stdin());
        return Ok(Source { name: "stdin".to_owned(), text: text.into_diagnostic()? });
    }
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Report::from(Failure::new(Exit::Usage, format!("{name} cannot be read"), hint).because(error))
    })?;
    Ok(Source { name, text })
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// Logs go to stderr: readable on a terminal, JSON where a program reads. `level` is what is logged unless the
/// environment says otherwise.
pub(crate) fn start_logging(global: &Global, level: &str) {
    use std::io::IsTerminal as _;

    use tracing_subscriber::EnvFilter;
    let usual = if global.quiet { "error" } else { level };
    let filter = EnvFilter::try_from_env(env::LOG).unwrap_or_else(|_| EnvFilter::new(usual));
    let is_terminal = std::io::stderr().is_terminal();
    let has_colour = is_terminal && std::env::var_os(env::NO_COLOR).is_none();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(has_colour);
    if is_terminal {
        logs.with_target(false).init();
    } else {
        logs.json().init();
    }
}
