//! Exports of Architect (`.i3InboundFlow`, `.i3WorkFlow`…): rewritten as the Archy file that says the same.
//!
//! An export is base64 of percent-encoded JSON. Its actions lie flat in one list and name their successors; here they
//! are nested again, so that there is one reader of flows and an export cannot mean something else than its twin in
//! Archy. Places in an export mean nothing to a reader: everything is at line 1, and actions are told apart by the
//! tracking number that Architect shows beside them.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::Value as Json;

use crate::problem::{Place, Problem, ProblemKind};
use crate::yaml::{Entry, FILE_BYTES_MAX, Node, NodeKind};

const START: Place = Place { line: 1, column: 1 };

/// The deepest nesting of outputs within outputs that is followed.
const DEPTH_MAX: usize = 150;

/// True when `text` looks like an export, encoded or not.
pub(super) fn is_export(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('{') {
        return text.contains("\"flowSequenceItemList\"");
    }
    let is_base64 = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=' | b'\r' | b'\n');
    // Percent-encoded JSON begins with `%7B`.
    text.starts_with("JTdC") && text.bytes().all(is_base64)
}

/// The flow in an export, as Archy would write it.
pub(super) fn read(text: &str) -> Result<Node, Problem> {
    let json = decode(text.trim_start_matches('\u{feff}').trim())?;
    let export: Json = serde_json::from_str(&json).map_err(|error| refused(format!("read its JSON: {error}")))?;
    if export.get("flowSequenceItemList").and_then(Json::as_array).is_none() {
        return Err(refused("find its list of tasks, menus and states".to_owned()));
    }
    let mut writer = Writer::new(&export);
    let flow = writer.flow(&export);
    if writer.is_too_deep {
        return Err(Problem {
            at: START,
            kind: ProblemKind::TooLarge,
            message: format!("read outputs nested more than {DEPTH_MAX} deep"),
            hint: "Move the inner part into a reusable task.".to_owned(),
        });
    }
    Ok(map(vec![(flow_type(text_of(&export, "type")), flow)]))
}

fn decode(text: &str) -> Result<String, Problem> {
    if text.len() > FILE_BYTES_MAX {
        return Err(refused(format!("read {} bytes; a flow has at most {FILE_BYTES_MAX}", text.len())));
    }
    if text.starts_with('{') {
        return Ok(text.to_owned());
    }
    let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(packed).map_err(|error| refused(format!("decode its base64: {error}")))?;
    let escaped = String::from_utf8(bytes).map_err(|error| refused(format!("read its text: {error}")))?;
    let text = percent_decode_str(&escaped).decode_utf8();
    Ok(text.map_err(|error| refused(format!("read its text: {error}")))?.into_owned())
}

fn refused(message: String) -> Problem {
    Problem {
        at: START,
        kind: ProblemKind::Syntax,
        message,
        hint: "Export the flow from Architect again; the file is one line of base64.".to_owned(),
    }
}

/// Archy's key for a type of flow.
fn flow_type(kind: &str) -> String {
    const KEYS: [&str; 14] = [
        "inboundCall",
        "outboundCall",
        "inqueueCall",
        "secureCall",
        "inboundChat",
        "inboundShortMessage",
        "inboundEmail",
        "workflow",
        "workitem",
        "surveyInvite",
        "commonModule",
        "digitalBot",
        "voiceSurvey",
        "botFlow",
    ];
    let known = KEYS.iter().find(|key| key.eq_ignore_ascii_case(kind));
    if kind.eq_ignore_ascii_case("bot") { "botFlow".to_owned() } else { known.copied().unwrap_or(kind).to_owned() }
}

/// Archy's keyword for a type of action.
fn keyword(kind: &str) -> String {
    const KEYWORDS: [(&str, &str); 22] = [
        ("AskForNLUIntentAction", "askForIntent"),
        ("DataAction", "callData"),
        ("SecureDataAction", "callSecureData"),
        ("DisconnectAction", "disconnect"),
        ("EvaluateScheduleGroupAction", "evaluateScheduleGroup"),
        ("ExitLoopAction", "loopExit"),
        ("GetAttributesAction", "getParticipantData"),
        ("NextLoopAction", "loopNext"),
        ("ScreenPopAction", "setScreenPop"),
        ("SetAttributesAction", "setParticipantData"),
        ("TransferExternalAction", "transferToNumber"),
        ("TransferExternalContactAction", "transferToNumber"),
        ("TransferFlowAction", "transferToFlow"),
        ("TransferFlowSecureAction", "transferToFlowSecure"),
        ("TransferGroupAction", "transferToGroup"),
        ("TransferMenuAction", "jumpToMenu"),
        ("TransferPureMatchAction", "transferToAcd"),
        ("TransferTaskAction", "jumpToTask"),
        ("TransferUserAction", "transferToUser"),
        ("TransferVoicemailAction", "transferToVoicemail"),
        ("UpdateVariableAction", "updateData"),
        ("WhisperAudioAction", "setWhisperAudio"),
    ];
    if let Some((_, keyword)) = KEYWORDS.iter().find(|(name, _)| *name == kind) {
        return (*keyword).to_owned();
    }
    let bare = kind.strip_suffix("Action").unwrap_or(kind);
    match bare.split_at_checked(1) {
        Some((first, rest)) => format!("{}{rest}", first.to_ascii_lowercase()),
        None => "unknown".to_owned(),
    }
}

/// Archy's name for an output.
fn output_name(path: &Json) -> String {
    let id = text_of(path, "outputId");
    let Some(inner) = id.strip_prefix("__").and_then(|rest| rest.strip_suffix("__")) else {
        return text_of(path, "label").to_owned();
    };
    let mut name = String::new();
    for (index, word) in inner.split('_').enumerate() {
        let word = word.to_ascii_lowercase();
        match word.split_at_checked(1) {
            Some((first, rest)) if index > 0 => {
                name.push_str(&first.to_ascii_uppercase());
                name.push_str(rest);
            }
            _ => name.push_str(&word),
        }
    }
    name
}

struct Writer<'a> {
    /// Every action by its id.
    actions: BTreeMap<&'a str, &'a Json>,
    /// What reference leads to each task, menu and state.
    references: BTreeMap<&'a str, String>,
    items: &'a [Json],
    /// Actions that were written; one that is met again is a cycle or shared, which no editor makes.
    written: BTreeSet<&'a str>,
    is_too_deep: bool,
}

impl<'a> Writer<'a> {
    fn new(export: &'a Json) -> Self {
        let items = list_of(export, "flowSequenceItemList");
        let mut actions = BTreeMap::new();
        let mut references = BTreeMap::new();
        for item in items {
            let id = text_of(item, "id");
            references.insert(id, format!("/flow/{0}s/{0}[{id}]", kind_of(item)));
            for action in list_of(item, "actionList") {
                actions.insert(text_of(action, "id"), action);
            }
        }
        Self { actions, references, items, written: BTreeSet::new(), is_too_deep: false }
    }

    fn flow(&mut self, export: &'a Json) -> Node {
        let items = self.items;
        let start = text_of(export, "initialSequence");
        let embedded = embedded(items);
        let mut body = vec![("name".to_owned(), quoted(text_of(export, "name")))];
        body.push(("variables".to_owned(), declared(export)));
        if let Some(greeting) = export.get("initialPrompts") {
            body.push(("initialGreeting".to_owned(), self.generic(greeting)));
        }
        if let Some(prompt) = export.pointer("/defaultSettings/DataAction/processingPrompt") {
            let defaults = map(vec![("processingPrompt".to_owned(), self.generic(prompt))]);
            body.push(("settingsActionDefaults".to_owned(), map(vec![("callData".to_owned(), defaults)])));
        }
        if let Some(handling) = export.get("errorHandling") {
            body.push(("settingsErrorHandling".to_owned(), self.error_handling(handling)));
        }
        let mut sequences: BTreeMap<&str, Vec<Node>> = BTreeMap::new();
        for item in items.iter().filter(|item| !embedded.contains(text_of(item, "id"))) {
            let kind = kind_of(item);
            if matches!(text_of(item, "__type"), "LoopTask" | "CommonModuleTask") && text_of(item, "id") == start {
                body.push(("startUpTaskVariables".to_owned(), declared(item)));
                let actions = self.list(text_of(item, "startAction"), 0);
                body.push(("startUpTaskActions".to_owned(), actions));
                continue;
            }
            let sequence = self.sequence(item, kind);
            sequences.entry(kind).or_default().push(map(vec![(kind.to_owned(), sequence)]));
        }
        for (kind, list) in sequences {
            body.push((format!("{kind}s"), node(NodeKind::List(list))));
        }
        let is_listed = body.iter().any(|(key, _)| key == "startUpTaskActions");
        if let (false, Some(reference)) = (is_listed, self.references.get(start)) {
            body.push(("startUpRef".to_owned(), quoted(reference)));
        }
        map(body)
    }

    fn error_handling(&self, handling: &'a Json) -> Node {
        let kind = text_of(handling, "handlingType");
        let (first, rest) = kind.split_at_checked(1).unwrap_or_default();
        let kind = format!("{}{rest}", first.to_ascii_lowercase());
        let mut details = Vec::new();
        for (key, name) in [("taskReference", "targetTaskRef"), ("menuReference", "targetMenuRef")] {
            if let Some(reference) = self.references.get(text_of(handling, key)) {
                details.push((name.to_owned(), quoted(reference)));
            }
        }
        let mut settings = vec![("errorHandling".to_owned(), map(vec![(kind, map(details))]))];
        if let Some(audio) = handling.get("audio") {
            settings.push(("preHandlingAudio".to_owned(), self.generic(audio)));
        }
        map(settings)
    }

    fn sequence(&mut self, item: &'a Json, kind: &str) -> Node {
        let mut body = vec![
            ("name".to_owned(), quoted(text_of(item, "name"))),
            ("refId".to_owned(), quoted(text_of(item, "id"))),
            ("variables".to_owned(), declared(item)),
        ];
        if kind == "menu" {
            if let Some(prompts) = item.get("prompts") {
                body.push(("audio".to_owned(), self.generic(prompts)));
            }
            let choices = list_of(item, "menuChoiceList").iter().filter_map(|choice| self.choice(choice));
            body.push(("choices".to_owned(), node(NodeKind::List(choices.collect()))));
        } else {
            body.push(("actions".to_owned(), self.list(text_of(item, "startAction"), 0)));
        }
        map(body)
    }

    /// A choice of a menu. A choice that runs a task holds that task's actions, as Archy writes it.
    fn choice(&mut self, choice: &'a Json) -> Option<Node> {
        let action = choice.get("action")?;
        let (name, mut body) = if text_of(action, "__type") == "TaskAction" {
            let task = self.items.iter().find(|item| item.get("id") == action.get("taskReference"))?;
            let actions = self.list(text_of(task, "startAction"), 0);
            let task = map(vec![("actions".to_owned(), actions)]);
            let body = vec![("name".to_owned(), quoted(text_of(action, "name"))), ("task".to_owned(), task)];
            ("menuTask".to_owned(), body)
        } else {
            let (name, body) = self.action(action, 0);
            let (first, rest) = name.split_at_checked(1).unwrap_or_default();
            (format!("menu{}{rest}", first.to_ascii_uppercase()), body)
        };
        if let Some(digit) = choice.get("digit").or_else(|| choice.get("dtmf")) {
            let digit = digit.as_str().map_or_else(|| digit.to_string(), str::to_owned);
            body.push(("dtmf".to_owned(), quoted(&format!("digit_{digit}"))));
        }
        Some(map(vec![(name, map(body))]))
    }

    /// The actions from `start` on, in the order in which they run.
    fn list(&mut self, start: &str, depth: usize) -> Node {
        let mut items = Vec::new();
        let mut next = start;
        if depth > DEPTH_MAX {
            self.is_too_deep = true;
            return node(NodeKind::List(items));
        }
        while let Some((&id, &action)) = self.actions.get_key_value(next) {
            if !self.written.insert(id) {
                break;
            }
            let (keyword, body) = self.action(action, depth);
            items.push(map(vec![(keyword, map(body))]));
            next = text_of(action, "nextAction");
        }
        node(NodeKind::List(items))
    }

    fn action(&mut self, action: &'a Json, depth: usize) -> (String, Vec<(String, Node)>) {
        let keyword = keyword(text_of(action, "__type"));
        let mut body = vec![("name".to_owned(), quoted(text_of(action, "name")))];
        if let Some(number) = action.get("trackingId") {
            body.push(("trackingId".to_owned(), plain(&number.to_string())));
        }
        match keyword.as_str() {
            "callData" | "callSecureData" => self.call_data(action, &mut body),
            "dataTableLookup" => self.lookup(action, &mut body),
            "updateData" => body.push((
                "statements".to_owned(),
                self.pairs(action, |variable, value| {
                    ("any", map(vec![("variable".to_owned(), target(variable)), ("value".to_owned(), value)]))
                }),
            )),
            "setParticipantData" => body.push((
                "attributes".to_owned(),
                self.pairs(action, |name, value| {
                    ("attribute", map(vec![("name".to_owned(), value_of(name)), ("value".to_owned(), value)]))
                }),
            )),
            "getParticipantData" => body.push((
                "attributes".to_owned(),
                self.pairs(action, |name, target| {
                    ("attribute", map(vec![("name".to_owned(), value_of(name)), ("variable".to_owned(), target)]))
                }),
            )),
            "switch" => {
                self.switch(action, &mut body, depth);
                return (keyword, body);
            }
            _ => self.rest(action, &keyword, &mut body),
        }
        let mut outputs = Vec::new();
        for path in list_of(action, "paths").iter().chain(action.get("path")) {
            outputs.push((output_name(path), self.output(path, depth)));
        }
        if !outputs.is_empty() {
            body.push(("outputs".to_owned(), map(outputs)));
        }
        (keyword, body)
    }

    fn output(&mut self, path: &'a Json, depth: usize) -> Node {
        let mut output = Vec::new();
        if path.get("disabled").and_then(Json::as_bool) == Some(true) {
            output.push(("enabled".to_owned(), plain("false")));
        }
        let start = text_of(path, "nextActionId");
        if !start.is_empty() {
            output.push(("actions".to_owned(), self.list(start, depth + 1)));
        }
        map(output)
    }

    fn call_data(&mut self, action: &'a Json, body: &mut Vec<(String, Node)>) {
        for key in ["timeout", "processingPrompt"] {
            if let Some(value) = action.get(key) {
                body.push((key.to_owned(), self.generic(value)));
            }
        }
        let details = map(vec![
            ("inputs".to_owned(), named(list_of(action, "inputs"))),
            ("successOutputs".to_owned(), named(list_of(action, "outputs"))),
            ("failureOutputs".to_owned(), named(list_of(action, "errorBindings"))),
        ]);
        let name = text_of(action, "actionName").to_owned();
        let action_of = map(vec![("dataAction".to_owned(), map(vec![(name, details)]))]);
        let category = action.pointer("/category/name").and_then(Json::as_str).unwrap_or_default().to_owned();
        body.push(("category".to_owned(), map(vec![(category, action_of)])));
    }

    fn lookup(&mut self, action: &'a Json, body: &mut Vec<(String, Node)>) {
        if let Some(key) = action.get("lookupKeyValue") {
            body.push(("lookupValue".to_owned(), self.generic(key)));
        }
        let details = map(vec![
            ("foundOutputs".to_owned(), named(list_of(action, "outputs"))),
            ("failureOutputs".to_owned(), named(list_of(action, "errorBindings"))),
        ]);
        body.push(("dataTable".to_owned(), map(vec![(text_of(action, "datatableName").to_owned(), details)])));
    }

    fn switch(&mut self, action: &'a Json, body: &mut Vec<(String, Node)>, depth: usize) {
        let paths = list_of(action, "paths");
        let mut cases = Vec::new();
        for case in list_of(action, "cases") {
            let path = paths.iter().find(|path| path.get("outputId") == case.get("referenceId"));
            let mut entries = vec![("value".to_owned(), case.get("value").map_or(not_set(), value_of))];
            if let NodeKind::Map(output) = path.map_or(map(Vec::new()), |path| self.output(path, depth)).kind {
                entries.extend(output.into_iter().map(|entry| (entry.key, entry.value)));
            }
            cases.push(map(vec![("case".to_owned(), map(entries))]));
        }
        let default = paths.iter().find(|path| text_of(path, "outputId") == "__DEFAULT__");
        let default = default.map_or(map(Vec::new()), |path| self.output(path, depth));
        let mut evaluate = vec![("default".to_owned(), default), ("cases".to_owned(), node(NodeKind::List(cases)))];
        let compared = action.get("expression").filter(|value| !text_of(value, "text").is_empty());
        let evaluate = match compared {
            Some(value) => {
                evaluate.insert(0, ("value".to_owned(), value_of(value)));
                ("firstMatch".to_owned(), map(vec![("any".to_owned(), map(evaluate))]))
            }
            None => ("firstTrue".to_owned(), map(evaluate)),
        };
        body.push(("evaluate".to_owned(), map(vec![evaluate])));
    }

    /// `variables: [{variable, expression}]` as a list of what `item` makes of each.
    fn pairs(&self, action: &Json, item: impl Fn(&Json, Node) -> (&'static str, Node)) -> Node {
        let mut list = Vec::new();
        for pair in list_of(action, "variables") {
            if let Some(variable) = pair.get("variable") {
                let (key, value) = item(variable, pair.get("expression").map_or(not_set(), value_of));
                list.push(map(vec![(key.to_owned(), value)]));
            }
        }
        node(NodeKind::List(list))
    }

    /// Everything else that an action has, under Archy's name where that differs.
    fn rest(&self, action: &Json, keyword: &str, body: &mut Vec<(String, Node)>) {
        const NOT_CONTENT: [&str; 9] =
            ["__type", "id", "name", "nextAction", "path", "paths", "trackingId", "uiMetaData", "pathReference"];
        for (key, value) in action.as_object().into_iter().flatten() {
            if NOT_CONTENT.contains(&key.as_str()) {
                continue;
            }
            let written = match (keyword, key.as_str()) {
                ("decision", "expression") => "condition",
                ("playAudio", "prompts") => "audio",
                ("collectInput", "prompts") => "inputAudio",
                ("transferToFlow" | "transferToFlowSecure", "flowName") => "targetFlow",
                (_, key) => key,
            };
            let value = match (keyword, key.as_str()) {
                ("transferToAcd", "queues") => {
                    let queue = value.get(0).map_or(not_set(), value_of);
                    body.push(("targetQueue".to_owned(), queue));
                    continue;
                }
                ("endTask", "pathName") => {
                    let name = value.as_str().unwrap_or_default();
                    let name = if name == "Default" { "default" } else { name };
                    let path = map(vec![("name".to_owned(), quoted(name))]);
                    body.push(("outputPath".to_owned(), path));
                    continue;
                }
                (_, "taskReference" | "menuReference" | "stateReference" | "botReference") => {
                    let reference = value.as_str().and_then(|id| self.references.get(id)).cloned().unwrap_or_default();
                    let kind = key.trim_end_matches("Reference");
                    let (first, rest) = kind.split_at_checked(1).unwrap_or_default();
                    let key = format!("target{}{rest}Ref", first.to_ascii_uppercase());
                    body.push((key, quoted(&reference)));
                    continue;
                }
                ("callCommonModule", "commonModuleName") | ("callBotFlow" | "callDigitalBotFlow", "flowName") => {
                    let key = match keyword {
                        "callCommonModule" => "commonModule",
                        "callBotFlow" => "botFlow",
                        _ => "digitalBotFlow",
                    };
                    let name = value.as_str().unwrap_or_default().to_owned();
                    body.push((key.to_owned(), map(vec![(name, map(Vec::new()))])));
                    continue;
                }
                ("transferToFlow" | "transferToFlowSecure", "flowName") => {
                    map(vec![("lit".to_owned(), quoted(value.as_str().unwrap_or_default()))])
                }
                _ => self.generic(value),
            };
            body.push((written.to_owned(), value));
        }
    }

    fn generic(&self, value: &Json) -> Node {
        match value {
            Json::Object(_) if value.get("config").is_some() => value_of(value),
            Json::Object(object) => match object.get("defaultAudio") {
                Some(audio) => value_of(audio),
                None => {
                    let entries = object.iter().filter(|(key, _)| !matches!(key.as_str(), "uiMetaData" | "metaData"));
                    map(entries.map(|(key, value)| (key.clone(), self.generic(value))).collect())
                }
            },
            Json::Array(list) => node(NodeKind::List(list.iter().map(|value| self.generic(value)).collect())),
            Json::String(text) => quoted(text),
            Json::Null => plain(""),
            other => plain(&other.to_string()),
        }
    }
}

/// Tasks that are only there for choices of a menu.
fn embedded(items: &[Json]) -> BTreeSet<&str> {
    let choices = items.iter().flat_map(|item| list_of(item, "menuChoiceList"));
    let tasks: BTreeSet<&str> = choices
        .filter_map(|choice| choice.get("action"))
        .filter(|action| text_of(action, "__type") == "TaskAction")
        .map(|action| text_of(action, "taskReference"))
        .collect();
    let actions = items.iter().flat_map(|item| list_of(item, "actionList"));
    let called: BTreeSet<&str> = actions.map(|action| text_of(action, "taskReference")).collect();
    tasks.difference(&called).copied().collect()
}

fn kind_of(item: &Json) -> &'static str {
    match text_of(item, "__type") {
        "Menu" => "menu",
        "State" => "state",
        "BotState" => "bot",
        _ => "task",
    }
}

/// A value: a literal, an expression, a variable to assign, or nothing.
fn value_of(value: &Json) -> Node {
    const LITERAL: u64 = 1;
    const VARIABLE: u64 = 2;
    let text = text_of(value, "text");
    let config = |key: &str| value.pointer(&format!("/config/{key}")).is_some();
    let mode = value.pointer("/uiMetaData/mode").and_then(Json::as_u64);
    if config("emp") {
        return not_set();
    }
    match mode {
        Some(VARIABLE) => target_map(text),
        Some(LITERAL) => map(vec![("lit".to_owned(), literal(text_of(value, "type"), text))]),
        // Without its meta data, only the parsed form tells a literal from an expression; strings keep their quotes.
        None if config("lit") && !text.starts_with('"') => {
            map(vec![("lit".to_owned(), literal(text_of(value, "type"), text))])
        }
        _ => map(vec![("exp".to_owned(), quoted(text))]),
    }
}

fn literal(kind: &str, text: &str) -> Node {
    match kind {
        "int" | "dec" | "bln" => plain(text),
        "dur" => duration(text).unwrap_or_else(|| quoted(text)),
        "que" | "usr" | "grp" | "sch" | "lac" | "skl" => map(vec![("name".to_owned(), quoted(text))]),
        _ => quoted(text),
    }
}

/// `P0D0H1M0S0F`: days, hours, minutes, seconds, milliseconds.
fn duration(text: &str) -> Option<Node> {
    let mut rest = text.strip_prefix('P')?;
    let mut parts = Vec::new();
    for (letter, name) in [('D', "days"), ('H', "hours"), ('M', "minutes"), ('S', "seconds"), ('F', "ms")] {
        let Some((number, behind)) = rest.split_once(letter) else { continue };
        number.parse::<u64>().ok()?;
        rest = behind;
        if !number.trim_start_matches('0').is_empty() {
            parts.push((name.to_owned(), plain(number)));
        }
    }
    if parts.is_empty() {
        parts.push(("seconds".to_owned(), plain("0")));
    }
    Some(map(parts))
}

/// `[{name, value}]` as a map of names to values.
fn named(list: &[Json]) -> Node {
    map(list
        .iter()
        .map(|item| (text_of(item, "name").to_owned(), item.get("value").map_or(not_set(), value_of)))
        .collect())
}

/// Declared variables of a flow or a sequence.
fn declared(item: &Json) -> Node {
    let mut list = Vec::new();
    for variable in list_of(item, "variables") {
        let kind = text_of(variable, "__type");
        let (first, rest) = kind.split_at_checked(1).unwrap_or_default();
        let mut body = vec![
            ("name".to_owned(), quoted(text_of(variable, "name"))),
            ("initialValue".to_owned(), variable.get("initialValue").map_or(not_set(), value_of)),
        ];
        for key in ["isInput", "isOutput"] {
            if variable.get(key).and_then(Json::as_bool) == Some(true) {
                body.push((key.to_owned(), plain("true")));
            }
        }
        list.push(map(vec![(format!("{}{rest}", first.to_ascii_lowercase()), map(body))]));
    }
    node(NodeKind::List(list))
}

fn target(value: &Json) -> Node {
    quoted(text_of(value, "text"))
}

fn target_map(name: &str) -> Node {
    map(vec![("var".to_owned(), quoted(name))])
}

fn not_set() -> Node {
    map(vec![("noValue".to_owned(), plain("true"))])
}

fn text_of<'a>(value: &'a Json, key: &str) -> &'a str {
    value.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn list_of<'a>(value: &'a Json, key: &str) -> &'a [Json] {
    value.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn node(kind: NodeKind) -> Node {
    Node { at: START, kind }
}

fn map(entries: Vec<(String, Node)>) -> Node {
    let entries = entries.into_iter().map(|(key, value)| Entry { at: START, key, value });
    node(NodeKind::Map(entries.collect()))
}

fn quoted(text: &str) -> Node {
    node(NodeKind::Scalar { text: text.to_owned(), quoted: true })
}

fn plain(text: &str) -> Node {
    node(NodeKind::Scalar { text: text.to_owned(), quoted: false })
}
