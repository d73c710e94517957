//! A review: learns, judges, tells.

use api::Exit;
use clock::Clock;
use engine::review::{Evidence, Setup, learn};
use miette::IntoDiagnostic as _;
use serde_json::json;

use super::order::Order;
use super::progress::Line;
use super::stage::Stage;
use super::{Review, asked, submit, written};
use crate::failure::Failure;
use crate::settings::{Format, Global};
use crate::{Ended, output};

pub(super) async fn run(review: &Review, global: &Global) -> Ended {
    let Some(path) = &review.plan else { return Err(Failure::told(Exit::Usage, "no plan was named").into()) };
    let order = Order::read(path)?;
    let clock = Clock::real();
    let stage = Stage::set(review, &order, &clock, global).await?;
    let ended = on(&stage, review, &order, &clock, global).await;
    stage.strike().await;
    ended
}

async fn on(stage: &Stage, review: &Review, order: &Order, clock: &Clock, global: &Global) -> Ended {
    if review.dry_run {
        would(stage, order, global);
        return Ok(Exit::Done);
    }
    if stage.target.is_production && !review.touch_production {
        let hint = "review the sandbox, look with --dry-run at what would be done, or say --touch-production";
        let ends = order.launch.plan.sessions.is_some_and(|sessions| sessions.ends);
        let and = if ends { ", and this plan ends calls that were left open" } else { "" };
        let message = format!("callers are in `{}`: a review carries out Data Actions there{and}", stage.target.name);
        return Err(Failure::new(Exit::Usage, message, hint).into());
    }
    let line = Line::new(global);
    let setup = Setup {
        launch: &order.launch,
        texts: order.texts.clone(),
        target: stage.target.clone(),
        other: stage.other.clone(),
        backup: stage.backup.clone(),
        gates: asked::gates(&order.launch.plan.objectives, &review.server).await,
        objectives: asked::objectives(global),
        clock: clock.clone(),
        tell: line.tell(),
    };
    let mut facts = learn(&setup).await;
    facts.bought = stage.bought.clone();
    line.clear();
    let evidence = Evidence { file: order.file.clone(), plan: order.text.clone(), at: clock.now().wall, facts };
    // Judged from what is kept: whoever judges it again gets the same.
    let judged = evidence.judge().into_diagnostic()?;
    let head = written::head(&evidence, &order.launch.plan);
    written::write(&review.report, &judged, &head, &evidence)?;
    let exit = written::tell(&judged, &head, global);
    if review.submit {
        submit::submit(&evidence, judged.verdict(), &review.server, global).await;
    }
    Ok(exit)
}

/// What a review changes of an organisation: nothing, unless the plan says so, and never of the second one.
fn changed(stage: &Stage, order: &Order) -> Vec<String> {
    let Some(sessions) = order.launch.plan.sessions.filter(|sessions| sessions.ends) else { return Vec::new() };
    let (name, minutes) = (&stage.target.name, sessions.longest.as_secs() / 60);
    let longest = if minutes.is_multiple_of(60) { format!("{} h", minutes / 60) } else { format!("{minutes} min") };
    vec![format!("{name}: calls that have been open for longer than {longest} are ended")]
}

/// What would be asked, what carried out, and what changed.
fn would(stage: &Stage, order: &Order, global: &Global) {
    let launch = &order.launch;
    let organisations: Vec<_> = [Some(&stage.target), stage.other.as_ref()].into_iter().flatten().collect();
    let mut carried_out = Vec::new();
    for organisation in &organisations {
        for it in &launch.plan.integrations {
            let named = launch.questions.get(&it.name).and_then(|question| question.action.clone());
            let action = match (named, organisation.is_production) {
                (Some(action), _) => action,
                (None, false) => "its first Data Action".to_owned(),
                (None, true) => continue,
            };
            carried_out.push(format!("{}: {} of {}, {} times", organisation.name, action, it.name, launch.samples));
            carried_out.push(format!("from this machine: HEAD / of what that asks in {}", organisation.name));
        }
    }
    let checks: Vec<&str> = review::CHECKS.iter().map(|check| check.id).collect();
    let (run, left_out): (Vec<_>, Vec<_>) = checks.into_iter().partition(|id| !launch.plan.skipped.contains_key(*id));
    let asked: Vec<&str> = organisations.iter().map(|organisation| organisation.name.as_str()).collect();
    let changed = changed(stage, order);
    if global.format == Format::Json {
        output::json(&json!({
            "asked": asked, "flows": launch.plan.flows, "carriedOut": carried_out, "changed": changed, "checks": run,
            "leftOut": left_out,
        }));
        return;
    }
    output::line(format_args!("asked: {} about {}", asked.join(" and "), launch.plan.flows.join(", ")));
    for line in &carried_out {
        output::line(format_args!("carried out: {line}"));
    }
    if changed.is_empty() {
        output::line("changed: nothing");
    }
    for line in &changed {
        output::line(format_args!("changed: {line}"));
    }
    output::line(format_args!("checks: {}", run.join(", ")));
    if !left_out.is_empty() {
        output::line(format_args!("left out: {}", left_out.join(", ")));
    }
}
