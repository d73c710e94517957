//! `steadyline doctor`: would it run here, and would its upstreams answer?

mod alerts;
mod check;
mod machine;
mod platform;
mod ports;
mod store;
mod upstreams;

use api::Exit;
use clap::Args;
use clock::Clock;
use config::Config;
use serde_json::json;

use crate::settings::{Format, Global, Source};
use crate::{Ended, block_on, output};
use check::{Check, Verdict};

/// Tries out everything that the configuration asks for, from this machine, and says what to do about what fails.
///
/// Ends with 0 when all is well, with 1 when something fails, and with 3 when something could not be judged.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline doctor --config examples/gateway.yaml")]
pub(crate) struct Doctor {}

/// Checks, and tells.
pub(crate) fn run(global: &Global) -> Ended {
    block_on(examine(global))
}

async fn examine(global: &Global) -> Ended {
    let clock = Clock::real();
    let mut checks = Vec::new();
    let (check, config) = configuration(global);
    checks.push(check);
    if let Some(config) = &config {
        checks.extend(ports::check(&config.listen));
        checks.push(store::check(&config.store.path).await);
        for upstream in &config.degrade.upstreams {
            checks.extend(upstreams::check(upstream, &clock).await);
        }
        checks.extend(alerts::check(&config.alerts));
        match &config.platform {
            Some(configured) => checks.extend(platform::check(configured, &clock).await),
            None => {
                let fix = "name the organisation under `platform`; the gateway works without";
                checks.push(Check::new("platform", "organisation").advice("none is watched", fix));
            }
        }
    }
    checks.extend(machine::check(&clock));
    tell(&checks, global);
    Ok(exit(&checks))
}

fn configuration(global: &Global) -> (Check, Option<Config>) {
    let check = |name: &str| Check::new("configuration", name);
    let Source { name, text } = match global.source() {
        Ok(source) => source,
        Err(report) => return (check("file").bad(report.to_string(), "`steadyline init` writes a first one"), None),
    };
    match config::load(&name, &text, &config::Process) {
        Ok(config) => {
            let (upstreams, routes) = (config.degrade.upstreams.len(), config.degrade.routes.len());
            (check(&name).good(format!("upstreams: {upstreams}, routes: {routes}")), Some(config))
        }
        Err(invalid) => {
            let problems = invalid.problems.len();
            (check(&name).bad(format!("problems: {problems}"), "`steadyline config check` shows them"), None)
        }
    }
}

/// What failed counts more than what could not be judged.
fn exit(checks: &[Check]) -> Exit {
    let any = |verdict| checks.iter().any(|check| check.verdict == verdict);
    match (any(Verdict::Bad), any(Verdict::Unknown)) {
        (true, _) => Exit::Blocked,
        (false, true) => Exit::Unknown,
        (false, false) => Exit::Done,
    }
}

fn tell(checks: &[Check], global: &Global) {
    if global.format == Format::Json {
        let shown: Vec<_> = checks.iter().map(Check::to_json).collect();
        output::json(&json!({ "ok": exit(checks) == Exit::Done, "checks": shown }));
        return;
    }
    let told = |check: &&Check| !global.quiet || check.verdict != Verdict::Good;
    let mut group = "";
    for check in checks.iter().filter(told) {
        if check.group != group {
            group = check.group;
            output::line(group);
        }
        for line in check.lines() {
            output::line(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_check_decides_the_exit_code() {
        let check = || Check::new("group", "name");
        let (good, unknown, bad) = (check().good("fine"), check().unknown("?", "look"), check().bad("no", "mend"));
        assert_eq!(exit(std::slice::from_ref(&good)), Exit::Done);
        assert_eq!(exit(&[good.clone(), unknown.clone()]), Exit::Unknown);
        assert_eq!(exit(&[unknown, bad, good]), Exit::Blocked);
    }
}
