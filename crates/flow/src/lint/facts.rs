//! What the rules ask a chart for: who follows whom, who reads and writes a variable, where callers end up.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::chart::{
    Chart, Class, Declared, Handling, Heard, Next, Reference, SequenceId, Start, Statement, Step, StepId, StepSet,
};
use crate::data_action::{TIMEOUT_MAX, TIMEOUT_MIN};
use crate::expr::{Binary, Expr, Literal};
use crate::input::{Input, Source};
use crate::lint::walk::{self, End, Fault, Known, Ways};
use crate::lint::{Library, Settings};
use crate::value::{Sound, Value};

/// A chart with everything that was found out about it once.
pub(super) struct Facts<'a> {
    pub(super) chart: &'a Chart,
    pub(super) settings: &'a Settings,
    pub(super) library: &'a Library,
    /// Its Data Actions, in the order of the file.
    pub(super) calls: Vec<Call>,
    /// What can follow each action, called tasks and their returns included.
    follows: Vec<Vec<StepId>>,
    /// The same without returns: a cycle in it is a cycle in a run.
    inner: Vec<Vec<StepId>>,
    /// Actions that run or call a Data Action.
    asking: Vec<bool>,
    /// The action before each in its own list.
    before: Vec<Option<StepId>>,
}

/// A Data Action that the flow calls.
pub(super) struct Call {
    pub(super) id: StepId,
    /// Every way after each failure.
    pub(super) ways: [Ways; 2],
    /// The ways that initial values allow.
    pub(super) likely: [Ways; 2],
    /// How long it may take.
    pub(super) limit: Limit,
    /// What is said right before it.
    pub(super) said_before: Heard,
}

/// How long a Data Action may take, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) time: Duration,
    pub(super) source: LimitSource,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LimitSource {
    /// The flow.
    Flow,
    /// The Data Action's own file.
    Action,
    /// Nobody: the platform's 60 s.
    Default,
    /// An expression, known only when it runs.
    Computed,
}

/// Both failures of a Data Action; the indices of [`Call::ways`].
pub(super) const FAULTS: [Fault; 2] = [Fault::Failure, Fault::Timeout];

impl<'a> Facts<'a> {
    pub(super) fn new(chart: &'a Chart, settings: &'a Settings, library: &'a Library) -> Self {
        let mut facts = Self {
            chart,
            settings,
            library,
            calls: Vec::new(),
            follows: successors(chart, true),
            inner: successors(chart, false),
            asking: asking(chart),
            before: before(chart),
        };
        let known = walk::initial(chart);
        facts.calls = chart.asks().map(|(id, _, _)| facts.call(id, &known)).collect();
        facts
    }

    fn call(&self, id: StepId, known: &Known) -> Call {
        let ways = FAULTS.map(|fault| walk::after_failure(self.chart, id, fault));
        Call {
            id,
            likely: match known.is_empty() {
                true => ways.clone(),
                false => FAULTS.map(|fault| walk::after_failure_knowing(self.chart, id, fault, known)),
            },
            ways,
            limit: self.limit(id),
            said_before: self.said_before(id),
        }
    }

    /// How long the Data Action at `id` may take: the flow's limit, the action's own, or the platform's.
    fn limit(&self, id: StepId) -> Limit {
        let Class::Ask(ask) = &self.chart.step(id).class else {
            return Limit { time: TIMEOUT_MAX, source: LimitSource::Default };
        };
        let own = self.library.actions.get(&ask.action).and_then(|action| action.timeout);
        let (time, source) = match (ask.timeout, own) {
            _ if ask.has_computed_timeout() => (TIMEOUT_MAX, LimitSource::Computed),
            // An export writes the platform's default out; the action's own limit holds then.
            (Some(TIMEOUT_MAX) | None, Some(own)) => (own, LimitSource::Action),
            (Some(TIMEOUT_MAX) | None, None) => (TIMEOUT_MAX, LimitSource::Default),
            (Some(time), _) => (time, LimitSource::Flow),
        };
        Limit { time: time.clamp(TIMEOUT_MIN, TIMEOUT_MAX), source }
    }

    /// What is said right before `id`: the nearest action before it that says something, with nothing but quick
    /// assignments in between.
    fn said_before(&self, id: StepId) -> Heard {
        let mut at = id;
        loop {
            let before = self.before[at.0].map(|id| (id, self.chart.step(id)));
            let owner = self.chart.step(at).owner;
            let Some((before, step)) = before.or_else(|| owner.map(|(id, _)| (id, self.chart.step(id)))) else {
                return Heard::Nothing;
            };
            match &step.class {
                Class::Say(_) if step.heard() > Heard::Nothing => return step.heard(),
                Class::Assign(_) | Class::Attributes(_) | Class::Branch(_) | Class::Choice | Class::Known => {
                    at = before;
                }
                _ => return Heard::Nothing,
            }
        }
    }

    /// The steps that can follow `id` directly.
    pub(super) fn follows(&self, id: StepId) -> &[StepId] {
        &self.follows[id.0]
    }

    /// Every step that can be reached from `from`, without going past a step where `stop` says so.
    pub(super) fn reach(&self, from: impl IntoIterator<Item = StepId>, stop: impl Fn(StepId) -> bool) -> StepSet {
        reach_in(&self.follows, from, stop)
    }

    /// The same within one pass: called tasks are entered, and passed over.
    pub(super) fn reach_inside(
        &self,
        from: impl IntoIterator<Item = StepId>,
        stop: impl Fn(StepId) -> bool,
    ) -> StepSet {
        reach_in(&self.inner, from, stop)
    }

    /// The step to which an output leads: its first, or what follows.
    pub(super) fn target(&self, id: StepId, output: &str) -> Option<StepId> {
        let step = self.chart.step(id);
        step.output(output).and_then(|output| output.first).or(match step.next {
            Next::Step(id) | Next::Again(id) => Some(id),
            Next::End => None,
        })
    }

    /// True for an action that runs a Data Action, itself or in a task that it calls.
    pub(super) fn is_asking(&self, id: StepId) -> bool {
        self.asking[id.0]
    }

    /// True for an action inside the output `output` of `of`, at any depth.
    pub(super) fn is_inside(&self, id: StepId, of: StepId, output: &str) -> bool {
        let mut owner = self.chart.step(id).owner;
        while let Some((step, index)) = owner {
            if step == of {
                return self.chart.step(of).outputs.get(index).is_some_and(|found| found.name == output);
            }
            owner = self.chart.step(step).owner;
        }
        false
    }

    /// The Data Actions whose failure or timeout output holds an action, at any depth; the innermost first.
    pub(super) fn faults_around(&self, id: StepId) -> impl Iterator<Item = (StepId, Fault)> + '_ {
        let owner = |id: StepId| self.chart.step(id).owner;
        std::iter::successors(owner(id), move |(step, _)| owner(*step)).filter_map(|(step, output)| {
            let name = &self.chart.step(step).outputs.get(output)?.name;
            let is_ask = matches!(self.chart.step(step).class, Class::Ask(_));
            FAULTS.into_iter().find(|fault| is_ask && fault.output() == name).map(|fault| (step, fault))
        })
    }

    /// True when the flow transfers to a queue somewhere.
    pub(super) fn has_queue(&self) -> bool {
        use crate::chart::TransferTo::{Queue, QueueFromMenu};
        let is_queue =
            |step: &Step| matches!(&step.class, Class::Transfer(to) if matches!(to.to, Queue | QueueFromMenu));
        self.chart.steps.iter().any(is_queue)
    }

    /// True when nothing says that `variable` holds something: no initial value, and nobody asks for it.
    pub(super) fn is_declared_with_value(&self, variable: &str) -> bool {
        let declared = self.chart.variables.iter().chain(self.chart.sequences.iter().flat_map(|s| &s.variables));
        declared.filter(|declared| declared.name.eq_ignore_ascii_case(variable)).any(Declared::has_initial)
    }
}

impl Call {
    /// The worst end of the likely ways after a fault.
    pub(super) fn worst(&self, fault: Fault) -> Option<(End, Heard)> {
        let ways = &self.likely[usize::from(fault == Fault::Timeout)];
        let worst = ways.worst().or_else(|| self.ways[usize::from(fault == Fault::Timeout)].worst())?;
        Some((worst.end, worst.heard))
    }

    pub(super) fn ways(&self, fault: Fault) -> &Ways {
        &self.ways[usize::from(fault == Fault::Timeout)]
    }

    pub(super) fn likely(&self, fault: Fault) -> &Ways {
        &self.likely[usize::from(fault == Fault::Timeout)]
    }
}

pub(crate) fn reach_in(
    edges: &[Vec<StepId>],
    from: impl IntoIterator<Item = StepId>,
    stop: impl Fn(StepId) -> bool,
) -> StepSet {
    let mut open: Vec<StepId> = from.into_iter().collect();
    let mut seen: StepSet = open.iter().copied().collect();
    while let Some(id) = open.pop() {
        if stop(id) {
            continue;
        }
        for &next in &edges[id.0] {
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    seen
}

/// What can follow each action directly.
pub(crate) fn successors(chart: &Chart, with_returns: bool) -> Vec<Vec<StepId>> {
    let mut ends: Vec<Vec<StepId>> = vec![Vec::new(); chart.sequences.len()];
    let behind = |step: &Step| match step.next {
        Next::Step(id) | Next::Again(id) => Some(id),
        Next::End => None,
    };
    let outputs = |step: &Step| {
        let firsts: Vec<StepId> = step.outputs.iter().filter_map(|output| output.first).collect();
        firsts
    };
    for step in &chart.steps {
        if let Class::CallTask(Reference { target: Some(target), .. }, _) = &step.class {
            ends[target.0].extend(behind(step));
            ends[target.0].extend(outputs(step));
        }
    }
    let entry = |id: SequenceId| chart.sequence(id).first;
    let mut all = Vec::with_capacity(chart.steps.len());
    for step in &chart.steps {
        let mut next: Vec<StepId> = Vec::new();
        match &step.class {
            Class::Jump(Reference { target: Some(target), .. })
            | Class::CallTask(Reference { target: Some(target), .. }, _) => next.extend(entry(*target)),
            Class::LoopNext(Some(to)) => next.push(*to),
            Class::LoopExit(Some(to)) => next.extend(behind(chart.step(*to))),
            Class::EndTask(_) if with_returns => next.extend(ends[step.sequence.0].iter().copied()),
            _ => {}
        }
        next.extend(outputs(step));
        if step.goes_on() {
            next.extend(behind(step));
            if with_returns && step.next == Next::End {
                next.extend(ends[step.sequence.0].iter().copied());
            }
        }
        all.push(next);
    }
    all
}

/// The action before each in its own list.
fn before(chart: &Chart) -> Vec<Option<StepId>> {
    let mut before = vec![None; chart.steps.len()];
    for (id, step) in chart.numbered() {
        if let Next::Step(next) = step.next
            && chart.step(next).owner == step.owner
        {
            before[next.0] = Some(id);
        }
    }
    before
}

fn asking(chart: &Chart) -> Vec<bool> {
    let mut sequences = vec![false; chart.sequences.len()];
    let is_asking = |step: &Step, sequences: &[bool]| match &step.class {
        Class::Ask(_) => true,
        Class::CallTask(Reference { target: Some(target), .. }, _) => sequences[target.0],
        _ => false,
    };
    // Tasks that call tasks: once more until nothing changes, at most once for each of them.
    for _ in 0..=chart.sequences.len() {
        let mut has_changed = false;
        for step in &chart.steps {
            if is_asking(step, &sequences) && !sequences[step.sequence.0] {
                sequences[step.sequence.0] = true;
                has_changed = true;
            }
        }
        if !has_changed {
            break;
        }
    }
    chart.steps.iter().map(|step| is_asking(step, &sequences)).collect()
}

/// The steps that a run can come to, from the start and from error handling.
pub(crate) fn reachable(chart: &Chart) -> StepSet {
    let follows = successors(chart, true);
    let mut starts: Vec<SequenceId> = Vec::new();
    if let Start::At(id) = chart.start {
        starts.push(id);
    }
    if let Handling::Jump(reference) = &chart.on_error.handling {
        starts.extend(reference.target);
    }
    let mut reached = StepSet::default();
    let mut sequences = BTreeSet::new();
    while let Some(id) = starts.pop() {
        if !sequences.insert(id) {
            continue;
        }
        let sequence = chart.sequence(id);
        let firsts = sequence.choices.iter().map(|choice| choice.step).chain(sequence.first);
        let inside = reach_in(&follows, firsts, |_| false);
        for step in inside.iter() {
            // A jump to a menu has no step to follow: its choices are begun from here.
            if let Class::Jump(Reference { target: Some(to), .. })
            | Class::CallTask(Reference { target: Some(to), .. }, _) = &chart.step(step).class
            {
                starts.push(*to);
            }
        }
        reached.extend(inside.iter());
    }
    reached
}

/// Every variable in an expression, with its scope, as written.
pub(crate) fn variables(expr: &Expr) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    visit(expr, &mut |expr| {
        if let Expr::Variable { scope, name } = expr {
            found.insert(format!("{scope}.{name}"));
        }
    });
    found
}

/// Calls `see` for an expression and all its parts, the outermost first.
pub(super) fn visit<'e>(expr: &'e Expr, see: &mut dyn FnMut(&'e Expr)) {
    see(expr);
    match expr {
        Expr::Literal(_) | Expr::Variable { .. } => {}
        Expr::Member(of, _) | Expr::Unary(_, of) => visit(of, see),
        Expr::Index(left, right) | Expr::Binary(_, left, right) => {
            visit(left, see);
            visit(right, see);
        }
        Expr::Call(_, arguments) => {
            for argument in arguments {
                visit(argument, see);
            }
        }
    }
}

/// True when an expression asks whether `variable` holds something.
pub(super) fn guards(expr: &Expr, variable: &str) -> bool {
    const ASKING: [&str; 6] = ["isset", "isnotset", "isnotsetorempty", "isempty", "count", "length"];
    let mut found = false;
    visit(expr, &mut |expr| match expr {
        Expr::Call(name, arguments) if ASKING.contains(&name.to_ascii_lowercase().as_str()) => {
            found |= arguments.iter().any(|argument| mentions(argument, variable));
        }
        Expr::Binary(Binary::Equal | Binary::NotEqual, left, right) => {
            let is_nothing = |side: &Expr| {
                matches!(side, Expr::Literal(Literal::NotSet))
                    || matches!(side, Expr::Literal(Literal::String(text)) if text.is_empty())
            };
            found |= is_nothing(left) && mentions(right, variable) || is_nothing(right) && mentions(left, variable);
        }
        _ => {}
    });
    found
}

/// True when `variable` stands anywhere in an expression.
pub(super) fn mentions(expr: &Expr, variable: &str) -> bool {
    let mut found = false;
    visit(expr, &mut |expr| {
        if let Expr::Variable { scope, name } = expr {
            found |= is_variable(scope, name, variable);
        }
    });
    found
}

fn is_variable(scope: &str, name: &str, variable: &str) -> bool {
    variable.split_once('.').is_some_and(|(of, is)| of.eq_ignore_ascii_case(scope) && is.eq_ignore_ascii_case(name))
}

/// True when an error of the flow follows from `variable` being not set: it is an operand, an index, or an argument
/// that must be something.
pub(super) fn breaks_on(expr: &Expr, variable: &str) -> bool {
    const NEEDING: [&str; 18] = [
        "toint",
        "todecimal",
        "tonumber",
        "toaudiotts",
        "toaudionumber",
        "toaudioduration",
        "toaudiocurrency",
        "toaudiodate",
        "toaudiotime",
        "todatetime",
        "substring",
        "left",
        "right",
        "getat",
        "finduserprompt",
        "findsystemprompt",
        "jsonparse",
        "tophonenumber",
    ];
    let is_it = |expr: &Expr| {
        let mut expr = expr;
        while let Expr::Member(of, _) = expr {
            expr = of;
        }
        matches!(expr, Expr::Variable { scope, name } if is_variable(scope, name, variable))
    };
    let mut found = false;
    visit(expr, &mut |expr| match expr {
        Expr::Binary(operator, left, right) => {
            let is_harmless = matches!(operator, Binary::Equal | Binary::NotEqual | Binary::And | Binary::Or);
            found |= !is_harmless && (is_it(left) || is_it(right));
        }
        Expr::Index(of, index) => found |= is_it(of) || is_it(index),
        Expr::Call(name, arguments) if NEEDING.contains(&name.to_ascii_lowercase().as_str()) => {
            found |= arguments.iter().any(is_it);
        }
        _ => {}
    });
    found
}

/// The variables that an action assigns.
pub(super) fn assigns(step: &Step, variable: &str) -> bool {
    let assigned = match &step.class {
        Class::Assign(statements) => {
            statements.iter().any(|Statement { variable: name, .. }| name.eq_ignore_ascii_case(variable))
        }
        _ => false,
    };
    assigned || step.writes.iter().any(|name| name.eq_ignore_ascii_case(variable))
}

/// The whole number that a literal is, written as one or as an expression.
pub(super) fn whole(input: &Input) -> Option<i64> {
    match &input.source {
        Source::Literal(Value::Integer(number)) => Some(*number),
        Source::Literal(Value::String(text)) => text.trim().parse().ok(),
        Source::Expression(Expr::Literal(Literal::Integer(number))) => Some(*number),
        _ => None,
    }
}

/// Everything that is said, as far as it is written out.
pub(super) fn spoken(input: &Input) -> String {
    match &input.source {
        Source::NotSet => String::new(),
        Source::Literal(Value::Audio(audio)) => {
            let speech = audio.0.iter().filter_map(|sound| match sound {
                Sound::Speech(text) => Some(text.as_str()),
                _ => None,
            });
            speech.collect::<Vec<_>>().join(" ")
        }
        Source::Literal(value) => value.to_text().unwrap_or_default(),
        Source::Expression(expr) => {
            let mut text = String::new();
            visit(expr, &mut |expr| {
                if let Expr::Literal(Literal::String(part)) = expr {
                    text.push_str(part);
                    text.push(' ');
                }
            });
            text
        }
    }
}
