//! Every rule: a file in which it finds something, and its repaired twin in which it does not.

use std::time::Duration;

use flow::chart::{Chart, Substitutions};
use flow::lint::{self, Finding, JsonKind, Library, RULES, Settings};

/// A rule, a bad file and a good one.
struct Case {
    rule: &'static str,
    bad: String,
    good: String,
    library: Library,
    settings: Settings,
}

fn findings(text: &str, settings: &Settings, library: &Library) -> Vec<Finding> {
    match lint::kind_of_json(text) {
        Some(JsonKind::DataAction) => lint::action(text, settings).unwrap().1,
        Some(JsonKind::RetryPolicy) => lint::retry_policy(text, settings).unwrap(),
        None => match Chart::read(text, &Substitutions::default()) {
            Ok(chart) => {
                let found = lint::flow(&chart, settings, library);
                lint::allow::apply(text, &chart.name, found).0
            }
            Err(problems) => lint::unreadable(&problems, settings),
        },
    }
}

impl Case {
    fn new(rule: &'static str, bad: impl Into<String>, good: impl Into<String>) -> Self {
        Self { rule, bad: bad.into(), good: good.into(), library: library(), settings: Settings::default() }
    }

    fn finds(&self, text: &str) -> bool {
        findings(text, &self.settings, &self.library).iter().any(|finding| finding.rule.id == self.rule)
    }

    fn told(&self, text: &str) -> String {
        let found = findings(text, &self.settings, &self.library);
        found.iter().map(|finding| format!("{} {}: {}\n", finding.rule.id, finding.at, finding.message)).collect()
    }
}

/// A Data Action `Create` that creates, with a limit of 3 s and one required input.
fn library() -> Library {
    let json = action(r#""timeoutSeconds": 3,"#, "/cases", "POST", "{}", "{}").replace("\"Lookup\"", "\"Create\"");
    let (facts, _) = lint::action(&json, &Settings::default()).unwrap();
    Library { actions: [(facts.name.clone(), facts)].into(), ..Library::default() }
}

fn indented(text: &str, column: usize) -> String {
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("{}{line}\n", " ".repeat(column))).collect()
}

/// A flow of a type with settings and one task.
fn flow(kind: &str, settings: &str, actions: &str) -> String {
    format!(
        "{kind}:\n  name: Test\n  startUpRef: ./tasks/task[main]\n{}  tasks:\n    - task:\n        name: Main\n        refId: main\n        actions:\n{}",
        indented(settings, 2),
        indented(actions, 10)
    )
}

fn call(actions: &str) -> String {
    flow("inboundCall", "", actions)
}

fn workflow(actions: &str) -> String {
    flow("workflow", "", actions)
}

/// A Data Action of the flow; `more` are further keys, `outputs` its outputs.
fn ask(name: &str, more: &str, outputs: &str) -> String {
    format!(
        "- callData: {{ {more} category: {{ CRM: {{ dataAction: {{ {name}: {{ inputs: {{ ani: {{ exp: Call.Ani }} }}, successOutputs: {{ name: {{ var: Task.name }} }} }} }} }} }}, outputs: {{ {outputs} }} }}\n"
    )
}

const QUEUE: &str = "- transferToAcd: { targetQueue: { lit: { name: Support } } }\n";
const DROP: &str = "- disconnect: {}\n";
const SORRY: &str = "- playAudio: { audio: { tts: We could not find your account today. } }\n";
const MARK: &str = "- setParticipantData: { attributes: [ attribute: { name: { lit: dataActionFailed }, value: { lit: \"true\" } } ] }\n";

/// Both failures lead to a queue, marked.
const HANDLED: &str = "failure: { actions: [ setParticipantData: { attributes: [ attribute: { name: { lit: dataActionFailed }, value: { lit: \"true\" } } ] }, transferToAcd: { targetQueue: { lit: { name: Support } } } ] }, timeout: { actions: [ setParticipantData: { attributes: [ attribute: { name: { lit: dataActionFailed }, value: { lit: \"true\" } } ] }, transferToAcd: { targetQueue: { lit: { name: Support } } } ] }";

const SECONDS: &str = "timeout: { lit: { seconds: 2 } },";
const PROMPT: &str = "timeout: { lit: { seconds: 2 } }, processingPrompt: { prompt: Prompt.OneMoment },";

fn outputs(failure: &str, timeout: &str) -> String {
    format!("failure: {{ actions: [ {failure} ] }}, timeout: {{ actions: [ {timeout} ] }}")
}

fn action(more: &str, url: &str, method: &str, headers: &str, response: &str) -> String {
    format!(
        r#"{{ "name": "Lookup", "integrationType": "custom-rest-actions", "config": {{ {more}
  "request": {{ "requestUrlTemplate": "{url}", "requestType": "{method}", "headers": {headers}, "requestTemplate": "${{input.rawRequest}}" }},
  "response": {response} }},
  "contract": {{ "input": {{ "inputSchema": {{ "required": ["ani"], "properties": {{ "ani": {{ "type": "string" }}, "extra": {{ "type": "string" }} }} }} }},
    "output": {{ "successSchema": {{ "properties": {{ "name": {{ "type": "string" }} }} }} }} }} }}"#
    )
}

fn request(url: &str) -> String {
    action("", url, "GET", "{}", "{}")
}

fn response(text: &str) -> String {
    action("", "/x", "GET", "{}", text)
}

fn headers(text: &str) -> String {
    action("", "/x", "GET", text, "{}")
}

/// A retry by a loop of so many rounds, with a pause.
fn looped(rounds: &str, pause: &str) -> String {
    let body = "callData: { category: { CRM: { dataAction: { Lookup: { inputs: { ani: { exp: Call.Ani } }, failureOutputs: { status: { var: Task.status } } } } } }, outputs: { success: { actions: [ loopExit: {} ] }, failure: { actions: [ decision: { condition: { exp: Task.status == 429 }, outputs: { yes: { actions: [ PAUSE ] }, no: { actions: [ PAUSE ] } } } ] }, timeout: { actions: [ PAUSE ] } } }";
    let body = body.replace("PAUSE", pause);
    call(&format!(
        "- loop: {{ currentIndex: {{ var: Task.i }}, loopCount: {{ {rounds} }}, outputs: {{ loop: {{ actions: [ {body} ] }} }} }}\n{QUEUE}"
    ))
}

/// A retry by a jump; `failure` stands before the jump, `more` before the Data Action.
fn jumped(failure: &str) -> String {
    format!(
        "inboundCall:\n  name: Test\n  startUpRef: ./tasks/task[main]\n  tasks:\n    - task:\n        name: Main\n        refId: main\n        variables: [ integerVariable: {{ name: Task.tries, initialValue: {{ lit: 0 }} }} ]\n        actions:\n          - callData: {{ category: {{ CRM: {{ dataAction: {{ Lookup: {{ inputs: {{ ani: {{ exp: Call.Ani }} }} }} }} }} }}, outputs: {{ failure: {{ actions: [ {failure} ] }}, timeout: {{ actions: [ transferToAcd: {{ targetQueue: {{ lit: {{ name: Support }} }} }} ] }} }} }}\n          - transferToAcd: {{ targetQueue: {{ lit: {{ name: Support }} }} }}\n"
    )
}

const AGAIN: &str = "jumpToTask: { targetTaskRef: './tasks/task[main]' }";
const COUNT: &str = "updateData: { statements: [ integer: { variable: Task.tries, value: { exp: Task.tries + 1 } } ] }";
const SAY: &str = "playAudio: { audio: { tts: One moment please while we look again } }";

fn policy(text: &str) -> String {
    format!("{{ \"action\": \"Execute\", {text} }}")
}

#[expect(clippy::too_many_lines, reason = "a table: two files for each rule")]
fn cases() -> Vec<Case> {
    let handled = |more: &str, rest: &str| call(&format!("{}{rest}", ask("Lookup", more, HANDLED)));
    let with_library =
        |rule, bad: String, good: String, library: Library| Case { library, ..Case::new(rule, bad, good) };
    let with_load = |rule, bad: String, good: String| Case {
        settings: Settings { calls_per_minute: Some(600.0), ..Settings::default() },
        ..Case::new(rule, bad, good)
    };
    let greeting = |greeting: &str| {
        flow(
            "inboundCall",
            &format!("initialGreeting: {greeting}"),
            &format!("{}{QUEUE}", ask("Lookup", PROMPT, HANDLED)),
        )
    };
    let errors = |settings: &str| flow("inboundCall", settings, &format!("{}{QUEUE}", ask("Lookup", PROMPT, HANDLED)));
    let lookup = |outputs: &str, rest: &str| {
        call(&format!(
            "- dataTableLookup: {{ lookupValue: {{ lit: main }}, dataTable: {{ Routes: {{ foundOutputs: {{ queue: {{ var: Task.queue }} }} }} }}, outputs: {{ {outputs} }} }}\n{rest}"
        ))
    };
    let keyed = |before: &str| {
        call(&format!(
            "- getParticipantData: {{ attributes: [ attribute: {{ name: {{ lit: dest }}, variable: Task.dest }} ] }}\n{before}- dataTableLookup: {{ lookupValue: {{ exp: Task.dest }}, dataTable: {{ Routes: {{ foundOutputs: {{}} }} }} }}\n{QUEUE}"
        ))
    };
    let find = |outputs: &str| {
        call(&format!(
            "- findQueue: {{ findName: {{ exp: Flow.where }}, findResult: {{ var: Task.queue }}, outputs: {{ {outputs} }} }}\n- transferToAcd: {{ targetQueue: {{ exp: Task.queue }} }}\n"
        ))
    };
    let menu = |choice: &str| {
        format!(
            "inboundCall:\n  name: Test\n  startUpRef: ./menus/menu[m]\n  menus:\n    - menu: {{ name: M, refId: m, choices: [ {choice} ] }}\n"
        )
    };
    let ring = |more: &str| {
        format!("inboundCall:\n  name: Test\n  startUpRef: ./tasks/task[a]\n  tasks:\n    - task: {{ name: A, refId: a, actions: [ {more} jumpToTask: {{ targetTaskRef: './tasks/task[b]' }} ] }}\n    - task: {{ name: B, refId: b, actions: [ jumpToTask: {{ targetTaskRef: './tasks/task[a]' }} ] }}\n").replace("[ jumpToTask: { targetTaskRef: './tasks/task[b]' } ]", "[ jumpToTask: { targetTaskRef: './tasks/task[b]' } ]")
    };
    let poll = |rounds: &str| {
        let body = "wait: { duration: { lit: { minutes: 1 } } }, callData: { category: { CRM: { dataAction: { Status: { inputs: {}, successOutputs: { state: { var: State.state } } } } } }, outputs: { success: { actions: [ decision: { condition: { exp: State.state == \"done\" }, outputs: { yes: { actions: [ loopExit: {} ] } } } ] } } }";
        let body = body.replacen("wait:", "- wait:", 1).replacen(", callData:", "\n- callData:", 1);
        format!(
            "workflow:\n  name: Test\n  startUpRef: ./states/state[s]\n  states:\n    - state:\n        name: S\n        refId: s\n        actions:\n          - loop:\n              currentIndex: {{ var: State.i }}\n              loopCount: {{ {rounds} }}\n              outputs:\n                loop:\n                  actions:\n{}          - endWorkflow: {{}}\n",
            indented(&body, 20)
        )
    };
    let entry = |outputs: &str| {
        let body = format!(
            "collectInput: {{ inputData: {{ var: Task.n }}, digits: {{ exact: 4 }} }}\n- callData: {{ category: {{ CRM: {{ dataAction: {{ Check: {{ inputs: {{ x: {{ lit: 1 }} }} }} }} }} }}, outputs: {{ success: {{ actions: [ loopExit: {{}} ] }}, {outputs} }} }}"
        );
        format!(
            "inboundCall:\n  name: Test\n  startUpRef: ./tasks/task[main]\n  tasks:\n    - task:\n        name: Main\n        refId: main\n        actions:\n          - loop:\n              currentIndex: {{ var: Task.i }}\n              loopCount: {{ lit: 99 }}\n              outputs:\n                loop:\n                  actions:\n{}{}",
            indented(&format!("- {body}"), 20),
            indented(QUEUE, 10)
        )
    };
    let digits = |digits: &str| {
        call(&format!(
            "- collectInput: {{ inputData: {{ var: Task.n }}, digits: {{ {digits} }} }}\n- callData: {{ {PROMPT} category: {{ CRM: {{ dataAction: {{ Check: {{ inputs: {{ n: {{ exp: Task.n }} }} }} }} }} }}, outputs: {{ {HANDLED} }} }}\n{QUEUE}"
        ))
    };
    let create = |inputs: &str, more: &str| {
        call(&format!(
            "- callData: {{ {more} category: {{ CRM: {{ dataAction: {{ Create: {{ inputs: {{ {inputs} }} }} }} }} }}, outputs: {{ {HANDLED} }} }}\n{QUEUE}"
        ))
    };
    let created_again = |action: &str| looped("lit: 2", SAY).replace("Lookup", action);
    let priority = |failed: &str| {
        call(&format!(
            "- callData: {{ {PROMPT} category: {{ CRM: {{ dataAction: {{ Lookup: {{ inputs: {{}} }} }} }} }}, outputs: {{ success: {{ actions: [ transferToAcd: {{ targetQueue: {{ lit: {{ name: VIP }} }}, priority: {{ lit: 20 }} }} ] }}, failure: {{ actions: [ transferToAcd: {{ targetQueue: {{ lit: {{ name: Support }} }}, priority: {{ lit: {failed} }} }} ] }}, timeout: {{ actions: [ transferToAcd: {{ targetQueue: {{ lit: {{ name: Support }} }}, priority: {{ lit: {failed} }} }} ] }} }} }}\n"
        ))
    };
    let deep = |depth: usize| {
        let inner = (0..depth).fold("disconnect: {}".to_owned(), |inner, _| {
            format!("decision: {{ condition: {{ lit: true }}, outputs: {{ yes: {{ actions: [ {inner} ] }} }} }}")
        });
        call(&format!("- {inner}\n"))
    };
    let bare = format!("{}{QUEUE}", ask("Lookup", "", ""));
    vec![
        Case::new("SY001", "inboundCall:\n  name: [a\n", call(QUEUE)),
        Case::new(
            "SY002",
            call("- playAudio: { audio: { exp: 'ToAudioTTS(\"hi\"' } }\n- disconnect: {}\n"),
            call(DROP),
        ),
        Case::new(
            "SY003",
            format!("# steadyline: allow DA001 nothing here\n{}", call(QUEUE)),
            format!("# steadyline: allow-file EH001 callers are told on another line\n{}", call(QUEUE)),
        ),
        Case::new("DA001", call(&bare), handled(SECONDS, QUEUE)),
        Case::new(
            "DA002",
            call(&format!("{}{QUEUE}", ask("Lookup", "", "failure: { actions: [ disconnect: {} ] }"))),
            handled(SECONDS, QUEUE),
        ),
        Case::new(
            "DA003",
            call(&format!("{}{QUEUE}", ask("Lookup", "", "failure: { actions: [ disconnect: {} ] }"))),
            call(&bare),
        ),
        Case::new("DA004", call(&format!("{}{QUEUE}", ask("Lookup", "", ""))), handled(SECONDS, QUEUE)),
        Case::new(
            "DA005",
            call(&format!(
                "{}- decision: {{ condition: {{ exp: Task.name == \"Ada\" }} }}\n{QUEUE}",
                ask("Lookup", "", "")
            )),
            call(&format!(
                "{}- decision: {{ condition: {{ exp: IsSet(Task.name) }} }}\n{QUEUE}",
                ask("Lookup", "", "")
            )),
        ),
        Case::new(
            "DA006",
            call(&format!(
                "{}- setParticipantData: {{ attributes: [ attribute: {{ name: {{ lit: a }}, value: {{ exp: 'ToString(Task.name[0])' }} }} ] }}\n{QUEUE}",
                ask("Lookup", PROMPT, HANDLED)
            )),
            call(&format!(
                "{}- decision: {{ condition: {{ exp: Count(Task.name) > 0 }}, outputs: {{ yes: {{ actions: [ setParticipantData: {{ attributes: [ attribute: {{ name: {{ lit: a }}, value: {{ exp: 'ToString(Task.name[0])' }} }} ] }} ] }} }} }}\n{QUEUE}",
                ask("Lookup", PROMPT, HANDLED)
            )),
        ),
        Case::new("DA007", digits("range: { min: 2, max: 8 }"), digits("exact: 4")),
        Case::new("DA008", create("extra: { exp: Call.Ani }", PROMPT), create("ani: { exp: Call.Ani }", PROMPT)),
        Case::new("DA009", call(&format!("{}{QUEUE}", ask("<action name>", "", ""))), call(&bare)),
        with_library(
            "DA009",
            call(&format!("{}{QUEUE}", ask("Gone", "", ""))),
            create("ani: { exp: Call.Ani }", ""),
            Library { has_every_action: true, ..library() },
        ),
        Case::new("TO001", handled("timeout: { lit: { seconds: 20 } },", QUEUE), handled(SECONDS, QUEUE)),
        Case::new("TO002", handled("timeout: { lit: { minutes: 1 } },", QUEUE), handled(SECONDS, QUEUE)),
        Case::new(
            "TO003",
            call(&format!(
                "{}{}{QUEUE}",
                ask("A", "timeout: { lit: { seconds: 5 } },", HANDLED),
                ask("B", "timeout: { lit: { seconds: 5 } },", HANDLED)
            )),
            call(&format!("{}{}{QUEUE}", ask("A", SECONDS, HANDLED), ask("B", SECONDS, HANDLED))),
        ),
        Case::new(
            "TO004",
            create("ani: { exp: Call.Ani }", "timeout: { lit: { seconds: 20 } },"),
            create("ani: { exp: Call.Ani }", "timeout: { lit: { seconds: 3 } },"),
        ),
        Case::new("RT001", looped("lit: 5", SAY), looped("lit: 2", SAY)),
        Case::new("RT002", looped("lit: 2", "loopNext: {}"), looped("lit: 2", SAY)),
        Case::new(
            "RT003",
            jumped(&format!("{SAY}, {AGAIN}")),
            jumped(&format!(
                "{SAY}, {COUNT}, decision: {{ condition: {{ exp: Task.tries < 2 }}, outputs: {{ yes: {{ actions: [ {AGAIN} ] }} }} }}"
            )),
        ),
        Case::new(
            "RT004",
            looped("lit: 5", SAY),
            looped("lit: 5", "playAudio: { audio: { exp: ToAudioBlank(Task.pause) } }"),
        ),
        Case::new("RT005", created_again("Create"), created_again("Other")),
        Case::new("RT006", poll("lit: 99"), poll("lit: 5")),
        Case::new(
            "RT007",
            ring(""),
            ring("").replace(
                "- task: { name: B, refId: b, actions: [ jumpToTask: { targetTaskRef: './tasks/task[a]' } ] }",
                "- task: { name: B, refId: b, actions: [ disconnect: {} ] }",
            ),
        ),
        Case::new(
            "RT008",
            entry("failure: { actions: [ loopNext: {} ] }"),
            entry("failure: { actions: [ loopExit: {} ] }, timeout: { actions: [ loopExit: {} ] }"),
        ),
        Case::new(
            "FB001",
            call(&format!("{}{DROP}", ask("Lookup", "", ""))),
            call(&format!("{}{SORRY}{DROP}", ask("Lookup", "", ""))),
        ),
        Case::new("FB002", call(&format!("{}{SORRY}{DROP}", ask("Lookup", "", ""))), handled(SECONDS, DROP)),
        Case::new("FB003", call(&format!("{}{DROP}", ask("Lookup", "", ""))), call(&bare)),
        Case::new(
            "FB004",
            call(&bare),
            call(&format!(
                "{}{QUEUE}",
                ask("Lookup", "", &outputs(&MARK[2..MARK.len() - 1], &MARK[2..MARK.len() - 1]))
            )),
        ),
        Case::new(
            "FB005",
            call(&format!(
                "{}{QUEUE}",
                ask(
                    "Lookup",
                    "",
                    "failure: { actions: [ callData: { category: { CRM: { dataAction: { Other: { inputs: {} } } } } } ] }"
                )
            )),
            handled(SECONDS, QUEUE),
        ),
        Case::new(
            "FB006",
            workflow(&format!("{}- endWorkflow: {{}}\n", ask("Lookup", "", ""))),
            workflow(&format!(
                "{}- setConversationData: {{ attributes: [] }}\n- endWorkflow: {{}}\n",
                ask("Lookup", "", "")
            )),
        ),
        Case::new("FB007", priority("0"), priority("20")),
        Case::new("AU001", handled(SECONDS, QUEUE), handled(PROMPT, QUEUE)),
        Case {
            settings: Settings { prompt_length: Duration::from_secs(10), ..Settings::default() },
            ..Case::new(
                "AU002",
                handled("processingPrompt: { prompt: Prompt.OneMoment },", QUEUE),
                handled(PROMPT, QUEUE),
            )
        },
        Case::new(
            "AU003",
            call(&format!(
                "{}{QUEUE}",
                ask("Lookup", "", "failure: { actions: [ playAudio: { audio: { tts: failure } } ] }")
            )),
            call(&format!(
                "{}{QUEUE}",
                ask(
                    "Lookup",
                    "",
                    "failure: { actions: [ playAudio: { audio: { tts: We will connect you with an agent } } ] }"
                )
            )),
        ),
        Case::new("AU004", greeting("{ exp: ToAudioBlank(100) }"), greeting("{ tts: Thank you for calling }")),
        Case::new(
            "TX001",
            call(&format!("{QUEUE}{DROP}")),
            call(
                "- transferToAcd: { targetQueue: { lit: { name: A } }, outputs: { failure: { actions: [ transferToVoicemail: {} ] } } }\n- transferToVoicemail: {}\n",
            ),
        ),
        Case::new(
            "TX002",
            call(
                "- transferToAcd: { targetQueue: { lit: { name: A } }, outputs: { failure: { actions: [ disconnect: {} ] } } }\n",
            ),
            call(&format!("{QUEUE}- createCallback: {{}}\n{DROP}")),
        ),
        Case::new(
            "TX003",
            menu("menuTransferToAcd: { name: A, dtmf: digit_1, targetQueue: { lit: { name: A } } }"),
            menu(
                "menuTask: { name: A, dtmf: digit_1, task: { actions: [ transferToAcd: { targetQueue: { lit: { name: A } } } ] } }",
            ),
        ),
        Case::new(
            "TX004",
            call(&format!("- transferToNumber: {{ targetNumber: {{ lit: \"+13175550100\" }} }}\n{DROP}")),
            call(&format!(
                "- transferToNumber: {{ targetNumber: {{ lit: \"+13175550100\" }}, outputs: {{ failure: {{ actions: [ transferToVoicemail: {{}} ] }} }} }}\n{QUEUE}"
            )),
        ),
        Case::new(
            "TX005",
            find(""),
            find(
                "notFound: { actions: [ updateData: { statements: [ string: { variable: Task.queue, value: { lit: Support } } ] } ] }",
            ),
        ),
        Case::new(
            "TX006",
            call("- transferToAcd: { targetQueue: { exp: FindQueue(Flow.where) } }\n"),
            call("- transferToAcd: { targetQueue: { exp: 'FindQueue(\"Support\")' } }\n"),
        ),
        Case::new(
            "EH001",
            errors(""),
            errors("settingsErrorHandling: { errorHandling: { queue: { targetQueue: { lit: { name: Support } } } } }"),
        ),
        Case::new(
            "EH002",
            errors(
                "settingsErrorHandling: { errorHandling: { disconnect: { none: true } }, preHandlingAudio: { tts: Something broke. Please call again tomorrow. } }",
            ),
            errors(
                "settingsErrorHandling: { errorHandling: { disconnect: { none: true } }, preHandlingAudio: { tts: We will be with you shortly. } }",
            ),
        ),
        Case::new(
            "DT001",
            lookup("found: { actions: [] }", QUEUE),
            lookup(
                "notFound: { actions: [ transferToAcd: { targetQueue: { lit: { name: A } } } ] }, failure: { actions: [ transferToAcd: { targetQueue: { lit: { name: A } } } ] }",
                QUEUE,
            ),
        ),
        Case::new("DT002", lookup("notFound: { actions: [ disconnect: {} ] }", QUEUE), lookup("", QUEUE)),
        Case::new(
            "DT003",
            keyed(""),
            keyed(
                "- decision: { condition: { exp: IsNotSetOrEmpty(Task.dest) }, outputs: { yes: { actions: [ disconnect: {} ] } } }\n",
            ),
        ),
        Case::new(
            "EX001",
            call("- playAudio: { audio: { lit: Flow.greeting } }\n- disconnect: {}\n"),
            call("- playAudio: { audio: { exp: Flow.greeting } }\n- disconnect: {}\n"),
        ),
        Case::new(
            "EX002",
            call(&format!(
                "{}- setParticipantData: {{ attributes: [ attribute: {{ name: {{ lit: a }}, value: {{ exp: ToString(ToInt(Task.name) + 1) }} }} ] }}\n{QUEUE}",
                ask("Lookup", "", "")
            )),
            call(&format!(
                "{}- setParticipantData: {{ attributes: [ attribute: {{ name: {{ lit: a }}, value: {{ exp: 'Append(Task.name, \"!\")' }} }} ] }}\n{QUEUE}",
                ask("Lookup", "", "")
            )),
        ),
        Case::new(
            "EX003",
            call(
                "- updateData: { statements: [ integer: { variable: Task.w, value: { exp: 600 / Call.PositionInQueue } } ] }\n- disconnect: {}\n",
            ),
            call(
                "- updateData: { statements: [ integer: { variable: Task.w, value: { exp: 'If(Call.PositionInQueue > 0, 600 / Call.PositionInQueue, 0)' } } ] }\n- disconnect: {}\n",
            ),
        ),
        Case::new("EP001", request("https://crm.bank.com/x"), request("${credentials.host}/x")),
        Case::new(
            "EP002",
            request("/api/v2/flows/01234567-89ab-cdef-0123-456789abcdef"),
            request("/api/v2/flows/${input.ani}"),
        ),
        Case::new(
            "EP003",
            headers(r#"{ "Authorization": "Bearer abc123" }"#),
            headers(r#"{ "Authorization": "Bearer ${credentials.token}" }"#),
        ),
        Case::new(
            "EP004",
            call("- transferToNumber: { targetNumber: { lit: \"+1 555 010 9999\" } }\n"),
            call("- transferToNumber: { targetNumber: { lit: \"+44 20 7946 0000\" } }\n"),
        ),
        Case::new("AC001", request("/x"), action(r#""timeoutSeconds": 3,"#, "/x", "GET", "{}", "{}")),
        Case::new(
            "AC002",
            response(
                r#"{ "translationMap": { "name": "$.name" }, "translationMapDefaults": {}, "successTemplate": "${rawResult}" }"#,
            ),
            response(
                r#"{ "translationMap": { "name": "$.name" }, "translationMapDefaults": { "name": "\"\"" }, "successTemplate": "${rawResult}" }"#,
            ),
        ),
        Case::new("AC003", request("/x?ani=${input.ani}"), request("/x?ani=$esc.url(\\\"${input.ani}\\\")")),
        Case::new("AC004", request("/x/${input.extra}"), request("/x/$!{input.extra}")),
        Case::new(
            "AC005",
            response(r#"{ "translationMap": {}, "successTemplate": "{\"name\": ${gone}}" }"#),
            response(r#"{ "translationMap": { "name": "$.n" }, "successTemplate": "{\"name\": ${name}}" }"#),
        ),
        Case::new("AC006", request("https://YOUR_TENANT.crm.com/x"), request("/x")),
        Case::new(
            "AC007",
            looped("lit: 2", SAY).replace("failureOutputs: { status: { var: Task.status } }", ""),
            looped("lit: 2", SAY),
        ),
        Case::new("AC008", request("/x").replace("${input.rawRequest}", "{}"), request("/x")),
        with_load(
            "RL001",
            call(&format!(
                "{}{}{}{}{}{QUEUE}",
                ask("A", SECONDS, HANDLED),
                ask("B", SECONDS, HANDLED),
                ask("C", SECONDS, HANDLED),
                ask("D", SECONDS, HANDLED),
                ask("E", SECONDS, HANDLED)
            )),
            handled(SECONDS, QUEUE),
        ),
        with_load("RL002", handled("", QUEUE), handled(SECONDS, QUEUE)),
        Case::new(
            "RL003",
            call(&format!("{}{}{QUEUE}", ask("A", SECONDS, HANDLED), ask("A", SECONDS, HANDLED))),
            call(&format!("{}{}{QUEUE}", ask("A", SECONDS, HANDLED), ask("B", SECONDS, HANDLED))),
        ),
        Case::new(
            "RL004",
            request("/api/v2/routing/queues/${input.ani}/estimatedwaittime"),
            request("/api/v2/routing/queues/${input.ani}"),
        ),
        Case::new(
            "ST001",
            format!("{}    - task: {{ name: Lost, refId: lost, actions: [ disconnect: {{}} ] }}\n", call(QUEUE)),
            call(QUEUE),
        ),
        Case::new("ST002", call("- jumpToTask: { targetTaskRef: './tasks/task[gone]' }\n"), call(QUEUE)),
        Case::new("ST003", call("- transferToAcd: { targetQueue: { lit: { name: {{queue}} } } }\n"), call(QUEUE)),
        Case::new(
            "ST004",
            call(&format!("- callCommonModule: {{ commonModule: {{ Hours: {{}} }} }}\n{QUEUE}")),
            call(QUEUE),
        ),
        Case::new("ST005", deep(25), deep(3)),
        Case::new(
            "RT001",
            policy(
                r#""timeoutMs": 1000, "retryConfig": { "maxAttempts": 3, "backoffStrategy": "exponential", "initialDelayMs": 1000 }, "onError": { "type": "Queue" }"#,
            ),
            policy(
                r#""timeoutMs": 1000, "retryConfig": { "maxAttempts": 2, "backoffStrategy": "exponential", "initialDelayMs": 1000 }, "onError": { "type": "Queue" }"#,
            ),
        ),
        Case::new(
            "RT003",
            policy(r#""timeoutMs": 1000, "retryConfig": { "maxAttempts": -1 }"#),
            policy(r#""timeoutMs": 1000, "retryConfig": { "maxAttempts": 2 }"#),
        ),
        Case::new(
            "TO001",
            policy(r#""timeoutMs": 5000, "retryConfig": { "maxAttempts": 1 }"#),
            policy(r#""timeoutMs": 3000, "retryConfig": { "maxAttempts": 1 }"#),
        ),
    ]
}

#[test]
fn every_rule_finds_the_bad_file_and_leaves_the_repaired_one_alone() {
    let cases = cases();
    let mut wrong = String::new();
    for case in &cases {
        if !case.finds(&case.bad) {
            wrong.push_str(&format!(
                "{} does not find\n{}it is said:\n{}\n",
                case.rule,
                case.bad,
                case.told(&case.bad)
            ));
        }
        if case.finds(&case.good) {
            wrong.push_str(&format!(
                "{} finds in the repaired\n{}it is said:\n{}\n",
                case.rule,
                case.good,
                case.told(&case.good)
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    for rule in &RULES {
        assert!(cases.iter().any(|case| case.rule == rule.id), "{} has no test", rule.id);
    }
}
