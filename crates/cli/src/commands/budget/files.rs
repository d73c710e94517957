//! Objectives from and for other tools.

use std::path::Path;

use api::Exit;
use miette::Report;
use openslo::{Loss, Text};
use serde_json::json;

use super::Tool;
use crate::failure::Failure;
use crate::objectives;
use crate::settings::{Format, Global, Source, read};
use crate::{Ended, output};

pub(super) fn import(file: &Path, from: Tool, prometheus: &str, global: &Global) -> Ended {
    let Source { name, text } = read(file)?;
    let text = Text { file: &name, text: &text };
    let imported = match from {
        Tool::Sloth => openslo::import::sloth(&text, prometheus),
        Tool::Pyrra => openslo::import::pyrra(&text, prometheus),
    };
    let imported = imported.map_err(|invalid| {
        let hint = "`--from` says which tool it was written for";
        Report::from(Failure::new(Exit::Usage, format!("{name} cannot be imported:\n{invalid}"), hint))
    })?;
    tell(&imported.text, &imported.losses, global);
    Ok(Exit::Done)
}

pub(super) fn export(global: &Global) -> Ended {
    let config = global.load()?;
    let found = objectives::read(&config, global.config_file().as_deref(), &[]);
    let found = found.map_err(|wrong| objectives::report(&wrong))?;
    if found.definitions.is_empty() {
        let hint = "name files with objectives under `budget.objectives`";
        return Err(Failure::new(Exit::Usage, "there are no objectives to export", hint).into());
    }
    let rules = openslo::export::prometheus(&found.definitions);
    tell(&rules.text, &rules.losses, global);
    Ok(Exit::Done)
}

/// The text on stdout, what is lost on stderr.
fn tell(text: &str, losses: &[Loss], global: &Global) {
    match global.format {
        Format::Json => {
            let losses = losses.iter().map(|loss| {
                json!({ "file": loss.file, "path": loss.path, "line": loss.line, "what": loss.what, "instead": loss.instead })
            });
            output::json(&json!({ "text": text, "losses": losses.collect::<Vec<_>>() }));
        }
        Format::Text => {
            output::raw(text.as_bytes());
            for Loss { file, path, line, what, instead } in losses {
                output::aside(format_args!("lost: {file}:{line}: {path}: {what}; {instead}"));
            }
        }
    }
}
