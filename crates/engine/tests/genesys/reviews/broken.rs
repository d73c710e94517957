//! Organisations with one fault each.

use std::time::Duration;

use futures_util::FutureExt as _;
use genesys::{flows, routes, telephony};
use review::{Gap, Gate, Objective, Verdict};
use twin::{Fault, FaultKind, FaultTarget, Service};

use super::house::{ACTIONS, Case, House};

fn blocked(name: &'static str, check: &'static str, about: &'static str, house: House) -> Case {
    Case { name, house, expected: Verdict::Blocked, check, about }
}

fn unknown(name: &'static str, check: &'static str, about: &'static str, house: House) -> Case {
    Case { name, house, expected: Verdict::Unknown, check, about }
}

/// All of them.
pub(super) fn cases() -> Vec<Case> {
    let all = [of_flows(), of_locks(), of_integrations(), of_limits(), of_sessions(), of_telephony(), of_sides()];
    all.into_iter().flatten().chain(of_surroundings()).collect()
}

fn of_flows() -> Vec<Case> {
    let house = House::new;
    let error = r#"settings: { validateMessages: [{ type: Error, text: The prompt is missing. }] }"#;
    vec![
        unknown(
            "a flow that is not there",
            "flow-validity",
            "no flow `Mian IVR`",
            house().plan("Main IVR", "Mian IVR"),
        ),
        blocked(
            "failures that lead nowhere",
            "fault-matrix",
            "Main IVR: With",
            House { files: with(house(), "main.yaml", crate::BAD_RELEASE), ..house() },
        ),
        blocked(
            "a Data Action that asks for ever",
            "fault-matrix",
            "asked",
            house().file("main.yaml", GO_ON, ASK_AGAIN),
        ),
        blocked("retries at once", "thundering-herd", "retries come in one second", herd()),
        blocked(
            "silence that is too long",
            "fault-matrix",
            "hear nothing",
            house().plan("patience: 8s", "patience: 2s").file("main.yaml", PROMPT, SILENCE),
        ),
        blocked(
            "a Data Action that is deleted",
            "flow-validity",
            "It uses CRM / CRM Lookup",
            house().scenario(ACTIONS, "    actions: []\n"),
        ),
        blocked(
            "a flow that the platform refuses",
            "flow-validity",
            "The prompt is missing",
            house().scenario("    flows: [", &format!("    {error}\n    flows: [")),
        ),
    ]
}

fn of_locks() -> Vec<Case> {
    let lock = "timeline: [{ at: 0s, do: { lock: { flow: Main IVR, holder: Mary } } }]";
    let locked = || House::new().scenario("name: review", &format!("name: review\n{lock}"));
    let ours = House {
        before: |_, client| {
            async move {
                let flow = flows::list(&client, Some("Main IVR")).await.unwrap().remove(0);
                flows::checkout(&client, &flow.id).await.unwrap();
                Duration::from_secs(60)
            }
            .boxed()
        },
        ..House::new()
    };
    vec![
        blocked("a foreign lock", "flow-lock", "Mary", locked()),
        blocked("a lock of an earlier run", "flow-lock", "this pipeline's own client", ours),
    ]
}

fn of_integrations() -> Vec<Case> {
    let house = House::new;
    let off = "timeline: [{ at: 0s, do: { integration: { name: CRM, enabled: false } } }]";
    vec![
        blocked(
            "a CRM that takes too long although it answers",
            "latency",
            "One in twenty takes",
            house()
                .scenario("latency: [80ms, 400ms]", "latency: [2300ms, 2600ms]")
                .plan("recovery:", "limits: { latency: 2s }\nrecovery:"),
        ),
        blocked(
            "a CRM beyond its time limit",
            "latency",
            "20 of 20 tries",
            house().scenario("latency: [80ms, 400ms]", "latency: [4200ms, 4400ms]"),
        ),
        blocked(
            "a CRM that fails now and then",
            "latency",
            "tries from sandbox failed",
            house().scenario("latency: [80ms, 400ms]", "failures: 0.4\n          latency: [80ms, 400ms]"),
        ),
        blocked(
            "an integration that is off",
            "latency",
            "all of its Data Actions fail",
            house().scenario("name: review", &format!("name: review\n{off}")),
        ),
        unknown(
            "an integration that is not there",
            "latency",
            "no integration",
            house().plan("name: CRM,", "name: CMR,"),
        ),
        unknown(
            "a Data Action that is not there",
            "latency",
            "a Data Action `CRM Look-up`",
            house().plan("action: CRM Lookup", "action: CRM Look-up"),
        ),
        unknown(
            "nobody may carry out Data Actions",
            "latency",
            "403",
            House { client: ("looker", "twin-secret"), ..house() },
        ),
        unknown("nobody may look", "flow-validity", "403", House { client: ("stranger", "twin-secret"), ..house() }),
        unknown(
            "an organisation that is away",
            "flow-validity",
            "connection refused",
            House { is_away: true, ..house() },
        ),
    ]
}

fn of_limits() -> Vec<Case> {
    let house = House::new;
    vec![
        blocked("licences that are used up", "quota", "licence cloudCX3", house().plan("bought: 1000", "bought: 5")),
        unknown(
            "licences that nobody has counted",
            "quota",
            "cloudCX3: Nobody has said",
            house().plan("bought: 1000, ", ""),
        ),
        blocked(
            "no room for the calls of the launch",
            "quota",
            "calls at a time",
            house().plan("addedPerMinute: 2", "addedPerMinute: 300"),
        ),
        blocked(
            "a launch that asks the platform too often",
            "quota",
            "requests a minute",
            house().plan("addedPerMinute: 2", "addedPerMinute: 2, requestsPerMinute: 290"),
        ),
        blocked(
            "too many Data Actions at a time",
            "quota",
            "Data Actions at a time",
            house().plan("callsPerMinute: 20", "callsPerMinute: 90000"),
        ),
    ]
}

fn of_sessions() -> Vec<Case> {
    let leaking = || House::new().scenario("    flows: [", "    settings: { leakedSessionsPerHour: 5 }\n    flows: [");
    let later = || House { before: |_, _| async { Duration::from_secs(6 * 3_600) }.boxed(), ..leaking() };
    let ends = "sessions: { window: 10m, end: true }";
    let silent = House {
        before: |twin, _| {
            let (target, ttl) = (FaultTarget::Service(Service::Analytics), Duration::from_secs(80_000));
            assert!(twin.inject(Fault { target, kind: FaultKind::Failure(503), ttl }));
            async { Duration::ZERO }.boxed()
        },
        ..House::new()
    };
    vec![
        blocked("sessions that do not end", "sessions", "have grown", leaking().plan("sessions: 1h", "sessions: 24h")),
        blocked(
            "calls that were left open",
            "sessions",
            "Open for longer than 4 h: 14 calls, the first since",
            later(),
        ),
        blocked(
            "nobody may end calls",
            "sessions",
            "the permission conversation:communication:disconnect is missing",
            House { client: ("looker", "twin-secret"), ..later() }.plan("sessions: 1h", ends),
        ),
        blocked(
            "calls that cannot be ended",
            "sessions",
            "Still open: 2 of 10 calls",
            later()
                .scenario("leakedSessionsPerHour: 5", "leakedSessionsPerHour: 5, disconnectRefusals: 2")
                .plan("sessions: 1h", ends),
        ),
        unknown("a platform that does not say which calls go on", "sessions", "503", silent),
    ]
}

fn of_telephony() -> Vec<Case> {
    let house = House::new;
    let cut = "timeline: [{ at: 0s, do: { trunk: { name: Carrier B, connected: false } } }]";
    let off = House {
        before: |_, client| {
            async move {
                let bases = telephony::trunk_bases(&client).await.unwrap();
                let base = bases.iter().find(|base| base.name == "Carrier B").unwrap();
                telephony::switch_trunks(&client, &base.id, false).await.unwrap();
                Duration::from_secs(1)
            }
            .boxed()
        },
        ..house()
    };
    let alone = House {
        before: |_, client| {
            async move {
                let route = telephony::outbound_routes(&client).await.unwrap().remove(0);
                let site = telephony::sites(&client).await.unwrap().remove(0);
                let first = [route.external_trunk_bases[0].id.clone()];
                telephony::order_trunks(&client, &site.id, &route.id, &first).await.unwrap();
                Duration::from_secs(1)
            }
            .boxed()
        },
        ..house()
    };
    let silent = House {
        before: |twin, _| {
            let (target, ttl) = (FaultTarget::Service(Service::Telephony), Duration::from_secs(90_000));
            assert!(twin.inject(Fault { target, kind: FaultKind::Failure(503), ttl }));
            async { Duration::ZERO }.boxed()
        },
        ..house()
    };
    vec![
        blocked(
            "a carrier that is gone",
            "trunks",
            "Carrier B: The trunk is out of service",
            house().scenario("name: review", &format!("name: review\n{cut}")),
        ),
        blocked("a carrier that is switched off", "trunks", "Calls have one carrier", off),
        blocked("one way out", "trunks", "Default route: Calls out", alone),
        unknown("a platform that answers by half", "trunks", "503", silent),
    ]
}

fn of_sides() -> Vec<Case> {
    let house = House::new;
    let production = "    region: us-west-2";
    let other = |what: &str| house().scenario(production, &format!("{production}\n    {what}"));
    let slower = |house: House| {
        let text = crate::CRM_LOOKUP.replace("\"timeoutSeconds\": 3", "\"timeoutSeconds\": 9");
        assert_ne!(text, crate::CRM_LOOKUP);
        House { files: house.files.into_iter().chain([("slower.custom.json", text)]).collect(), ..house }
    };
    vec![
        blocked(
            "a queue that production lacks",
            "parity",
            "production does not have it",
            other("queues: [{ name: Support, agents: 9, talk: [2m, 6m] }]"),
        ),
        blocked(
            "another time limit in production",
            "parity",
            "timeout is 3 s in sandbox and 9 s in production",
            slower(other(
                "actions: [{ category: CRM, file: slower.custom.json, simulate: { latency: [80ms, 400ms] } }]",
            )),
        ),
    ]
}

fn of_surroundings() -> Vec<Case> {
    let house = House::new;
    let gate =
        |is_allowed| Gate { of: "crm-lookup".to_owned(), is_allowed, reasons: vec!["the budget is gone".to_owned()] };
    let on = House {
        before: |_, client| {
            async move {
                let group = routes::emergency_groups(&client).await.unwrap().remove(0);
                routes::switch_emergency(&client, &group.id, true).await.unwrap();
                Duration::from_secs(1)
            }
            .boxed()
        },
        ..house()
    };
    let mute = Objective { id: "crm-lookup".to_owned(), owner: None, has_alerts: false };
    let nobody = Gap { why: "the server is away".to_owned(), fix: String::new() };
    vec![
        blocked(
            "a budget that is gone",
            "error-budget",
            "The gate is shut",
            House { gates: Ok(vec![gate(Some(false))]), ..house() },
        ),
        unknown(
            "a budget that nobody knows",
            "error-budget",
            "Nobody knows",
            House { gates: Ok(vec![gate(None)]), ..house() },
        ),
        unknown("a server that is away", "error-budget", "the server is away", House { gates: Err(nobody), ..house() }),
        blocked(
            "an emergency flow that asks the CRM",
            "recovery",
            "asks one time for what may be lost",
            house().scenario("$flow: Emergency", "$flow: Main IVR"),
        ),
        blocked("an emergency that goes on", "recovery", "The emergency is on now", on),
        blocked(
            "no such emergency group",
            "recovery",
            "no such emergency group",
            house().plan("groups: [Evacuation]", "groups: [Evakuation]"),
        ),
        blocked(
            "a number of somebody else",
            "recovery",
            "does not have it",
            house().plan("\"+18005550100\"", "\"+14155550100\""),
        ),
        blocked(
            "a number that leads nowhere",
            "recovery",
            "It leads nowhere",
            house().plan("\"+18005550100\"", "\"+18005550105\""),
        ),
        blocked(
            "a backup credential that is refused",
            "recovery",
            "It is refused",
            House { backup: Some(("twin-backup", "old")), ..house() },
        ),
        blocked("no backup credential", "recovery", "There is none", House { backup: None, ..house() }),
        blocked(
            "an integration without an objective",
            "observability",
            "No objective",
            house().plan(", objective: crm-lookup", ""),
        ),
        blocked(
            "an objective that is not defined",
            "observability",
            "is not defined",
            House { objectives: Ok(Vec::new()), ..house() },
        ),
        blocked(
            "an objective that tells nobody",
            "observability",
            "Nobody is told",
            House { objectives: Ok(vec![mute]), ..house() },
        ),
        blocked(
            "an integration that nobody owns",
            "observability",
            "Nobody owns",
            house().plan(" owner: crm-team,", ""),
        ),
    ]
}

fn with(house: House, name: &'static str, text: &str) -> std::collections::BTreeMap<&'static str, String> {
    let mut files = house.files;
    files.insert(name, text.to_owned());
    files
}

/// Where the flow goes on when the look-up fails ...
const GO_ON: &str = "targetTaskRef: \"/inboundCall/tasks/task[Without CRM_20]\"";
/// ... and where it asks again instead.
const ASK_AGAIN: &str = "targetTaskRef: \"/inboundCall/tasks/task[Look up caller_10]\"";
/// What callers hear while the look-up runs ...
const PROMPT: &str = "processingPrompt:\n                prompt: Prompt.OneMomentPlease";
/// ... and what they hear without it.
const SILENCE: &str = "processingPrompt:\n                noValue: true";

/// A flow that asks three times, each time at once, and waits long for each.
fn herd() -> House {
    let house = House::new().plan("patience: 8s", "patience: 60s").file("main.yaml", "seconds: 3", "seconds: 20");
    let mut text = house.files["main.yaml"].clone();
    let look_up = &text[text.find("    - task:\n        name: Look up caller").unwrap()
        ..text.find("    - task:\n        name: Without CRM").unwrap()];
    let again = |number: u32| {
        look_up.replace("Look up caller", &format!("Again {number}")).replace("_10", &format!("_{number}"))
    };
    let (second, third) = (again(11).replace(GO_ON, &to(12)), again(12));
    let first = look_up.replace(GO_ON, &to(11));
    text = text.replace(look_up, &format!("{first}{second}{third}"));
    House { files: with(House::new(), "main.yaml", &text), ..house }
}

fn to(number: u32) -> String {
    format!("targetTaskRef: \"/inboundCall/tasks/task[Again {number}_{number}]\"")
}
