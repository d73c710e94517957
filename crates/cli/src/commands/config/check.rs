//! `config check`: is the configuration usable, and if not, why not?

use api::Exit;
use serde_json::json;

use crate::settings::{Format, Global, Source};
use crate::{Ended, diagnostics, output};

/// Reads it, and starts nothing.
pub(super) fn run(global: &Global) -> Ended {
    let Source { name, text } = global.source()?;
    let config = match (config::load(&name, &text, &config::Process), global.format) {
        (Ok(config), _) => config,
        (Err(invalid), Format::Text) => return Err(diagnostics::invalid(*invalid)),
        (Err(invalid), Format::Json) => {
            let problems = invalid.problems.iter().map(|problem| {
                json!({ "line": problem.line, "column": problem.column, "message": problem.message, "hint": problem.hint })
            });
            output::json(&json!({ "file": name, "valid": false, "problems": problems.collect::<Vec<_>>() }));
            return Ok(Exit::Usage);
        }
    };
    let objectives = match (crate::objectives::read(&config, global.config_file().as_deref(), &[]), global.format) {
        (Ok(objectives), _) => objectives.definitions.len(),
        (Err(wrong), Format::Text) => return Err(crate::objectives::report(&wrong)),
        (Err(wrong), Format::Json) => {
            let problems = wrong.iter().map(|wrong| {
                json!({
                    "file": wrong.file, "line": wrong.line, "column": wrong.column, "message": wrong.message,
                    "hint": wrong.hint,
                })
            });
            output::json(&json!({ "file": name, "valid": false, "problems": problems.collect::<Vec<_>>() }));
            return Ok(Exit::Usage);
        }
    };
    let (upstreams, routes, receivers) =
        (config.degrade.upstreams.len(), config.degrade.routes.len(), config.alerts.len());
    match global.format {
        Format::Json => output::json(&json!({
            "file": name,
            "valid": true,
            "upstreams": upstreams,
            "routes": routes,
            "receivers": receivers,
            "objectives": objectives,
            "problems": [],
        })),
        Format::Text => output::line(format_args!(
            "{name} is valid; upstreams: {upstreams}, routes: {routes}, receivers: {receivers}, objectives: {objectives}"
        )),
    }
    Ok(Exit::Done)
}
