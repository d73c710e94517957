//! Where control goes: lists, loops, tasks and menus.

use std::sync::Arc;

use super::{Frame, Move, Pending, Rounds, Run, Then, Visit};
use crate::graph::{ActionId, ActionKind, Entry, Input, Kind, ListId, MenuId, TaskId};
use crate::run::variables::{self, Cells};
use crate::run::{EndReason, OutcomeKind, Step};
use crate::value::Value;

impl Run {
    pub(super) fn open(&mut self, list: ListId) -> Move {
        if let Some(visit) = self.visits.last_mut() {
            visit.frames.push(Frame { list, next: 0, rounds: None });
        }
        Ok(None)
    }

    pub(super) fn end_of_list(&mut self) -> Move {
        let visit = self.visits.last_mut();
        let Some(frame) = visit.and_then(|visit| visit.frames.pop()) else { return Ok(None) };
        match frame.rounds {
            Some(rounds) => self.round(frame.list, Rounds { round: rounds.round.saturating_add(1), ..rounds }),
            None => Ok(None),
        }
    }

    pub(super) fn open_loop(&mut self, index: Option<String>, count: &Input, body: ListId) -> Move {
        let count = match self.value(count)? {
            Value::Integer(count) => count,
            // Not set is no round at all; so is what cannot be known.
            Value::NotSet | Value::Unknown => 0,
            other => return Err(format!("loop a {} times", other.kind())),
        };
        self.round(body, Rounds { index, round: 0, count })
    }

    /// Starts one round, or leaves the loop after the last. A round costs an action even when its
    /// list is empty, so that no loop is free.
    pub(super) fn round(&mut self, list: ListId, rounds: Rounds) -> Move {
        if rounds.round >= rounds.count {
            return Ok(None);
        }
        self.spend()?;
        if let Some(index) = &rounds.index {
            self.assign(index, Kind::Integer, Value::Integer(rounds.round))?;
        }
        if let Some(visit) = self.visits.last_mut() {
            visit.frames.push(Frame { list, next: 0, rounds: Some(rounds) });
        }
        Ok(None)
    }

    pub(super) fn leave_to_loop(&mut self, exits: bool) -> Move {
        let frames = self.visits.last_mut().map(|visit| &mut visit.frames);
        let Some((frames, at)) = frames.and_then(|frames| {
            let at = frames.iter().rposition(|frame| frame.rounds.is_some())?;
            Some((frames, at))
        }) else {
            return Err("leave a loop outside of any loop".to_owned());
        };
        frames.truncate(at + 1);
        if exits {
            frames.pop();
            return Ok(None);
        }
        self.end_of_list()
    }

    pub(super) fn call_task(&mut self, id: ActionId, task: TaskId, inputs: &[(String, Input)]) -> Move {
        let mut given = Vec::new();
        for (name, input) in inputs {
            given.push((name, self.value(input)?));
        }
        self.visit(Entry::Task(task), Some(id))?;
        for (name, value) in given {
            let name = if variables::is_of_task(name) { name.clone() } else { format!("Task.{name}") };
            self.assign(&name, Kind::Other, value)?;
        }
        Ok(None)
    }

    /// Goes to a task or menu for good: whatever waited for a return is forgotten.
    pub(super) fn enter(&mut self, entry: Entry) -> Move {
        self.visits.clear();
        self.visit(entry, None)?;
        match entry {
            Entry::Task(_) => Ok(None),
            Entry::Menu(menu) => self.ask_menu(menu),
        }
    }

    pub(super) fn visit(&mut self, place: Entry, caller: Option<ActionId>) -> Result<(), String> {
        let flow = Arc::clone(&self.flow);
        self.visits.push(Visit { place, caller, cells: Cells::new(), frames: Vec::new(), repeats: 0 });
        let Entry::Task(task) = place else { return Ok(()) };
        for variable in &flow.task(task).variables {
            let value = self.value(&variable.initial)?;
            if let Some(visit) = self.visits.last_mut() {
                variables::declare(&mut visit.cells, variable, value)?;
            }
        }
        self.open(flow.task(task).body).map(|_| ())
    }

    /// Leaves a task by `path`, or says a menu again.
    pub(super) fn end_of_visit(&mut self, path: &str) -> Move {
        let Some(visit) = self.visits.pop() else { return Err("end a task: none is being visited".to_owned()) };
        if let Entry::Menu(menu) = visit.place {
            return self.repeat_menu(menu, visit);
        }
        let Some(caller) = visit.caller else {
            return Err("go on at the end of a task: nothing there transfers or ends the call".to_owned());
        };
        let flow = Arc::clone(&self.flow);
        let ActionKind::CallTask { outputs, .. } = &flow.action(caller).kind else { return Ok(None) };
        let output = outputs.iter().find(|(name, _)| name == path);
        self.open(output.map_or(ListId::EMPTY, |(_, list)| *list))
    }

    pub(super) fn ask_menu(&mut self, menu: MenuId) -> Move {
        let flow = Arc::clone(&self.flow);
        self.at = Some(flow.menu(menu).at);
        self.spend()?;
        match self.audio(&flow.menu(menu).audio)? {
            Some(audio) => Ok(Some(self.play(audio, Then::Choose(menu)))),
            None => Ok(Some(self.choose(menu))),
        }
    }

    pub(super) fn choose(&mut self, menu: MenuId) -> Step {
        let keys = self.flow.menu(menu).choices.iter().filter_map(|choice| choice.key).collect();
        self.pending = Pending::Choosing(menu);
        Step::Choose { keys, timeout: self.flow.menu_settings.selection_timeout }
    }

    pub(super) fn chosen(&mut self, menu: MenuId, key: Option<char>) -> Move {
        let choice = self.flow.menu(menu).choices.iter().find(|choice| key.is_some() && choice.key == key);
        // No choice leaves the visit without a list: the menu is said again.
        choice.map(|choice| choice.body).map_or(Ok(None), |body| self.open(body))
    }

    pub(super) fn repeat_menu(&mut self, menu: MenuId, visit: Visit) -> Move {
        if visit.repeats >= self.flow.menu_settings.repeats {
            return Ok(Some(self.end(OutcomeKind::Disconnect, EndReason::NoChoice)));
        }
        self.visits.push(Visit { repeats: visit.repeats + 1, ..visit });
        self.ask_menu(menu)
    }
}
