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
    let (upstreams, routes, receivers) =
        (config.degrade.upstreams.len(), config.degrade.routes.len(), config.alerts.len());
    match global.format {
        Format::Json => output::json(&json!({
            "file": name,
            "valid": true,
            "upstreams": upstreams,
            "routes": routes,
            "receivers": receivers,
            "problems": [],
        })),
        Format::Text => output::line(format_args!(
            "{name} is valid; upstreams: {upstreams}, routes: {routes}, receivers: {receivers}"
        )),
    }
    Ok(Exit::Done)
}
