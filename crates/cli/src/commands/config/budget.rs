//! The sections `budget` and `access`, with every default written out.

use base::Ppm;
use budget::ladder::{Mode, WhenUnknown};
use budget::{Minutes, Remaining};
use config::{Budget, BudgetFlow, Config};
use serde_json::{Map, Value, json};

use super::show::share;
use super::written::Written;

/// Objectives, flows and the gate.
pub(super) fn shown(budget: &Budget, written: &Written) -> Value {
    let Budget { objectives, missing_max, blind_after, rarity, gate, flows } = budget;
    let minutes = |minutes: f64| Minutes::new(minutes as u32).to_string();
    let mut shown_gate = json!({ "floor": left(gate.floor), "ageMax": gate.age_max.to_string() });
    if let Some(window) = gate.window {
        shown_gate["window"] = window.to_string().into();
    }
    let flows: Map<_, _> = flows.iter().map(|flow| (flow.name.clone(), self::flow(flow, written))).collect();
    json!({
        "objectives": objectives,
        "missingMax": share(*missing_max),
        "blindAfter": blind_after.to_string(),
        "evidence": {
            "pageEvery": minutes(rarity.page),
            "ticketEvery": minutes(rarity.ticket),
            "variation": (rarity.variation.sqrt() * 1e6).round() / 1e6,
        },
        "gate": shown_gate,
        "flows": flows,
    })
}

/// Who may do what.
pub(super) fn access(config: &Config, written: &Written) -> Value {
    let person = |person: &config::Person| {
        let token = written.secret(&["access", "people", &person.name, "token"]);
        (person.name.clone(), json!({ "role": person.role.word(), "token": token }))
    };
    json!({ "people": config.people.iter().map(person).collect::<Map<_, _>>() })
}

fn flow(flow: &BudgetFlow, written: &Written) -> Value {
    let BudgetFlow { name, objectives, enrichment, ladder, table } = flow;
    let rung = |mode: Mode| {
        let rung = ladder.rungs.iter().find(|rung| rung.mode == mode)?;
        Some(json!({ "below": left(rung.enter_below), "until": left(rung.leave_at) }))
    };
    let modes = [("trim", Mode::Trim), ("agentOnly", Mode::AgentOnly), ("overflow", Mode::Overflow)];
    let modes: Map<_, _> = modes.into_iter().filter_map(|(key, mode)| Some((key.to_owned(), rung(mode)?))).collect();
    let when_unknown = match ladder.unknown {
        WhenUnknown::Hold | WhenUnknown::Fall(Mode::Normal) => "hold",
        WhenUnknown::Fall(Mode::Trim) => "trim",
        WhenUnknown::Fall(Mode::AgentOnly) => "agentOnly",
        WhenUnknown::Fall(Mode::Overflow) => "overflow",
    };
    let needed = written.at(&["budget", "flows", name, "needed"]);
    let mut shown = json!({
        "objectives": objectives.iter().map(|(id, _)| id).collect::<Vec<_>>(),
        "enrichment": enrichment,
        "needed": if needed.is_null() { json!([]) } else { needed },
        "modes": modes,
        "dwell": ladder.dwell.to_string(),
        "whenUnknown": when_unknown,
        "patience": ladder.patience.to_string(),
    });
    if let Some(table) = table {
        shown["dataTable"] = json!({ "name": table.name, "row": table.row });
    }
    shown
}

/// A mark, as a share of the budget; marks above all of it are written so too.
fn left(mark: Remaining) -> String {
    let ppm = u32::try_from(mark.get().max(0)).unwrap_or(u32::MAX);
    share(Ppm::new(ppm).unwrap_or(Ppm::ONE))
}
