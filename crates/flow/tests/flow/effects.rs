//! What is told of a flow: by where the caller ends up, the same for a file and its export, and gone when it is fixed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flow::chart::{Chart, Substitutions};
use flow::lint::fix::{self, Options};
use flow::lint::{self, Finding, Library, Settings, allow};
use flow::trace::{self, Scenario, Scripts};
use flow::{Outcome, OutcomeKind};
use serde_json::{Value as Json, json};

fn chart(text: &str) -> Chart {
    Chart::read(text, &Substitutions::default()).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn findings(text: &str) -> Vec<Finding> {
    lint::flow(&chart(text), &Settings::default(), &Library::default())
}

fn severity(text: &str, rule: &str) -> &'static str {
    findings(text).iter().find(|finding| finding.rule.id == rule).map_or("none", |finding| finding.severity.word())
}

/// A flow that asks the CRM, handles nothing, and goes on like this.
fn unhandled(kind: &str, before: &str, after: &str) -> String {
    format!(
        "{kind}:
  name: Front door
  startUpRef: ./tasks/task[main]
  settingsErrorHandling:
    errorHandling:
      disconnect:
        none: true
    preHandlingAudio:
      noValue: true
  tasks:
    - task:
        name: Main
        refId: main
        actions:
{before}          - callData:
              name: Ask the CRM
              timeout:
                lit:
                  minutes: 1
              category:
                CRM:
                  dataAction:
                    Lookup:
                      inputs:
                        ani:
                          exp: Call.Ani
                      successOutputs:
                        tier:
                          var: Task.tier
{after}"
    )
}

const DROP: &str = "          - disconnect:
              name: Goodbye
";
const QUEUE: &str = "          - transferToAcd:
              name: To Support
              targetQueue:
                lit:
                  name: Support
";
const SAY: &str = "          - playAudio:
              name: Tell
              audio:
                tts: We will call you back as soon as we can.
";
const BRANCH: &str = "          - decision:
              name: Gold?
              condition:
                exp: Task.tier == \"gold\"
              outputs:
                yes:
                  actions:
                    - transferToAcd:
                        targetQueue:
                          lit:
                            name: Gold
";

#[test]
fn a_missing_path_is_as_bad_as_the_end_that_it_leads_to() {
    let check = |text: String, expected: &str| assert_eq!(severity(&text, "DA001"), expected, "{text}");
    check(unhandled("inboundCall", "", DROP), "critical");
    check(unhandled("inboundCall", "", &format!("{SAY}{DROP}")), "high");
    check(unhandled("inboundCall", SAY, DROP), "high");
    check(unhandled("inboundCall", "", QUEUE), "low");
    check(unhandled("inboundCall", "", &format!("{BRANCH}{QUEUE}")), "medium");
    check(unhandled("inboundShortMessage", "", DROP), "critical");
    check(unhandled("workflow", "", "          - endWorkflow:\n              name: End\n"), "medium");
}

#[test]
fn a_choice_that_ends_leads_back_to_its_menu() {
    let whole = unhandled("inboundCall", "", "");
    let (_, task) = whole.split_once("actions:\n").unwrap();
    let task: String = task.lines().map(|line| format!("            {line}\n")).collect();
    let text = format!(
        "inboundCall:
  name: Menu
  startUpRef: ./menus/menu[m]
  menus:
    - menu:
        name: M
        refId: m
        choices:
          - menuTask:
              name: Ask
              dtmf: digit_1
              task:
                actions:
{task}"
    );
    assert_eq!(severity(&text, "DA001"), "low", "{text}");
    assert_eq!(severity(&text, "FB001"), "none");
}

#[test]
fn an_initial_value_that_keeps_callers_is_believed() {
    let flow = |initial: bool| {
        let decision = "          - decision:
              name: Anyone there?
              condition:
                exp: Task.idle
              outputs:
                yes:
                  actions:
                    - transferToAcd:
                        targetQueue:
                          lit:
                            name: Support
";
        let variable = format!(
            "        variables:\n          - booleanVariable:\n              name: Task.idle\n              initialValue:\n                lit: {initial}\n        actions:\n"
        );
        unhandled("inboundCall", "", &format!("{decision}{DROP}"))
            .replace("        actions:\n          - callData", &format!("{variable}          - callData"))
            .replace("Task.tier", "Task.idle")
    };
    assert_eq!(severity(&flow(true), "DA001"), "low");
    assert_eq!(severity(&flow(false), "FB001"), "critical");
}

/// An export that says the same as [`unhandled`] with a branch and a queue.
fn export() -> String {
    let value = |kind: &str, text: &str, mode: u8, config: Json| json!({ "text": text, "type": kind, "config": config, "uiMetaData": { "mode": mode } });
    let literal = |kind: &str, text: &str| value(kind, text, 1, json!({ "lit": { "text": text } }));
    let expression = |kind: &str, text: &str| value(kind, text, 0, json!({ "ref": { "text": text } }));
    let nothing = |kind: &str| value(kind, "", 3, json!({ "emp": {} }));
    let queue = |id: &str, name: &str, queue: &str| json!({ "__type": "TransferPureMatchAction", "id": id, "trackingId": 13, "name": name, "queues": [literal("que", queue)], "paths": [] });
    let flow = json!({
        "name": "Front door", "type": "inboundcall", "initialSequence": "main",
        "errorHandling": { "handlingType": "Disconnect", "audio": { "defaultAudio": nothing("aud") } },
        "flowSequenceItemList": [{
            "__type": "Task", "id": "main", "name": "Main", "startAction": "a",
            "actionList": [
                { "__type": "DataAction", "id": "a", "trackingId": 11, "name": "Ask the CRM", "nextAction": "b",
                  "category": { "name": "CRM" }, "actionName": "Lookup", "timeout": literal("dur", "P0D0H1M0S0F"),
                  "inputs": [{ "name": "ani", "value": expression("str", "Call.Ani") }],
                  "outputs": [{ "name": "tier", "value": value("str", "Task.tier", 2, json!({ "ref": {} })) }],
                  "paths": [{ "outputId": "__SUCCESS__" }, { "outputId": "__FAILURE__" }, { "outputId": "__TIMEOUT__" }] },
                { "__type": "DecisionAction", "id": "b", "trackingId": 12, "name": "Gold?", "nextAction": "d",
                  "expression": expression("bln", "Task.tier == \"gold\""),
                  "paths": [{ "outputId": "__YES__", "nextActionId": "c" }, { "outputId": "__NO__" }] },
                queue("c", "Gold", "Gold"),
                queue("d", "To Support", "Support"),
            ],
        }],
    });
    let escaped =
        percent_encoding::utf8_percent_encode(&flow.to_string(), percent_encoding::NON_ALPHANUMERIC).to_string();
    STANDARD.encode(escaped)
}

#[test]
fn an_export_gives_the_findings_of_its_twin() {
    let told = |text: &str| -> Vec<String> {
        let mut told: Vec<String> = findings(text)
            .iter()
            .map(|finding| {
                format!(
                    "{} {} {:?}",
                    finding.rule.id,
                    finding.severity.word(),
                    finding.action.as_deref().map(|action| action.split([' ', '"']).next())
                )
            })
            .collect();
        told.sort();
        told
    };
    let twin = told(&unhandled("inboundCall", "", &format!("{BRANCH}{QUEUE}")));
    assert!(twin.len() > 5, "{twin:?}");
    assert_eq!(told(&export()), twin);
}

#[test]
fn an_export_ends_where_its_twin_does() {
    let twin = unhandled("inboundCall", "", &format!("{BRANCH}{QUEUE}"));
    for fault in ["ok", "503", "timeout"] {
        let fault = format!("dataAction:*={fault}");
        let ends = |text: &str| trace(text, &[&fault], &[]);
        assert_eq!(ends(&export()), ends(&twin), "{fault}");
    }
}

#[test]
fn an_export_that_is_damaged_says_so() {
    for text in ["JTdC!!!!", "JTdCxxxx", "{\"flowSequenceItemList\": 1}", "{\"flowSequenceItemList\": [}"] {
        assert!(Chart::read(text, &Substitutions::default()).is_err(), "{text}");
    }
    // A list of actions that goes in a circle, which no editor makes, is read once.
    let circle = json!({ "type": "workflow", "initialSequence": "s", "flowSequenceItemList": [{ "__type": "State", "id": "s", "startAction": "a", "actionList": [
        { "__type": "WaitAction", "id": "a", "nextAction": "b" }, { "__type": "WaitAction", "id": "b", "nextAction": "a" } ] }] });
    assert_eq!(chart(&circle.to_string()).steps.len(), 2);
}

#[test]
fn a_fix_takes_its_findings_away_and_changes_nothing_else() {
    let text = unhandled("inboundCall", "", &format!("{BRANCH}{QUEUE}"));
    let options = Options { queue: Some("Rescue".to_owned()), limit: Duration::from_secs(3) };
    let (fixed, edits) = fix::flow(&text, &Substitutions::default(), &options).unwrap();
    let rules: Vec<&str> = edits.iter().map(|edit| edit.rule).collect();
    assert_eq!(rules, ["TO002", "DA001", "DA002"]);
    let left = |text: &str, rule: &str| findings(text).iter().any(|finding| finding.rule.id == rule);
    for rule in ["DA001", "DA002", "DA004", "TO001", "TO002", "FB001"] {
        assert!(!left(&fixed, rule), "{rule} in\n{fixed}");
    }
    // Every line of the author is still there, but for the limit.
    let kept =
        text.lines().filter(|line| !line.contains("minutes: 1")).all(|line| fixed.lines().any(|other| other == line));
    assert!(kept, "{fixed}");
    assert_eq!(fix::flow(&fixed, &Substitutions::default(), &options), None);
    // Windows line ends stay.
    let windows = fix::flow(&text.replace('\n', "\r\n"), &Substitutions::default(), &options).unwrap().0;
    assert_eq!(windows.replace("\r\n", "\n"), fixed);
}

#[test]
fn a_fix_of_a_data_action_keeps_its_form() {
    let text = r#"{
  "name": "Lookup",
  "config": {
    "request": { "requestUrlTemplate": "/x", "requestType": "GET" },
    "response": {
      "translationMap": { "tier": "$.tier", "names": "$.list[*].name" },
      "translationMapDefaults": {},
      "successTemplate": "{\"tier\": ${tier}, \"names\": ${names}}"
    }
  },
  "contract": { "output": { "successSchema": { "properties": { "tier": { "type": "string" }, "names": { "type": "array" } } } } }
}
"#;
    let options = Options { queue: None, limit: Duration::from_secs(3) };
    let (fixed, _) = fix::action(text, &options).unwrap();
    let json: Json = serde_json::from_str(&fixed).unwrap();
    assert_eq!(json["config"]["timeoutSeconds"], 3);
    assert_eq!(json["config"]["response"]["translationMapDefaults"], json!({ "tier": "\"\"", "names": "[]" }));
    assert!(fixed.contains("  \"config\": {\n    \"timeoutSeconds\": 3,\n"), "{fixed}");
    let found = lint::action(&fixed, &Settings::default()).unwrap().1;
    assert!(found.iter().all(|finding| !matches!(finding.rule.id, "AC001" | "AC002")));
}

#[test]
fn a_comment_allows_with_a_reason_and_is_told_without() {
    let allowed = |comment: &str| {
        let text = unhandled("inboundCall", "", DROP)
            .replace("          - callData", &format!("{comment}\n          - callData"));
        let (kept, count) = allow::apply(&text, "Front door", findings(&text));
        (
            count,
            kept.iter().any(|finding| finding.rule.id == "DA001"),
            kept.iter().any(|finding| finding.rule.id == "SY003"),
        )
    };
    assert_eq!(allowed("          # steadyline: allow DA001 nobody calls here at night"), (1, false, false));
    assert_eq!(allowed("          # steadyline: allow DA001"), (0, true, true));
    assert_eq!(allowed("          # steadyline: allow DA999 because"), (0, true, true));
    assert_eq!(allowed("          # steadyline: forbid DA001 because"), (0, true, true));
    assert_eq!(allowed("          # steadyline: allow RT003 because"), (0, true, true));
}

fn trace(text: &str, faults: &[&str], entries: &[&str]) -> Vec<Outcome> {
    let scenario = Scenario {
        scripts: Scripts(faults.iter().map(|fault| fault.parse().unwrap()).collect()),
        entries: entries.iter().map(|entry| (*entry).to_owned()).collect(),
        types_only_entries: !entries.is_empty(),
        ..Scenario::default()
    };
    let stories = trace::stories(&Arc::new(chart(text)), &scenario);
    assert!(!stories.is_cut_short);
    stories.list.into_iter().map(|story| story.outcome).collect()
}

fn queue(outcome: &Outcome) -> &str {
    match &outcome.kind {
        OutcomeKind::Queue(to) => &to.target,
        _ => "none",
    }
}

#[test]
fn a_trace_tells_where_the_caller_ends_and_how_long_nothing_is_heard() {
    let silent = trace(&unhandled("inboundCall", "", DROP), &["dataAction:*=timeout"], &[]);
    assert_eq!(silent.len(), 1);
    assert!(silent[0].is_silent && silent[0].kind == OutcomeKind::Disconnect);
    assert_eq!(silent[0].dead_air, Duration::from_secs(60));

    let slow = trace(&unhandled("inboundCall", "", QUEUE), &["dataAction:Lookup=slow:4s"], &[]);
    assert_eq!((queue(&slow[0]), slow[0].dead_air), ("Support", Duration::from_secs(4)));
}

#[test]
fn what_cannot_be_known_is_taken_every_way_the_worst_first() {
    let ways = trace(&unhandled("inboundCall", "", &format!("{BRANCH}{DROP}")), &["dataAction:*=ok"], &[]);
    assert_eq!(ways.iter().map(queue).collect::<Vec<_>>(), ["none", "Gold"]);
    // After a failure the tier holds nothing, and there is one way.
    let failed = trace(&unhandled("inboundCall", "", &format!("{BRANCH}{QUEUE}")), &["dataAction:*=503"], &[]);
    assert_eq!(failed.iter().map(queue).collect::<Vec<_>>(), ["Support"]);
}

#[test]
fn a_condition_over_the_time_is_known_when_the_time_is() {
    let hours = "          - decision:
              name: Open?
              condition:
                exp: Hour(GetCurrentDateTimeUtc()) >= 8 and Hour(GetCurrentDateTimeUtc()) < 18
              outputs:
                yes:
                  actions:
                    - transferToAcd:
                        targetQueue:
                          lit:
                            name: Day
";
    let chart = Arc::new(chart(&unhandled("inboundCall", "", &format!("{hours}{QUEUE}"))));
    let ends = |now: Option<&str>| -> Vec<String> {
        let now = now.map(|now| now.parse().unwrap());
        let stories = trace::stories(&chart, &Scenario { now, ..Scenario::default() });
        stories.list.iter().map(|story| queue(&story.outcome).to_owned()).collect()
    };
    assert_eq!(ends(Some("2026-11-20T09:00:00Z")), ["Day"]);
    assert_eq!(ends(Some("2026-11-20T17:59:59.950Z")), ["Support"], "the look-up takes a tenth of a second");
    assert_eq!(ends(None).len(), 2, "open or closed");
}

#[test]
fn a_script_is_used_up_attempt_by_attempt() {
    let retry = unhandled("inboundCall", "", QUEUE).replace(
        "              name: Ask the CRM\n",
        "              name: Ask the CRM\n              outputs:\n                failure:\n                  actions:\n                    - jumpToTask:\n                        targetTaskRef: ./tasks/task[main]\n",
    );
    let outcomes = trace(&retry, &["dataAction:*=503x3,then=200"], &[]);
    assert_eq!((queue(&outcomes[0]), outcomes[0].dead_air), ("Support", trace::ANSWER_TIME * 4));
    let forever = trace(&retry, &["dataAction:*=503"], &[]);
    assert_eq!(forever[0].kind, OutcomeKind::Loop);
}

#[test]
fn every_combination_of_failures_is_explored_once() {
    let calls: String = (0..12)
        .map(|at| unhandled("x", "", "").split_once("actions:\n").unwrap().1.replace("Lookup", &format!("Action{at}")))
        .collect();
    let text = unhandled("inboundCall", &calls, &format!("{BRANCH}{QUEUE}"));
    let table = trace::every_fault(&Arc::new(chart(&text)), &BTreeMap::new());
    assert!(!table.is_cut_short, "{} states", table.states);
    // Nothing, thirteen Data Actions in both ways, and all together in both ways.
    assert_eq!(table.rows.len(), 1 + 13 * 2 + 2);
    let worst = table.rows.last().unwrap().ends.iter().map(|reached| reached.outcome.dead_air).max();
    assert_eq!(worst, Some(Duration::from_mins(13)));
}

#[test]
fn traps_of_the_format_are_read_or_refused() {
    // `yes` and `no` are words, quoted or not; a byte order mark, Windows line ends and tabs in text change nothing.
    let plain = unhandled("inboundCall", "", &format!("{BRANCH}{QUEUE}"));
    let quoted = plain.replace("                yes:", "                \"yes\":");
    let marked = format!("\u{feff}{}", plain.replace('\n', "\r\n"));
    let steps = chart(&plain).steps.len();
    for text in [&quoted, &marked] {
        assert_eq!(chart(text).steps.len(), steps);
        assert!(chart(text).steps.iter().any(|step| step.handles("yes")));
    }
    let twice = plain.replace("  name: Front door\n", "  name: Front door\n  name: Back door\n");
    assert!(findings(&twice).iter().any(|finding| finding.rule.id == "SY002"));
    let tab = plain.replace("          - callData", "\t- callData");
    assert!(Chart::read(&tab, &Substitutions::default()).is_err());
    let deep = format!("{}{}", "inboundCall:\n  x: ".to_owned() + &"[".repeat(10_000), "]".repeat(10_000));
    assert!(Chart::read(&deep, &Substitutions::default()).is_err());
    // A megabyte of actions is read, and judged.
    let large = unhandled("inboundCall", &SAY.repeat(8_000), QUEUE);
    assert!(large.len() > 1_000_000);
    assert!(findings(&large).iter().any(|finding| finding.rule.id == "ST005"));
}
