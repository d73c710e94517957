//! Actions: maps with one key, the keyword, inside lists of actions.

use super::{Reader, values};
use crate::graph::{Action, ActionId, ActionKind, CallData, Case, Entry, Input, ListId, Statement, Transfer};
use crate::problem::ProblemKind;
use crate::yaml::{Entry as Pair, Node};

impl Reader {
    /// The list of actions in `node`; empty when there is none.
    pub(super) fn list(&mut self, node: Option<&Node>) -> ListId {
        let mut list = Vec::new();
        for item in node.map(Node::items).unwrap_or_default() {
            match item.entries() {
                [pair] => list.push(self.action(pair, &pair.key)),
                _ => self.findings.note(
                    item.at,
                    ProblemKind::Shape,
                    "read an action",
                    "An action is a map with one key, its keyword; check the indentation of what follows.",
                ),
            }
        }
        self.push_list(list)
    }

    /// A list of the one action that a menu choice such as `menuTransferToAcd` stands for.
    pub(super) fn single(&mut self, pair: &Pair) -> ListId {
        let keyword = match pair.key.strip_prefix("menu").map(|rest| rest.split_at_checked(1)) {
            Some(Some((first, rest))) => format!("{}{rest}", first.to_ascii_lowercase()),
            _ => pair.key.clone(),
        };
        let id = self.action(pair, &keyword);
        self.push_list(vec![id])
    }

    fn action(&mut self, pair: &Pair, keyword: &str) -> ActionId {
        let node = &pair.value;
        let kind = match keyword {
            "updateData" => self.update_data(node),
            "decision" => self.decision(node),
            "switch" => self.switch(node),
            "playAudio" => ActionKind::PlayAudio(self.required_input(node, "audio", "playAudio")),
            "setParticipantData" => self.set_participant_data(node),
            "getParticipantData" => self.get_participant_data(node),
            "callData" | "callSecureData" => self.call_data(pair),
            "callTask" => self.call_task(node),
            "endTask" => end_task(node),
            "jumpToTask" => self.jump(node, "targetTaskRef", "jumpToTask"),
            "jumpToMenu" => self.jump(node, "targetMenuRef", "jumpToMenu"),
            "loop" => self.repeat(node),
            "loopNext" => ActionKind::LoopNext,
            "loopExit" => ActionKind::LoopExit,
            "transferToAcd" => self.transfer_to_acd(node),
            "disconnect" => ActionKind::Disconnect,
            _ => ActionKind::Opaque { outputs: self.outputs(node) },
        };
        let name = node.get("name").and_then(Node::text).map(str::to_owned);
        self.push(Action { at: pair.at, keyword: pair.key.clone(), name, kind })
    }

    fn update_data(&mut self, node: &Node) -> ActionKind {
        let mut statements = Vec::new();
        for item in node.get("statements").map(Node::items).unwrap_or_default() {
            let Some(pair) = item.entries().first() else { continue };
            let Some(variable) = self.required_text(&pair.value, "variable", "a statement") else { continue };
            let kind = values::kind(&pair.key);
            let value = self.required_input(&pair.value, "value", "a statement");
            let value = self.fitted(value, kind);
            statements.push(Statement { variable, kind, value });
        }
        ActionKind::UpdateData(statements)
    }

    fn decision(&mut self, node: &Node) -> ActionKind {
        let condition = self.required_input(node, "condition", "decision");
        let (yes, no) = (self.output(node, "yes"), self.output(node, "no"));
        ActionKind::Decision { condition, yes, no }
    }

    fn switch(&mut self, node: &Node) -> ActionKind {
        let evaluate = node.get("evaluate");
        if let Some(first_true) = evaluate.and_then(|node| node.get("firstTrue")) {
            let (cases, default) = self.cases(first_true);
            return ActionKind::SwitchFirstTrue { cases, default };
        }
        let Some(typed) = evaluate.and_then(|node| node.get("firstMatch")).and_then(|node| node.entries().first())
        else {
            self.missing(node.at, "evaluate: firstTrue", "switch");
            return ActionKind::SwitchFirstTrue { cases: Vec::new(), default: ListId::EMPTY };
        };
        let value = self.required_input(&typed.value, "value", "switch");
        let (cases, default) = self.cases(&typed.value);
        ActionKind::SwitchFirstMatch { value, cases, default }
    }

    fn cases(&mut self, node: &Node) -> (Vec<Case>, ListId) {
        let mut cases = Vec::new();
        for item in node.get("cases").map(Node::items).unwrap_or_default() {
            let Some(case) = item.get("case") else { continue };
            let value = self.required_input(case, "value", "a case");
            let body = self.list(case.get("actions"));
            cases.push(Case { value, body });
        }
        (cases, self.list(node.get("default").and_then(|default| default.get("actions"))))
    }

    fn set_participant_data(&mut self, node: &Node) -> ActionKind {
        let mut attributes = Vec::new();
        for attribute in attributes_of(node) {
            let name = self.required_input(attribute, "name", "an attribute");
            let value = self.required_input(attribute, "value", "an attribute");
            attributes.push((name, value));
        }
        ActionKind::SetParticipantData(attributes)
    }

    fn get_participant_data(&mut self, node: &Node) -> ActionKind {
        let mut attributes = Vec::new();
        for attribute in attributes_of(node) {
            let name = self.required_input(attribute, "name", "an attribute");
            if let Some(variable) = self.required_text(attribute, "variable", "an attribute") {
                attributes.push((name, variable));
            }
        }
        ActionKind::GetParticipantData(attributes)
    }

    fn call_data(&mut self, pair: &Pair) -> ActionKind {
        let node = &pair.value;
        let category = node.get("category").and_then(|node| node.entries().first());
        let action = category.and_then(|pair| pair.value.get("dataAction")).and_then(|node| node.entries().first());
        let (Some(category), Some(action)) = (category, action) else {
            self.missing(node.at, "category: INTEGRATION: dataAction: ACTION", "callData");
            return ActionKind::Opaque { outputs: self.outputs(node) };
        };
        let has_processing_prompt =
            node.get("processingPrompt").map_or(self.processing_prompt, values::names_something);
        ActionKind::CallData(Box::new(CallData {
            category: category.key.clone(),
            action: action.key.clone(),
            inputs: self.inputs(action.value.get("inputs")),
            success_outputs: variables_of(action.value.get("successOutputs")),
            failure_outputs: variables_of(action.value.get("failureOutputs")),
            timeout: self.input_at(node, "timeout"),
            has_processing_prompt,
            success: self.output(node, "success"),
            failure: self.output(node, "failure"),
            timeout_path: self.output(node, "timeout"),
        }))
    }

    fn call_task(&mut self, node: &Node) -> ActionKind {
        let inputs = self.inputs(node.get("taskInputs"));
        let outputs = self.outputs(node);
        match self.reference(node, "targetTaskRef", "callTask") {
            Some(Entry::Task(task)) => ActionKind::CallTask { task, inputs, outputs },
            Some(Entry::Menu(_)) => {
                self.findings.note(node.at, ProblemKind::Reference, "call a menu as a task", "Call a task instead.");
                ActionKind::Opaque { outputs }
            }
            None => ActionKind::Opaque { outputs },
        }
    }

    fn jump(&mut self, node: &Node, key: &str, owner: &str) -> ActionKind {
        match self.reference(node, key, owner) {
            Some(entry) => ActionKind::Jump(entry),
            None => ActionKind::Opaque { outputs: Vec::new() },
        }
    }

    fn repeat(&mut self, node: &Node) -> ActionKind {
        let index = node.get("currentIndex").and_then(|node| node.get("var")).and_then(Node::text);
        let count = self.required_input(node, "loopCount", "loop");
        ActionKind::Loop { index: index.map(str::to_owned), count, body: self.output(node, "loop") }
    }

    fn transfer_to_acd(&mut self, node: &Node) -> ActionKind {
        ActionKind::TransferToAcd(Box::new(Transfer {
            queue: self.required_input(node, "targetQueue", "transferToAcd"),
            priority: self.input_at(node, "priority"),
            pre_audio: self.input_at(node, "preTransferAudio"),
            failure_audio: self.input_at(node, "failureTransferAudio"),
            failure: self.output(node, "failure"),
        }))
    }

    /// The actions of one output; none when it is missing, empty or disabled.
    fn output(&mut self, node: &Node, name: &str) -> ListId {
        let output = node.get("outputs").and_then(|outputs| outputs.get(name));
        let is_disabled = output.and_then(|output| output.get("enabled")).is_some_and(|on| on.text() == Some("false"));
        if is_disabled { ListId::EMPTY } else { self.list(output.and_then(|output| output.get("actions"))) }
    }

    /// All outputs with their names.
    fn outputs(&mut self, node: &Node) -> Vec<(String, ListId)> {
        let names = node.get("outputs").map(Node::entries).unwrap_or_default();
        names.iter().map(|pair| (pair.key.clone(), self.output(node, &pair.key))).collect()
    }

    fn inputs(&mut self, node: Option<&Node>) -> Vec<(String, Input)> {
        let pairs = node.map(Node::entries).unwrap_or_default();
        pairs.iter().map(|pair| (pair.key.clone(), self.input(&pair.value))).collect()
    }
}

fn end_task(node: &Node) -> ActionKind {
    let path = node.get("outputPath").and_then(|path| path.get("name")).and_then(Node::text);
    ActionKind::EndTask { path: path.unwrap_or("default").to_owned() }
}

fn attributes_of(node: &Node) -> impl Iterator<Item = &Node> {
    node.get("attributes").map(Node::items).unwrap_or_default().iter().filter_map(|item| item.get("attribute"))
}

/// `name: {var: Task.x}` as pairs; outputs without a variable are dropped.
fn variables_of(node: Option<&Node>) -> Vec<(String, String)> {
    let pairs = node.map(Node::entries).unwrap_or_default();
    let variable = |pair: &Pair| Some((pair.key.clone(), pair.value.get("var")?.text()?.to_owned()));
    pairs.iter().filter_map(variable).collect()
}
