//! What every command knows: which configuration, which format, how talkative.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use config::Config;
use miette::Report;

use crate::diagnostics;

/// Environment variables that Steadyline reads, each with its sentence.
pub(crate) mod env {
    /// Path of the configuration file (since 0.1).
    pub(crate) const CONFIG: &str = "STEADYLINE_CONFIG";
    /// What is logged, in the syntax of `tracing` filters; `info` unless set (since 0.1).
    pub(crate) const LOG: &str = "STEADYLINE_LOG";
}

/// The file that is read when no other is named.
const CONFIG_HERE: &str = "steadyline.yaml";

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Configuration file; else ./steadyline.yaml, else the defaults.
    #[arg(long, global = true, env = env::CONFIG, value_name = "FILE")]
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

impl Global {
    /// The file that holds the configuration, if there is one.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        let here = PathBuf::from(CONFIG_HERE);
        self.config.clone().or_else(|| here.exists().then_some(here))
    }

    /// The configuration of this run.
    pub(crate) fn load(&self) -> Result<Config, Report> {
        let loaded = match self.config_file() {
            Some(path) => config::load_file(&path),
            None => config::load("the embedded default", config::DEFAULT, &config::Process),
        };
        loaded.map_err(|problems| diagnostics::invalid(*problems))
    }
}

/// Logs go to stderr: readable on a terminal, JSON where a program reads. `level` is what is logged unless the
/// environment says otherwise.
pub(crate) fn start_logging(global: &Global, level: &str) {
    use std::io::IsTerminal as _;

    use tracing_subscriber::EnvFilter;
    let usual = if global.quiet { "error" } else { level };
    let filter = EnvFilter::try_from_env(env::LOG).unwrap_or_else(|_| EnvFilter::new(usual));
    let is_terminal = std::io::stderr().is_terminal();
    let has_colour = is_terminal && std::env::var_os("NO_COLOR").is_none();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(has_colour);
    if is_terminal {
        logs.with_target(false).init();
    } else {
        logs.json().init();
    }
}
