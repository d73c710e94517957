//! Archy YAML to a chart; exports are rewritten as Archy first.

mod actions;
mod inputs;

use std::collections::BTreeMap;
use std::time::Duration;

use super::export;
use super::step::Kept;
use super::template::{self, Substitutions};
use super::values;
use super::{
    Chart, Choice, Class, Declared, FlowKind, Handling, MenuSettings, Next, OnError, Output, Reference, Sequence,
    SequenceId, SequenceKind, Start, Step, StepId,
};
use crate::expr;
use crate::input::{Input, Source};
use crate::problem::{Findings, Place, Problem, ProblemKind, Problems};
use crate::value::Value;
use crate::yaml::{self, Entry, Node, NodeKind};

/// Reads a file; one that is deployed already has no template parameters, and what looks like one is text.
pub(super) fn read(text: &str, substitutions: Option<&Substitutions>) -> Result<Chart, Problems> {
    if export::is_export(text) {
        let root = export::read(text)?;
        return chart_of(&root, Vec::new(), Findings::default());
    }
    let filled = match substitutions {
        Some(substitutions) => template::fill(text, substitutions),
        None => template::Filled { text: text.to_owned(), unsubstituted: Vec::new() },
    };
    let root = yaml::parse(&filled.text)?;
    let mut findings = Findings::default();
    yaml::note_duplicate_keys(&root, &mut findings);
    chart_of(&root, filled.unsubstituted, findings)
}

fn chart_of(root: &Node, unsubstituted: Vec<(String, Place)>, findings: Findings) -> Result<Chart, Problems> {
    let is_flow = |entry: &&Entry| {
        !matches!(FlowKind::of(&entry.key), FlowKind::Other(_))
            || entry.value.get("name").is_some() && has_steps(&entry.value)
    };
    let Some(top) = root.entries().iter().find(is_flow) else {
        return Err(Problem {
            at: root.at,
            kind: ProblemKind::FlowType,
            message: "find a flow in this file".to_owned(),
            hint: "A flow's one top-level key names its type: inboundCall, workflow, inqueueCall…".to_owned(),
        }
        .into());
    };
    let mut reader = Reader { findings, ..Reader::default() };
    Ok(reader.chart(top, unsubstituted))
}

/// Keys under which a flow has something to do.
const PLACES_OF_STEPS: [&str; 5] = ["tasks", "menus", "states", "bots", "startUpTaskActions"];

fn has_steps(node: &Node) -> bool {
    PLACES_OF_STEPS.iter().any(|key| node.get(key).is_some())
}

#[derive(Default)]
struct Reader {
    findings: Findings,
    sequences: Vec<Sequence>,
    steps: Vec<Step>,
    has_default_prompt: bool,
    /// Loops around what is read now, the innermost last.
    loops: Vec<StepId>,
}

/// Where a list of actions is, and what follows it.
#[derive(Clone, Copy)]
struct Around {
    sequence: SequenceId,
    owner: Option<(StepId, usize)>,
    after: Next,
}

impl Reader {
    fn chart(&mut self, top: &Entry, unsubstituted: Vec<(String, Place)>) -> Chart {
        let body = &top.value;
        let defaults = body.get("settingsActionDefaults").and_then(|node| node.get("callData"));
        let prompt = defaults.and_then(|node| node.get("processingPrompt"));
        self.has_default_prompt = prompt.is_some_and(values::names_something);

        let kind = FlowKind::of(&top.key);
        let mut on_error = self.on_error(body, top.at);
        let mut variables = self.declared(body.get("variables"));
        variables.extend(self.declared(body.get("startUpTaskVariables")));
        if let Some(list) = body.get("startUpTaskActions") {
            self.sequence(SequenceKind::StartUp, "start", body, top.at, Some(list));
        }
        for (plural, singular, kind) in [
            ("menus", "menu", SequenceKind::Menu),
            ("tasks", "task", SequenceKind::Task),
            ("states", "state", SequenceKind::State),
            ("bots", "bot", SequenceKind::Bot),
        ] {
            for item in body.get(plural).map(Node::items).unwrap_or_default() {
                if let Some(node) = item.get(singular) {
                    self.sequence(kind, "", node, node.at, node.get("actions"));
                }
            }
        }
        let start = self.start(body);
        self.resolve();
        self.steps.iter_mut().for_each(Step::keep);
        if let Handling::Jump(reference) = &mut on_error.handling {
            reference.target = super::find(&self.sequences, &reference.text);
        }
        let greeting = body.get("initialGreeting").map(|node| self.term(node));
        let mut problems = self.problems();
        problems.sort_by_key(|problem| problem.at);
        Chart {
            kind,
            name: body.get("name").and_then(Node::text).unwrap_or_default().to_owned(),
            at: top.at,
            body_at: body.at,
            start,
            start_reference: start_reference(body),
            greeting,
            sequences: std::mem::take(&mut self.sequences),
            steps: std::mem::take(&mut self.steps),
            variables,
            on_error,
            menu_settings: menu_settings(body),
            problems,
            unsubstituted,
        }
    }

    fn problems(&mut self) -> Vec<Problem> {
        let findings = std::mem::take(&mut self.findings);
        findings.finish(Some(())).err().map(|problems| problems.iter().cloned().collect()).unwrap_or_default()
    }

    fn on_error(&mut self, body: &Node, at: Place) -> OnError {
        let Some(settings) = body.get("settingsErrorHandling") else {
            let audio = Input::not_set(at);
            return OnError { at, handling: Handling::Default, audio, says_nothing: false };
        };
        let audio = self.input(settings, "preHandlingAudio");
        let says_nothing = settings.get("preHandlingAudio").is_some() && audio.source == Source::NotSet;
        let Some(entry) = settings.get("errorHandling").and_then(|node| node.entries().first()) else {
            return OnError { at: settings.at, handling: Handling::Default, audio, says_nothing };
        };
        let handling = match entry.key.as_str() {
            "queue" => Handling::Queue(self.input(&entry.value, "targetQueue")),
            "task" | "menu" => Handling::Jump(reference(&entry.value)),
            other => Handling::End(other.to_owned()),
        };
        OnError { at: entry.at, handling, audio, says_nothing }
    }

    fn declared(&mut self, node: Option<&Node>) -> Vec<Declared> {
        let mut declared = Vec::new();
        for item in node.map(Node::items).unwrap_or_default() {
            let Some(entry) = item.entries().first() else { continue };
            let Some(name) = entry.value.get("name").and_then(Node::text) else { continue };
            let is_input = entry.value.get("isInput").is_some_and(Node::is_true);
            let kind = values::kind(entry.key.strip_suffix("Variable").unwrap_or(&entry.key));
            let initial = self.input(&entry.value, "initialValue");
            let initial = self.fitted(initial, kind);
            declared.push(Declared { name: name.to_owned(), at: entry.at, kind, initial, is_input });
        }
        declared
    }

    fn sequence(&mut self, kind: SequenceKind, named: &str, node: &Node, at: Place, actions: Option<&Node>) {
        let id = SequenceId(self.sequences.len());
        let name = if named.is_empty() { node.get("name").and_then(Node::text).unwrap_or_default() } else { named };
        let ref_id = node.get("refId").and_then(Node::text).unwrap_or(name);
        let variables = if named.is_empty() { self.declared(node.get("variables")) } else { Vec::new() };
        if self.sequences.iter().any(|other| other.kind == kind && other.ref_id == ref_id) {
            let message = format!("tell two {}s with the refId `{ref_id}` apart", kind.word());
            self.findings.note(at, ProblemKind::Duplicate, message, "Give each its own `refId`.");
        }
        let audio = self.input(node, "audio");
        self.sequences.push(Sequence {
            kind,
            at,
            name: name.to_owned(),
            ref_id: ref_id.to_owned(),
            first: None,
            choices: Vec::new(),
            audio,
            variables,
        });
        if kind == SequenceKind::Menu {
            let choices = node.get("choices").map(Node::items).unwrap_or_default();
            let around = Around { sequence: id, owner: None, after: Next::End };
            let choices: Vec<Choice> = choices.iter().filter_map(|item| self.choice(item, around)).collect();
            self.sequences[id.0].choices = choices;
        } else {
            let around = Around { sequence: id, owner: None, after: Next::End };
            self.sequences[id.0].first = self.list(actions, around);
        }
    }

    fn choice(&mut self, item: &Node, around: Around) -> Option<Choice> {
        let dtmf = item.entries().first().and_then(|entry| entry.value.get("dtmf"));
        let key = dtmf.and_then(|node| self.key(node));
        Some(Choice { key, step: self.only(item, around)? })
    }

    fn key(&mut self, node: &Node) -> Option<char> {
        let text = node.text().unwrap_or_default();
        let key = match text.strip_prefix("digit_") {
            Some("star") => Some('*'),
            Some("pound") => Some('#'),
            Some(digit) => digit.parse::<char>().ok().filter(char::is_ascii_digit),
            None => text.parse::<char>().ok().filter(|key| key.is_ascii_digit() || matches!(key, '*' | '#')),
        };
        if key.is_none() && text != "none" && !text.contains(template::STAND_IN) {
            self.findings.note(
                node.at,
                ProblemKind::Value,
                format!("read `{text}` as a key"),
                "Write digit_0 to digit_9, digit_star, digit_pound or none.",
            );
        }
        key
    }

    /// Reads a list of actions; the number of its first.
    fn list(&mut self, node: Option<&Node>, around: Around) -> Option<StepId> {
        let items = node.map(Node::items).unwrap_or_default();
        let mut last: Option<StepId> = None;
        let mut first = None;
        for item in items {
            let Some(id) = self.only(item, around) else { continue };
            if let Some(last) = last {
                self.follow(last, id, around.after);
            }
            first = first.or(Some(id));
            last = Some(id);
        }
        first
    }

    /// Everything that so far falls through to `after` falls through to `id` instead: the step before, and the ends of
    /// its outputs at any depth. Steps are numbered as they are read, so all of them lie in between.
    fn follow(&mut self, before: StepId, id: StepId, after: Next) {
        for step in &mut self.steps[before.0..id.0] {
            if step.next == after {
                step.next = Next::Step(id);
            }
        }
    }

    fn only(&mut self, item: &Node, around: Around) -> Option<StepId> {
        let [entry] = item.entries() else {
            self.findings.note(
                item.at,
                ProblemKind::Shape,
                "read an action",
                "An action is a map with one key, its keyword; check the indentation of what follows.",
            );
            return None;
        };
        Some(self.step(entry, around))
    }

    fn step(&mut self, entry: &Entry, around: Around) -> StepId {
        let node = &entry.value;
        let id = StepId(self.steps.len());
        self.steps.push(Step {
            at: entry.at,
            keyword: entry.key.clone(),
            name: node.get("name").and_then(Node::text).map(str::to_owned),
            tracking: node.get("trackingId").and_then(Node::text).and_then(|number| number.parse().ok()),
            sequence: around.sequence,
            owner: around.owner,
            next: around.after,
            outputs: Vec::new(),
            class: Class::Known,
            writes: Vec::new(),
            expressions: Vec::new(),
            literals: Vec::new(),
            kept: Kept::default(),
        });
        let class = self.class(entry);
        let is_loop = matches!(class, Class::Loop { .. });
        self.steps[id.0].class = class;
        self.gather(id, node);
        if is_loop {
            self.loops.push(id);
        }
        let after = if is_loop { Next::Again(id) } else { around.after };
        let mut drafts = Vec::new();
        drafts_of(node, "", entry.at, None, false, &mut drafts);
        let mut cases = 0;
        for (index, draft) in drafts.into_iter().enumerate() {
            let first = if draft.is_enabled {
                self.list(draft.actions, Around { owner: Some((id, index)), after, ..around })
            } else {
                None
            };
            let case = draft.case.map(|case| self.input(case, "value"));
            let name = if case.is_some() {
                cases += 1;
                format!("case {cases}")
            } else {
                draft.name.to_owned()
            };
            let has_actions = draft.actions.is_some_and(|actions| !actions.items().is_empty());
            let output = Output { name, at: draft.at, first, is_enabled: draft.is_enabled, has_actions, case };
            self.steps[id.0].outputs.push(output);
        }
        if is_loop {
            self.loops.pop();
        }
        id
    }

    /// Everything in an action that is an expression, a literal text or an assignment, outside of its outputs.
    fn gather(&mut self, id: StepId, node: &Node) {
        for item in node.items() {
            self.gather(id, item);
        }
        for entry in node.entries() {
            match (entry.key.as_str(), entry.value.text()) {
                ("actions", _) => {}
                ("exp", Some(text)) => {
                    // What does not parse was noted where the value was read.
                    if let Ok(expr) = expr::parse(text) {
                        self.steps[id.0].expressions.push((entry.value.at, expr));
                    }
                }
                ("lit", Some(text)) => self.steps[id.0].literals.push((entry.value.at, text.to_owned())),
                ("var" | "variable", Some(text)) => self.steps[id.0].writes.push(text.to_owned()),
                _ => self.gather(id, &entry.value),
            }
        }
    }

    fn start(&self, body: &Node) -> Start {
        let at = match body.get("startUpRef").and_then(Node::text) {
            Some(reference) => super::find(&self.sequences, reference),
            None => (!self.sequences.is_empty()).then_some(SequenceId(0)),
        };
        at.map_or(Start::Nowhere, Start::At)
    }

    /// Leads every reference to its sequence.
    fn resolve(&mut self) {
        let mut known: BTreeMap<String, Option<SequenceId>> = BTreeMap::new();
        for step in &mut self.steps {
            let (Class::CallTask(reference, _) | Class::Jump(reference)) = &mut step.class else { continue };
            let found = known.entry(reference.text.clone());
            reference.target = *found.or_insert_with(|| super::find(&self.sequences, &reference.text));
        }
    }
}

/// An output before its actions are read.
struct Draft<'a> {
    name: &'a str,
    at: Place,
    actions: Option<&'a Node>,
    is_enabled: bool,
    case: Option<&'a Node>,
}

/// Every list of actions inside an action, whatever it is called: `outputs`, `cases`, `default`, `task`, `intents`…
fn drafts_of<'a>(
    node: &'a Node,
    name: &'a str,
    at: Place,
    case: Option<&'a Node>,
    is_output: bool,
    drafts: &mut Vec<Draft<'a>>,
) {
    if let NodeKind::List(items) = &node.kind {
        for item in items {
            drafts_of(item, name, item.at, None, false, drafts);
        }
        return;
    }
    let actions = node.get("actions");
    if is_output || actions.is_some() {
        let is_enabled = node.get("enabled").and_then(Node::text) != Some("false");
        drafts.push(Draft { name, at, actions, is_enabled, case });
    }
    for entry in node.entries() {
        if entry.key == "actions" {
            continue;
        }
        let case = (entry.key == "case").then_some(&entry.value);
        drafts_of(&entry.value, &entry.key, entry.at, case, name == "outputs", drafts);
    }
}

fn reference(node: &Node) -> Reference {
    let keys = ["targetTaskRef", "targetMenuRef", "targetStateRef", "targetBotRef"];
    let written = keys.iter().find_map(|key| node.get(key));
    let text = written.and_then(Node::text).unwrap_or_default().to_owned();
    Reference { at: written.map_or(node.at, |node| node.at), text, target: None }
}

fn start_reference(body: &Node) -> Option<Reference> {
    let written = body.get("startUpRef").filter(|node| node.text().is_some_and(|text| !text.is_empty()))?;
    Some(Reference { at: written.at, text: written.text().unwrap_or_default().to_owned(), target: None })
}

/// How menus behave where a flow says nothing.
const MENU_SETTINGS: MenuSettings = MenuSettings { selection_timeout: Duration::from_secs(10), repeats: 3 };

fn menu_settings(body: &Node) -> MenuSettings {
    let Some(node) = body.get("settingsMenu") else { return MENU_SETTINGS };
    let literal = |key: &str| node.get(key).and_then(|node| node.get("lit")).map(values::literal);
    let repeats = match literal("repeatCount") {
        Some(Value::Integer(count)) => u32::try_from(count.clamp(0, 10)).unwrap_or(MENU_SETTINGS.repeats),
        _ => MENU_SETTINGS.repeats,
    };
    let selection_timeout = match literal("menuSelectionTimeout") {
        Some(Value::Duration(time)) => time,
        _ => MENU_SETTINGS.selection_timeout,
    };
    MenuSettings { selection_timeout, repeats }
}
