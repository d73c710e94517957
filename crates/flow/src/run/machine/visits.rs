//! Where control goes: outputs, loops, tasks and menus.

use std::sync::Arc;

use super::{At, Move, Pending, Rounds, Run, Then, Visit};
use crate::chart::{CallKind, FlowKind, Next, SequenceId, SequenceKind, StepId, TransferTo};
use crate::input::{Input, Kind};
use crate::run::variables::{self, Cells};
use crate::run::{Destination, EndReason, OutcomeKind, Performed, Step};
use crate::value::Value;

impl Run {
    /// On to what follows `id` when no output says otherwise.
    pub(super) fn pass(&mut self, id: StepId) -> Move {
        let at = match self.chart.step(id).next {
            Next::Step(next) => At::Step(next),
            Next::Again(next) => At::Again(next),
            Next::End => At::End,
        };
        self.stand(at)
    }

    /// Into an output, or on where it is missing, empty or switched off.
    pub(super) fn take(&mut self, id: StepId, output: &str) -> Move {
        if let Some(event) = self.events.as_mut().and_then(|events| events.last_mut())
            && event.what == Performed::Step(id)
        {
            event.output = Some(output.to_owned());
        }
        match self.chart.step(id).output(output).and_then(|output| output.first) {
            Some(first) => self.stand(At::Step(first)),
            None => self.pass(id),
        }
    }

    fn stand(&mut self, at: At) -> Move {
        if let Some(visit) = self.visits.last_mut() {
            visit.at = at;
        }
        Ok(None)
    }

    pub(super) fn open_loop(&mut self, id: StepId, count: &Input) -> Move {
        let count = match self.value(count)? {
            Value::Integer(count) => count,
            // Not set is no round at all; of what cannot be known, one round shows what there is.
            Value::NotSet => 0,
            Value::Unknown => 1,
            other => return Err(format!("loop a {} times", other.kind())),
        };
        if let Some(visit) = self.visits.last_mut() {
            visit.loops.push(Rounds { step: id, round: -1, count });
        }
        self.next_round(id)
    }

    /// Starts one round, or leaves the loop after the last. A round costs an action even when its
    /// list is empty, so that no loop is free.
    pub(super) fn next_round(&mut self, id: StepId) -> Move {
        let Some(visit) = self.visits.last_mut() else { return self.pass(id) };
        let Some(rounds) = visit.loops.iter_mut().rfind(|rounds| rounds.step == id) else { return self.pass(id) };
        rounds.round = rounds.round.saturating_add(1);
        let Rounds { round, count, .. } = *rounds;
        if round >= count {
            return self.leave_to_loop(Some(id), true);
        }
        self.spend()?;
        let chart = Arc::clone(&self.chart);
        let step = chart.step(id);
        if let crate::chart::Class::Loop { index: Some(index), .. } = &step.class {
            self.assign(index, Kind::Integer, Value::Integer(round))?;
        }
        match step.outputs.iter().find_map(|output| output.first) {
            Some(first) => self.stand(At::Step(first)),
            None => self.stand(At::Again(id)),
        }
    }

    pub(super) fn leave_to_loop(&mut self, target: Option<StepId>, exits: bool) -> Move {
        let loops = self.visits.last_mut().map(|visit| &mut visit.loops);
        let found = target.zip(loops).and_then(|(id, loops)| {
            let at = loops.iter().rposition(|rounds| rounds.step == id)?;
            loops.truncate(if exits { at } else { at + 1 });
            Some(id)
        });
        match found {
            None => Err("leave a loop outside of any loop".to_owned()),
            Some(id) if exits => self.pass(id),
            Some(id) => self.stand(At::Again(id)),
        }
    }

    pub(super) fn call_task(&mut self, id: StepId, target: Option<SequenceId>, inputs: &[(String, Input)]) -> Move {
        let Some(target) = target else { return Err("find the task that is called".to_owned()) };
        let mut given = Vec::new();
        for (name, input) in inputs {
            given.push((name, self.value(input)?));
        }
        self.visit(target, Some(id))?;
        for (name, value) in given {
            let name = if variables::is_of_task(name) { name.clone() } else { format!("Task.{name}") };
            self.assign(&name, Kind::Other, value)?;
        }
        Ok(None)
    }

    /// Goes to a task, menu or state for good: whatever waited for a return is forgotten.
    pub(super) fn enter(&mut self, id: SequenceId) -> Move {
        self.visits.clear();
        self.visit(id, None)?;
        match self.chart.sequence(id).kind {
            SequenceKind::Menu => self.ask_menu(id),
            _ => Ok(None),
        }
    }

    fn visit(&mut self, id: SequenceId, caller: Option<StepId>) -> Result<(), String> {
        let chart = Arc::clone(&self.chart);
        let sequence = chart.sequence(id);
        let at = sequence.first.map_or(At::End, At::Step);
        self.visits.push(Visit { sequence: id, caller, cells: Cells::new(), loops: Vec::new(), at, repeats: 0 });
        for variable in &sequence.variables {
            let value = self.value(&variable.initial)?;
            // Variables of a state belong to the flow: they are written by its name, and only one state is visited.
            let cells = match self.visits.last_mut() {
                Some(visit) if variables::is_of_task(&variable.name) => &mut visit.cells,
                _ => &mut self.cells,
            };
            variables::declare(cells, variable, value)?;
        }
        Ok(())
    }

    /// Leaves a task by `path`, or says a menu again.
    pub(super) fn end_of_visit(&mut self, path: &str) -> Move {
        let Some(visit) = self.visits.pop() else { return Err("end a task: none is being visited".to_owned()) };
        let kind = self.chart.sequence(visit.sequence).kind;
        if kind == SequenceKind::Menu {
            return self.repeat_menu(visit);
        }
        if let Some(caller) = visit.caller {
            return self.take(caller, path);
        }
        match &self.chart.kind {
            FlowKind::Workflow(_) | FlowKind::Bot(_) | FlowKind::CommonModule => {
                Ok(Some(self.end(OutcomeKind::Ended, EndReason::Action)))
            }
            // The list begins again for as long as the caller waits.
            FlowKind::Call(CallKind::InQueue) if kind == SequenceKind::StartUp => {
                let target = "the queue that the caller waits in".to_owned();
                let destination = Destination { to: TransferTo::Queue, target, priority: 0 };
                Ok(Some(self.end(OutcomeKind::Queue(destination), EndReason::Action)))
            }
            _ => Err("go on at the end of a task: nothing there transfers or ends the call".to_owned()),
        }
    }

    fn ask_menu(&mut self, menu: SequenceId) -> Move {
        let chart = Arc::clone(&self.chart);
        self.at = Some(chart.sequence(menu).at);
        self.note(Performed::Menu(menu));
        self.spend()?;
        match self.audio(&chart.sequence(menu).audio)? {
            Some(audio) => Ok(Some(self.play(audio, Then::Choose(menu)))),
            None => Ok(Some(self.choose(menu))),
        }
    }

    pub(super) fn choose(&mut self, menu: SequenceId) -> Step {
        let keys = self.chart.sequence(menu).choices.iter().filter_map(|choice| choice.key).collect();
        self.pending = Pending::Choosing(menu);
        Step::Choose { keys, timeout: self.chart.menu_settings.selection_timeout }
    }

    pub(super) fn chosen(&mut self, menu: SequenceId, key: Option<char>) -> Move {
        let choices = &self.chart.sequence(menu).choices;
        let choice = choices.iter().find(|choice| key.is_some() && choice.key == key);
        // No choice leads to the end of the menu: it is said again.
        let at = choice.map_or(At::End, |choice| At::Step(choice.step));
        self.stand(at)
    }

    fn repeat_menu(&mut self, visit: Visit) -> Move {
        if visit.repeats >= self.chart.menu_settings.repeats {
            return Ok(Some(self.end(OutcomeKind::Disconnect, EndReason::NoChoice)));
        }
        let menu = visit.sequence;
        self.visits.push(Visit { repeats: visit.repeats + 1, ..visit });
        self.ask_menu(menu)
    }
}
