//! A flow as a picture: an outline of tasks, actions and outputs, with ends in colour and jumps as arrows.
//!
//! SVG without scripts or fonts of its own, so that it can stand in a page, a ticket or a review.

use std::fmt::Write as _;

use crate::chart::{Chart, Class, Next, SequenceId, SequenceKind, Step, StepId, StepSet, TransferTo};
use crate::lint::facts;
use crate::lint::walk::{self, Fault};

/// Heights and widths in pixels.
const ROW: usize = 26;
const INDENT: usize = 22;
const BAR: usize = 18;
const MARGIN: usize = 24;
const CHARACTER: usize = 7;
const LABEL_MAX: usize = 60;

/// What is coloured as the way of a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Highlight {
    /// Actions on the way.
    pub passed: StepSet,
    /// The Data Actions that fail.
    pub failing: StepSet,
    /// How they fail.
    pub fault: Option<Fault>,
}

impl Highlight {
    /// Every way after the failure of the Data Actions that `fails` picks by name.
    pub fn of(chart: &Chart, fault: Fault, fails: impl Fn(&str) -> bool) -> Self {
        let mut highlight = Self { fault: Some(fault), ..Self::default() };
        for (id, _, ask) in chart.asks() {
            if fails(&ask.action) {
                highlight.failing.insert(id);
                highlight.passed.extend(walk::after_failure(chart, id, fault).passed.iter());
            }
        }
        highlight
    }
}

enum Row {
    Sequence(SequenceId),
    Step(StepId),
    Output(StepId, usize),
    /// An output that a fault takes, and that is not written.
    Missing(StepId, &'static str),
}

/// A row's own colours.
struct Colours<'a> {
    chart: &'a Chart,
    highlight: &'a Highlight,
    reachable: StepSet,
}

/// The picture.
pub fn svg(chart: &Chart, highlight: &Highlight) -> String {
    let mut rows: Vec<(usize, Row)> = Vec::new();
    for index in 0..chart.sequences.len() {
        let id = SequenceId(index);
        rows.push((0, Row::Sequence(id)));
        for (step, _) in chart.numbered().filter(|(_, step)| step.sequence == id && step.owner.is_none()) {
            outline(chart, step, 1, &mut rows);
        }
    }
    let text = |row: &Row| label(chart, row);
    let width =
        rows.iter().map(|(depth, row)| depth * INDENT + text(row).chars().count().min(LABEL_MAX) * CHARACTER).max();
    let body = MARGIN + width.unwrap_or_default() + 40;
    let width = body + 160;
    let height = MARGIN * 2 + 34 + (rows.len() + 1) * ROW;
    let colours = Colours { chart, highlight, reachable: facts::reachable(chart) };
    let mut svg = String::new();
    // Writing to a text cannot fail.
    let _written = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{}\">\n{STYLE}<rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n<text class=\"title\" x=\"{MARGIN}\" y=\"{}\">{}</text>\n",
        escaped(&chart.name),
        MARGIN + 10,
        escaped(&chart.name)
    );
    let top = |index: usize| MARGIN + 34 + index * ROW;
    let middle = |index: usize| top(index) + BAR / 2;
    let right = |index: usize| {
        let (depth, row) = &rows[index];
        // Bold letters are wider.
        let class = colours.class(row);
        let character = if class.starts_with("task") || class.starts_with("drop") { CHARACTER + 1 } else { CHARACTER };
        MARGIN + depth * INDENT + shortened(&text(row)).chars().count() * character + 14
    };
    let sequence_row = |id: SequenceId| rows.iter().position(|(_, row)| matches!(row, Row::Sequence(of) if *of == id));
    // Lines from each row to the one that owns it.
    for (index, (depth, _)) in rows.iter().enumerate().filter(|(_, (depth, _))| *depth > 0) {
        let owner = rows[..index].iter().rposition(|(other, _)| other < depth).unwrap_or_default();
        let x = MARGIN + (depth - 1) * INDENT + 8;
        let _written = writeln!(
            svg,
            "<path class=\"line\" d=\"M{x} {} V{} H{}\"/>",
            top(owner) + BAR,
            middle(index),
            x + INDENT - 8
        );
    }
    for (index, (depth, row)) in rows.iter().enumerate() {
        let x = MARGIN + depth * INDENT;
        let shown = shortened(&text(row));
        let class = colours.class(row);
        let length = right(index) - x;
        let _written = writeln!(
            svg,
            "<g class=\"{class}\"><title>{}</title><rect x=\"{x}\" y=\"{}\" width=\"{length}\" height=\"{BAR}\" rx=\"4\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
            escaped(&text(row)),
            top(index),
            x + 7,
            top(index) + 13,
            escaped(&shown)
        );
        if let Row::Missing(id, _) | Row::Output(id, _) = row
            && let Some(next) = goes_on_to(chart, row)
            && let Some(to) = rows.iter().position(|(_, row)| matches!(row, Row::Step(step) if *step == next))
        {
            let is_way = highlight.failing.contains(*id)
                && highlight.fault.is_some_and(|fault| name_of(chart, row) == fault.output());
            let kind = if is_way { "jump way" } else { "jump faint" };
            let (from, end) = (x + length, right(to) + 4);
            let bend = from.max(end) + 40 + (index * 7) % 40;
            let _written = writeln!(
                svg,
                "<path class=\"{kind}\" marker-end=\"url(#head)\" d=\"M{from} {} C{bend} {}, {bend} {}, {end} {}\"/>",
                middle(index),
                middle(index),
                middle(to),
                middle(to)
            );
        }
        let Row::Step(id) = row else { continue };
        if let Class::Jump(reference) | Class::CallTask(reference, _) = &chart.step(*id).class
            && let Some(target) = reference.target.and_then(sequence_row)
        {
            let from = (x + length, middle(index));
            let bend = body + 20 + (index * 13) % 110;
            let kind = if highlight.passed.contains(*id) { "jump way" } else { "jump" };
            let _written = writeln!(
                svg,
                "<path class=\"{kind}\" marker-end=\"url(#head)\" d=\"M{} {} C{bend} {}, {bend} {}, {} {}\"/>",
                from.0,
                from.1,
                from.1,
                middle(target),
                right(target) + 4,
                middle(target)
            );
        }
    }
    let _written = writeln!(
        svg,
        "<text class=\"legend\" x=\"{MARGIN}\" y=\"{}\">orange: the way of the fault · green: a queue · red: cut off · dashed: never reached</text>",
        top(rows.len()) + BAR
    );
    svg.push_str("</svg>\n");
    svg
}

/// The name of an output's row.
fn name_of<'a>(chart: &'a Chart, row: &Row) -> &'a str {
    match row {
        Row::Output(id, index) => &chart.step(*id).outputs[*index].name,
        Row::Missing(_, name) => name,
        _ => "",
    }
}

/// Where control goes when an output has no actions.
fn goes_on_to(chart: &Chart, row: &Row) -> Option<StepId> {
    let step = match row {
        Row::Missing(id, _) => chart.step(*id),
        Row::Output(id, index) if chart.step(*id).outputs[*index].first.is_none() => chart.step(*id),
        _ => return None,
    };
    match step.next {
        Next::Step(next) | Next::Again(next) => Some(next),
        Next::End => None,
    }
}

const STYLE: &str = "<style>
.ground{stroke:none!important;fill:#fff}.legend{fill:#5b6b7a;font-size:11px}.faint{stroke-dasharray:3 3}text{font:12px system-ui,sans-serif;fill:#1c2733}.title{font-size:16px;font-weight:600}
rect{fill:#eef2f6;stroke:#c8d2dc}.task rect{fill:#1c2733;stroke:#1c2733}.task text{fill:#fff;font-weight:600}
.output rect{fill:none;stroke:none}.output text{fill:#5b6b7a;font-style:italic}
.ask rect{fill:#e3edfb;stroke:#6b9bd8}.queue rect{fill:#dff3e4;stroke:#3f9a57}.drop rect{fill:#fbe0e0;stroke:#c62828;stroke-width:2}.drop text{fill:#8e1414;font-weight:600}
.way rect{stroke:#e07b00;stroke-width:2}.failing rect{fill:#ffe9c7;stroke:#e07b00;stroke-width:3}.lost rect{fill:#f3f3f3;stroke-dasharray:3 3}
.line{fill:none;stroke:#c8d2dc}.jump{fill:none;stroke:#8a99a8}.jump.way{stroke:#e07b00;stroke-width:2}
@media(prefers-color-scheme:dark){.ground{fill:#11181f}text{fill:#dfe7ee}rect{fill:#1d2832;stroke:#3a4a59}.task rect{fill:#dfe7ee}.task text{fill:#11181f}.output text{fill:#93a4b3}.ask rect{fill:#1d324d}.queue rect{fill:#173824}.drop rect{fill:#471a1a}.drop text{fill:#ffb4b4}.failing rect{fill:#4d3a14}.lost rect{fill:#161d24}}
</style>
<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0 8 4 0 8z\" fill=\"#8a99a8\"/></marker></defs>
";

fn outline(chart: &Chart, id: StepId, depth: usize, rows: &mut Vec<(usize, Row)>) {
    rows.push((depth, Row::Step(id)));
    for (index, output) in chart.step(id).outputs.iter().enumerate() {
        let inside: Vec<StepId> =
            chart.numbered().filter(|(_, step)| step.owner == Some((id, index))).map(|(step, _)| step).collect();
        if inside.is_empty() && !matters_when_empty(chart.step(id), &output.name) {
            continue;
        }
        rows.push((depth + 1, Row::Output(id, index)));
        for step in inside {
            outline(chart, step, depth + 2, rows);
        }
    }
    if matches!(chart.step(id).class, Class::Ask(_)) {
        let missing = ["failure", "timeout"].into_iter().filter(|name| chart.step(id).output(name).is_none());
        rows.extend(missing.map(|name| (depth + 1, Row::Missing(id, name))));
    }
}

/// An output without actions is shown where a fault would take it.
fn matters_when_empty(step: &Step, output: &str) -> bool {
    matches!(step.class, Class::Ask(_) | Class::Lookup { .. } | Class::Transfer(_))
        && matches!(output, "failure" | "timeout" | "notFound")
}

fn label(chart: &Chart, row: &Row) -> String {
    match row {
        Row::Sequence(id) => {
            let sequence = chart.sequence(*id);
            format!("{} {}", sequence.kind.word(), sequence.name)
        }
        Row::Step(id) => {
            let step = chart.step(*id);
            match &step.class {
                Class::Ask(ask) => format!("{} {} · {}", step.keyword, ask.action, place(step)),
                _ => format!("{} · {}", step.label(), place(step)),
            }
        }
        Row::Output(id, index) => {
            let step = chart.step(*id);
            let output = &step.outputs[*index];
            let empty = if output.first.is_none() { ": nothing, goes on" } else { "" };
            format!("{}{empty}", output.name)
        }
        Row::Missing(_, name) => format!("{name}: nothing, goes on"),
    }
}

impl Colours<'_> {
    fn class(&self, row: &Row) -> String {
        let id = match row {
            Row::Sequence(id) if self.chart.sequence(*id).kind == SequenceKind::Menu => return "task menu".to_owned(),
            Row::Sequence(_) => return "task".to_owned(),
            Row::Output(..) | Row::Missing(..) => return "output".to_owned(),
            Row::Step(id) => id,
        };
        let base = match &self.chart.step(*id).class {
            Class::Ask(_) => "ask",
            Class::Transfer(to) if matches!(to.to, TransferTo::Queue | TransferTo::QueueFromMenu) => "queue",
            Class::Disconnect => "drop",
            Class::Jump(reference) | Class::CallTask(reference, _) if reference.target.is_none() => "drop",
            _ => "step",
        };
        let way = match () {
            () if !self.reachable.contains(*id) => " lost",
            () if self.highlight.failing.contains(*id) => " failing",
            () if self.highlight.passed.contains(*id) => " way",
            () => "",
        };
        format!("{base}{way}")
    }
}

/// Its line, or in an export its number.
fn place(step: &Step) -> String {
    step.tracking.map_or_else(|| step.at.line.to_string(), |number| format!("#{number}"))
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LABEL_MAX {
        return text.to_owned();
    }
    text.chars().take(LABEL_MAX - 1).chain(['…']).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
