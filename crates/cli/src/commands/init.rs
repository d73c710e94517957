//! `steadyline init`: a first configuration.

use std::fs::{OpenOptions, create_dir_all};
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use api::Exit;
use clap::Args;
use miette::Report;
use serde_json::json;

use crate::failure::Failure;
use crate::settings::{CONFIG_HERE, Format, Global};
use crate::{Ended, output};

/// What to do once the file is there.
const NEXT: [&str; 4] = [
    "put your CRM under `degrade.upstreams` and the look-up under `degrade.routes`; what is there is an example",
    "`steadyline config check` reads it, `steadyline config explain KEY` tells what a key does",
    "`steadyline doctor` tries everything out from here",
    "`steadyline serve` runs it; `steadyline demo` shows what to expect",
];

/// Writes a commented steadyline.yaml that works as it stands; never over one that is there.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline init /etc/steadyline")]
pub(crate) struct Init {
    /// Where to write it.
    #[arg(default_value = ".")]
    dir: PathBuf,
}

/// Writes it.
pub(crate) fn run(init: &Init, global: &Global) -> Ended {
    let path = init.dir.join(CONFIG_HERE);
    let written = create_dir_all(&init.dir)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&path))
        .and_then(|mut file| file.write_all(config::DEFAULT.as_bytes()));
    if let Err(error) = written {
        return Err(cannot_write(&path.display().to_string(), error));
    }
    match global.format {
        Format::Json => output::json(&json!({ "written": path.display().to_string(), "next": NEXT })),
        Format::Text => {
            output::line(format_args!("wrote {}", path.display()));
            if !global.quiet {
                output::line("\nNext:");
                for step in NEXT {
                    output::line(format_args!("  - {step}"));
                }
            }
        }
    }
    Ok(Exit::Done)
}

fn cannot_write(path: &str, error: std::io::Error) -> Report {
    let hint = match error.kind() {
        ErrorKind::AlreadyExists => "it is left as it is; name another directory, or move it away first",
        _ => "name a directory that you may write to",
    };
    Failure::new(Exit::Usage, format!("{path} cannot be written"), hint).because(error).into()
}
