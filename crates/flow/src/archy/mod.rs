//! Archy YAML to a [`Flow`].
//!
//! Two passes: the names of tasks and menus first, so that a reference may point forward, then
//! their contents. Keys that are not needed are passed over (an export has hundreds), actions that
//! are not known become opaque, and only what would make the flow mean something else is a problem.

mod actions;
pub(crate) mod values;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::graph::{Action, ActionId, Choice, Entry, ErrorHandling, Flow, Input, ListId, Menu, MenuId, MenuSettings};
use crate::graph::{Task, TaskId};
use crate::problem::{Findings, Place, ProblemKind, Problems};
use crate::value::Value;
use crate::yaml::{self, Node};

/// The platform's defaults for menus.
const MENU_SETTINGS: MenuSettings = MenuSettings { selection_timeout: Duration::from_secs(10), repeats: 3 };

pub(crate) fn read(text: &str) -> Result<Flow, Problems> {
    let root = yaml::parse(text)?;
    let mut reader = Reader::default();
    yaml::note_duplicate_keys(&root, &mut reader.findings);
    let flow = reader.flow(&root);
    reader.findings.finish(flow)
}

/// What has been read so far.
#[derive(Default)]
struct Reader {
    findings: Findings,
    tasks: BTreeMap<String, TaskId>,
    menus: BTreeMap<String, MenuId>,
    actions: Vec<Action>,
    lists: Vec<Vec<ActionId>>,
    processing_prompt: bool,
}

impl Reader {
    fn flow(&mut self, root: &Node) -> Option<Flow> {
        let Some(body) = root.get("inboundCall") else {
            let found = root.entries().first().map_or("no key", |entry| entry.key.as_str());
            self.findings.note(
                root.at,
                ProblemKind::FlowType,
                format!("find `inboundCall` at the top of the file: found `{found}`"),
                "Only inbound call flows run here; the file's one top-level key names the type.",
            );
            return None;
        };
        self.lists.push(Vec::new());
        self.processing_prompt = has_default_prompt(body);
        let tasks = self.named(body, "tasks", "task");
        let menus = self.named(body, "menus", "menu");
        self.tasks = tasks.iter().enumerate().map(|(at, named)| (named.ref_id.clone(), TaskId(at))).collect();
        self.menus = menus.iter().enumerate().map(|(at, named)| (named.ref_id.clone(), MenuId(at))).collect();

        let name = self.required_text(body, "name", "the flow");
        let start = self.reference(body, "startUpRef", "the flow");
        let (error_handling, error_audio) = self.error_handling(body);
        let greeting = body.get("initialGreeting").map(|node| self.input(node));
        let variables = self.variables(body);
        let tasks = tasks.iter().map(|named| self.task(named)).collect();
        let menus = menus.iter().map(|named| self.menu(named)).collect();
        Some(Flow {
            name: name?,
            greeting,
            variables,
            start: start?,
            error_handling,
            error_audio,
            menu_settings: menu_settings(body),
            tasks,
            menus,
            actions: std::mem::take(&mut self.actions),
            lists: std::mem::take(&mut self.lists),
        })
    }

    /// The items of `tasks:` or `menus:` with their names.
    fn named<'a>(&mut self, body: &'a Node, plural: &str, singular: &str) -> Vec<Named<'a>> {
        let mut found: Vec<Named<'a>> = Vec::new();
        for item in body.get(plural).map(Node::items).unwrap_or_default() {
            let Some(node) = item.get(singular) else {
                self.findings.note(
                    item.at,
                    ProblemKind::Shape,
                    format!("find `{singular}:` in an item of `{plural}`"),
                    format!("Each item of `{plural}` is a map with the one key `{singular}`."),
                );
                continue;
            };
            let name = self.required_text(node, "name", singular).unwrap_or_default();
            let ref_id = node.get("refId").and_then(Node::text).unwrap_or(&name).to_owned();
            if found.iter().any(|other| other.ref_id == ref_id) {
                self.findings.note(
                    node.at,
                    ProblemKind::Duplicate,
                    format!("tell two {plural} with the refId `{ref_id}` apart"),
                    "Give each its own `refId`.",
                );
            }
            found.push(Named { name, ref_id, node });
        }
        found
    }

    fn task(&mut self, named: &Named<'_>) -> Task {
        let variables = self.variables(named.node);
        let body = self.list(named.node.get("actions"));
        Task { at: named.node.at, name: named.name.clone(), ref_id: named.ref_id.clone(), variables, body }
    }

    fn menu(&mut self, named: &Named<'_>) -> Menu {
        let audio = self.input_at(named.node, "audio");
        let mut choices = Vec::new();
        for item in named.node.get("choices").map(Node::items).unwrap_or_default() {
            let Some(entry) = item.entries().first() else { continue };
            let key = entry.value.get("dtmf").and_then(|node| self.key(node));
            let body = match entry.key.as_str() {
                "menuTask" => self.list(entry.value.get("task").and_then(|task| task.get("actions"))),
                _ => self.single(entry),
            };
            choices.push(Choice { key, body });
        }
        Menu { at: named.node.at, name: named.name.clone(), ref_id: named.ref_id.clone(), audio, choices }
    }

    fn key(&mut self, node: &Node) -> Option<char> {
        let text = node.text().unwrap_or_default();
        let key = match text.strip_prefix("digit_") {
            Some("star") => Some('*'),
            Some("pound") => Some('#'),
            Some(digit) => digit.parse::<char>().ok().filter(char::is_ascii_digit),
            None => None,
        };
        if key.is_none() && text != "none" {
            self.findings.note(
                node.at,
                ProblemKind::Value,
                format!("read `{text}` as a key"),
                "Write digit_0 to digit_9, digit_star, digit_pound or none.",
            );
        }
        key
    }

    fn error_handling(&mut self, body: &Node) -> (ErrorHandling, Option<Input>) {
        let Some(settings) = body.get("settingsErrorHandling") else { return (ErrorHandling::Disconnect, None) };
        let audio = settings.get("preHandlingAudio").map(|node| self.input(node));
        let Some(entry) = settings.get("errorHandling").and_then(|node| node.entries().first()) else {
            return (ErrorHandling::Disconnect, audio);
        };
        let handling = match entry.key.as_str() {
            "disconnect" => Some(ErrorHandling::Disconnect),
            "queue" => Some(ErrorHandling::Queue(self.required_input(&entry.value, "targetQueue", "error handling"))),
            "task" => self.reference(&entry.value, "targetTaskRef", "error handling").map(ErrorHandling::Jump),
            "menu" => self.reference(&entry.value, "targetMenuRef", "error handling").map(ErrorHandling::Jump),
            other => {
                self.findings.note(
                    entry.at,
                    ProblemKind::Value,
                    format!("handle errors of a call by `{other}`"),
                    "Write disconnect, queue, task or menu.",
                );
                None
            }
        };
        (handling.unwrap_or(ErrorHandling::Disconnect), audio)
    }

    /// Where the reference under `key` leads; noted when it is missing or leads nowhere.
    fn reference(&mut self, node: &Node, key: &str, owner: &str) -> Option<Entry> {
        let written = node.get(key);
        let text = self.required_text(node, key, owner)?;
        let found = match ref_id(&text) {
            Some(("task", id)) => self.tasks.get(id).copied().map(Entry::Task),
            Some(("menu", id)) => self.menus.get(id).copied().map(Entry::Menu),
            _ => None,
        };
        if found.is_none() {
            let known: Vec<&str> = self.tasks.keys().chain(self.menus.keys()).map(String::as_str).collect();
            self.findings.note(
                written.map_or(node.at, |node| node.at),
                ProblemKind::Reference,
                format!("find `{text}`"),
                format!("Write ./tasks/task[REFID] or ./menus/menu[REFID]; known are: {}.", known.join(", ")),
            );
        }
        found
    }

    fn required_text(&mut self, node: &Node, key: &str, owner: &str) -> Option<String> {
        let text = node.get(key).and_then(Node::text).filter(|text| !text.is_empty());
        if text.is_none() {
            self.missing(node.at, key, owner);
        }
        text.map(str::to_owned)
    }

    fn required_input(&mut self, node: &Node, key: &str, owner: &str) -> Input {
        if node.get(key).is_none() {
            self.missing(node.at, key, owner);
        }
        self.input_at(node, key)
    }

    fn missing(&mut self, at: Place, key: &str, owner: &str) {
        self.findings.note(at, ProblemKind::Missing, format!("find `{key}` of {owner}"), format!("Add `{key}:` here."));
    }
}

/// A task or menu whose contents are not read yet.
struct Named<'a> {
    name: String,
    ref_id: String,
    node: &'a Node,
}

/// What stands in `…/task[ID]` and `…/menu[ID]`: the kind and the id.
fn ref_id(text: &str) -> Option<(&str, &str)> {
    let (path, id) = text.strip_suffix(']')?.split_once('[')?;
    Some((path.rsplit('/').next()?, id))
}

fn has_default_prompt(body: &Node) -> bool {
    let defaults = body.get("settingsActionDefaults").and_then(|node| node.get("callData"));
    defaults.and_then(|node| node.get("processingPrompt")).is_some_and(values::names_something)
}

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

impl Reader {
    fn push(&mut self, action: Action) -> ActionId {
        self.actions.push(action);
        ActionId(self.actions.len() - 1)
    }

    fn push_list(&mut self, list: Vec<ActionId>) -> ListId {
        if list.is_empty() {
            return ListId::EMPTY;
        }
        self.lists.push(list);
        ListId(self.lists.len() - 1)
    }
}
