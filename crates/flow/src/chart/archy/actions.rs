//! What each action is: its class, and what that class needs to know.

use super::super::values;
use super::super::{Ask, Class, Statement, Transfer, TransferTo};
use super::{Reader, reference};
use crate::input::{Input, Source};
use crate::value::{Audio, Sound, Value};
use crate::yaml::{Entry, Node};

impl Reader {
    pub(super) fn class(&mut self, entry: &Entry) -> Class {
        let node = &entry.value;
        let keyword = keyword(&entry.key);
        match keyword.as_str() {
            "updateData" => Class::Assign(self.statements(node)),
            "decision" => Class::Branch(self.required(node, "condition", "decision")),
            "switch" => Class::Branch(self.compared(node)),
            "playAudio" => Class::Say(self.required(node, "audio", "playAudio")),
            "communicate" => Class::Say(self.input(node, "communication")),
            "sendResponse" | "sendAutoReply" => Class::Say(self.body(node)),
            "holdMusic" | "playEstimatedWaitTime" | "playPositionInQueue" | "playAudioOnSilence" => {
                Class::Say(Input { at: entry.at, source: Source::Literal(prompt(&entry.key)) })
            }
            "getParticipantData" => Class::ReadAttributes(self.read_attributes(node)),
            "setParticipantData" => Class::Attributes(self.attributes(node)),
            "callData" | "callSecureData" | "callBridgeAction" => self.ask(node),
            "dataTableLookup" => self.lookup(node),
            "findQueue"
            | "findQueueById"
            | "findUser"
            | "findUserById"
            | "findGroup"
            | "findSkill"
            | "findSchedule"
            | "findScheduleGroup"
            | "findEmergencyGroup"
            | "evaluateSchedule"
            | "evaluateScheduleGroup"
            | "getExternalContact"
            | "getConversationData" => Class::Find,
            "collectInput" => Class::Collect {
                says: self.input(node, "inputAudio"),
                digits: digits(node),
                into: ["inputData", "resultData"].iter().find_map(|key| variable(node.get(key)?)),
            },
            "askForSlot"
            | "askForBoolean"
            | "askForIntent"
            | "askForNLUIntent"
            | "askForNLUNextIntent"
            | "digitalMenu"
            | "askSurveyQuestion"
            | "dialByExtension"
            | "detectSilence" => {
                let says = Input { at: entry.at, source: Source::Literal(prompt(&entry.key)) };
                Class::Collect { says, digits: None, into: None }
            }
            "callTask" => Class::CallTask(reference(node), self.task_inputs(node)),
            "endTask" => Class::EndTask(end_of_task(node)),
            "jumpToTask" | "jumpToMenu" | "changeState" | "subMenu" | "jumpToBot" => Class::Jump(reference(node)),
            "loop" => {
                Class::Loop { index: node.get("currentIndex").and_then(variable), count: self.input(node, "loopCount") }
            }
            "loopNext" => Class::LoopNext(self.loops.last().copied()),
            "loopExit" => Class::LoopExit(self.loops.last().copied()),
            "transferToAcd" if entry.key.starts_with("menu") => self.transfer(node, TransferTo::QueueFromMenu),
            "transferToAcd" => self.transfer(node, TransferTo::Queue),
            "transferToUser" | "transferToGroup" => self.transfer(node, TransferTo::Person),
            "transferToNumber" => self.transfer(node, TransferTo::Number),
            "transferToFlow" => self.transfer(node, TransferTo::Flow),
            "transferToFlowSecure" => self.transfer(node, TransferTo::SecureFlow),
            "transferToVoicemail" | "transferToGroupVoicemail" | "transferToUserVoicemail" => {
                self.transfer(node, TransferTo::Voicemail)
            }
            "createCallback" => Class::Callback,
            "disconnect" => Class::Disconnect,
            "endWorkflow"
            | "endFlow"
            | "exitBotFlow"
            | "exitWorkitemFlow"
            | "abortSurveyInvite"
            | "completeSurveyInvite"
            | "endState" => Class::End,
            "wait" => Class::Wait(self.input(node, "duration")),
            "callCommonModule" | "callBotFlow" | "callDigitalBotFlow" | "callDialogflowBot" | "callLexBot"
            | "callLexV2Bot" | "callNuanceMixBot" => Class::CallOther(self.other(node)),
            "sendNotification" | "setConversationData" | "disconnectWorkitem" => Class::Record,
            "task" if entry.key.starts_with("menu") => Class::Choice,
            "setLanguage"
            | "setPostFlow"
            | "setScreenPop"
            | "setWhisperAudio"
            | "enableParticipantRecord"
            | "clearSlot"
            | "setExternalTag"
            | "addFlowMilestone"
            | "initializeFlowOutcome"
            | "setFlowOutcome"
            | "setUUIData"
            | "encryptData"
            | "decryptData"
            | "previousMenu"
            | "repeatMenu" => Class::Known,
            _ => Class::Opaque,
        }
    }

    fn statements(&mut self, node: &Node) -> Vec<Statement> {
        let mut statements = Vec::new();
        for item in node.get("statements").map(Node::items).unwrap_or_default() {
            let Some(entry) = item.entries().first() else { continue };
            let Some(variable) = entry.value.get("variable").and_then(Node::text) else { continue };
            let kind = values::kind(&entry.key);
            let value = self.required(&entry.value, "value", "a statement");
            let value = self.fitted(value, kind);
            statements.push(Statement { variable: variable.to_owned(), kind, value });
        }
        statements
    }

    fn compared(&mut self, node: &Node) -> Input {
        let evaluate = node.get("evaluate").and_then(|node| node.get("firstMatch"));
        match evaluate.and_then(|node| node.entries().first()) {
            Some(typed) => self.input(&typed.value, "value"),
            None => Input::not_set(node.at),
        }
    }

    /// What a message says, under whichever key its type has.
    fn body(&mut self, node: &Node) -> Input {
        let keys = ["messageBody", "text", "body", "message", "response", "communication"];
        let key = keys.iter().find(|key| node.get(key).is_some()).copied().unwrap_or("messageBody");
        self.input(node, key)
    }

    fn attributes(&mut self, node: &Node) -> Vec<(Input, Input)> {
        let items = node.get("attributes").map(Node::items).unwrap_or_default();
        let attributes: Vec<&Node> = items.iter().filter_map(|item| item.get("attribute")).collect();
        attributes
            .into_iter()
            .map(|attribute| (self.input(attribute, "name"), self.input(attribute, "value")))
            .collect()
    }

    fn read_attributes(&mut self, node: &Node) -> Vec<(Input, String)> {
        let items = node.get("attributes").map(Node::items).unwrap_or_default();
        let attributes: Vec<&Node> = items.iter().filter_map(|item| item.get("attribute")).collect();
        let read = |attribute: &Node| {
            let target = attribute.get("variable").or_else(|| attribute.get("value"));
            target.and_then(|node| variable(node).or_else(|| node.text().map(str::to_owned)))
        };
        attributes.into_iter().filter_map(|attribute| Some((self.input(attribute, "name"), read(attribute)?))).collect()
    }

    fn task_inputs(&mut self, node: &Node) -> Vec<(String, Input)> {
        let inputs = node.get("taskInputs").or_else(|| node.get("inputs")).map(Node::entries).unwrap_or_default();
        inputs.iter().map(|entry| (entry.key.clone(), self.term(&entry.value))).collect()
    }

    fn ask(&mut self, node: &Node) -> Class {
        let category = node.get("category").and_then(|node| node.entries().first());
        let action = category.and_then(|entry| {
            ["dataAction", "bridgeAction", "secureDataAction"].iter().find_map(|key| entry.value.get(key))
        });
        let action = action.and_then(|node| node.entries().first());
        let limit = self.input(node, "timeout");
        let written = match &limit.source {
            Source::Literal(Value::Duration(timeout)) => Some(*timeout),
            _ => None,
        };
        let details = action.map(|entry| &entry.value);
        let inputs = details.and_then(|node| node.get("inputs")).map(Node::entries).unwrap_or_default();
        let inputs = inputs.iter().map(|entry| (entry.key.clone(), self.term(&entry.value))).collect();
        let has_processing_prompt =
            node.get("processingPrompt").map_or(self.has_default_prompt, values::names_something);
        Class::Ask(Box::new(Ask {
            category: category.map(|entry| entry.key.clone()).unwrap_or_default(),
            action: action.map(|entry| entry.key.clone()).unwrap_or_default(),
            inputs,
            success_outputs: variables_of(details.and_then(|node| node.get("successOutputs"))),
            failure_outputs: variables_of(details.and_then(|node| node.get("failureOutputs"))),
            timeout: written,
            limit,
            has_processing_prompt,
        }))
    }

    fn lookup(&mut self, node: &Node) -> Class {
        let table = node.get("dataTable").and_then(|node| node.entries().first());
        Class::Lookup {
            table: table.map(|entry| entry.key.clone()).unwrap_or_default(),
            key: self.input(node, "lookupValue"),
            found: variables_of(table.and_then(|entry| entry.value.get("foundOutputs"))),
        }
    }

    fn transfer(&mut self, node: &Node, to: TransferTo) -> Class {
        let targets = ["targetQueue", "targetNumber", "targetFlow", "targetUser", "targetGroup", "userOrGroup"];
        let target = targets.iter().find(|key| node.get(key).is_some()).copied();
        if target.is_none() && to == TransferTo::Queue {
            self.missing(node.at, "targetQueue", "transferToAcd");
        }
        let target = target.unwrap_or("targetQueue");
        Class::Transfer(Transfer {
            to,
            target: self.input(node, target),
            priority: self.input(node, "priority"),
            pre_audio: self.input(node, "preTransferAudio"),
            failure_audio: self.input(node, "failureTransferAudio"),
        })
    }

    fn other(&mut self, node: &Node) -> String {
        let named = ["commonModule", "botFlow", "digitalBotFlow"].iter().find_map(|key| node.get(key));
        named.and_then(|node| node.entries().first()).map(|entry| entry.key.clone()).unwrap_or_default()
    }
}

/// A menu's choices are actions with `menu` before their keyword.
fn keyword(key: &str) -> String {
    match key.strip_prefix("menu").and_then(|rest| rest.split_at_checked(1)) {
        Some((first, rest)) => format!("{}{rest}", first.to_ascii_lowercase()),
        None => key.to_owned(),
    }
}

/// The variable in `{var: Task.x}`.
fn variable(node: &Node) -> Option<String> {
    node.get("var").and_then(Node::text).map(str::to_owned)
}

fn end_of_task(node: &Node) -> String {
    let path = node.get("outputPath").and_then(|path| path.get("name")).and_then(Node::text);
    path.unwrap_or("default").to_owned()
}

/// The fewest and the most digits that an entry may have.
fn digits(node: &Node) -> Option<(u32, u32)> {
    let number = |node: &Node| node.get("lit").unwrap_or(node).text()?.parse().ok();
    if let (Some(min), Some(max)) = (node.get("numberOfDigitsMin"), node.get("numberOfDigitsMax")) {
        return Some((number(min)?, number(max)?));
    }
    let digits = node.get("digits")?;
    if let Some(exact) = digits.get("exact") {
        let exact = number(exact)?;
        return Some((exact, exact));
    }
    let range = digits.get("range")?;
    Some((number(range.get("min")?)?, number(range.get("max")?)?))
}

pub(super) fn prompt(name: &str) -> Value {
    Value::Audio(Audio(vec![Sound::Prompt(name.to_owned())]))
}

/// `name: {var: Task.x}` as pairs; outputs without a variable are left out.
fn variables_of(node: Option<&Node>) -> Vec<(String, String)> {
    let pairs = node.map(Node::entries).unwrap_or_default();
    let variable = |pair: &Entry| Some((pair.key.clone(), pair.value.get("var")?.text()?.to_owned()));
    pairs.iter().filter_map(variable).collect()
}
