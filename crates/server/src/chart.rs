//! Where the bars of the chart go: calls per outcome, slot by slot.
//!
//! Geometry only; the template draws. Coordinates are in a box of [`WIDTH`] by [`HEIGHT`], which the page
//! stretches; labels are text of the page and stay as they are. A slot
//! without data is no bar of height zero: it is marked as a gap.

use jiff::Timestamp;

use crate::history::{Counts, SLOT_S, SLOTS};
use crate::words;

/// Width of the drawing.
pub(crate) const WIDTH: u32 = 720;
/// Height of the drawing, without labels.
pub(crate) const HEIGHT: u32 = 160;

/// The outcomes in the order of [`Counts`]: CSS class and word.
pub(crate) const OUTCOMES: [(&str, &str); 5] = [
    ("ok", "live answer"),
    ("cached", "kept answer"),
    ("fallback", "fallback"),
    ("shed", "turned away"),
    ("error", "error"),
];

/// The chart, ready to be drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chart {
    pub(crate) bars: Vec<Bar>,
    pub(crate) gaps: Vec<Gap>,
    /// The value at the upper edge.
    pub(crate) top: String,
    /// The value half-way up.
    pub(crate) half: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) is_known: bool,
}

/// One outcome in one slot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) width: String,
    pub(crate) height: String,
    pub(crate) class: &'static str,
}

/// Slots in a row about which nothing is known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gap {
    pub(crate) x: String,
    pub(crate) width: String,
}

/// One minute as numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) minute: String,
    /// One text per outcome; empty when nothing is known.
    pub(crate) counts: Vec<String>,
}

impl Chart {
    /// Draws `slots`, of which the last holds `now`.
    pub(crate) fn new(slots: &[Option<Counts>], now: Timestamp) -> Self {
        let most = slots.iter().flatten().map(|counts| counts.iter().sum::<u64>()).max().unwrap_or(0);
        let top = nice_top(most);
        let step = f64::from(WIDTH) / SLOTS as f64;
        let mut chart = Self { is_known: slots.iter().any(Option::is_some), ..Self::default() };
        for (n, slot) in slots.iter().enumerate() {
            let x = step * n as f64;
            match slot {
                Some(counts) => chart.stack(counts, x, step, top),
                None => chart.gap(x, step),
            }
        }
        chart.top = words::count(top);
        chart.half = words::count(top / 2);
        chart.rows = rows(slots, now);
        chart
    }

    fn stack(&mut self, counts: &Counts, x: f64, step: f64, top: u64) {
        let mut below = 0;
        for (count, (class, _)) in counts.iter().zip(OUTCOMES) {
            if *count == 0 {
                continue;
            }
            below += count;
            self.bars.push(Bar {
                x: number(x + 1.0),
                y: number(height(top.saturating_sub(below), top)),
                width: number(step - 2.0),
                // What is there is seen: no bar is thinner than a line.
                height: number(height(*count, top).max(1.0)),
                class,
            });
        }
    }

    fn gap(&mut self, x: f64, step: f64) {
        match self.gaps.last_mut().filter(|gap| is_next(gap, x)) {
            Some(gap) => gap.width = number(width(gap) + step),
            None => self.gaps.push(Gap { x: number(x), width: number(step) }),
        }
    }
}

fn is_next(gap: &Gap, x: f64) -> bool {
    let start: f64 = gap.x.parse().unwrap_or(0.0);
    (start + width(gap) - x).abs() < 0.5
}

fn width(gap: &Gap) -> f64 {
    gap.width.parse().unwrap_or(0.0)
}

fn height(count: u64, top: u64) -> f64 {
    if top == 0 { 0.0 } else { count as f64 / top as f64 * f64::from(HEIGHT) }
}

/// The next of 4, 10, 20, 50, 100, … that is not below `most`: an axis that does not twitch.
fn nice_top(most: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for top in [4, 10, 20, 50].map(|factor| unit.saturating_mul(factor)) {
            if most <= top {
                return top;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// The table twin: one row per minute, the latest first.
fn rows(slots: &[Option<Counts>], now: Timestamp) -> Vec<Row> {
    let per_minute = (60 / SLOT_S) as usize;
    let mut rows = Vec::new();
    for (n, minute) in slots.rchunks(per_minute).enumerate() {
        let known: Vec<_> = minute.iter().flatten().collect();
        let counts = (0..OUTCOMES.len()).map(|outcome| known.iter().map(|counts| counts[outcome]).sum());
        let is_known = !known.is_empty();
        rows.push(Row {
            minute: label(n, now),
            counts: if is_known { counts.map(words::count).collect() } else { Vec::new() },
        });
    }
    rows
}

fn label(minutes_ago: usize, now: Timestamp) -> String {
    let at = now.as_second() - 60 * minutes_ago as i64;
    Timestamp::from_second(at).map(|at| at.strftime("%H:%M").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(last: &[Option<Counts>]) -> Chart {
        let mut slots = vec![None; SLOTS as usize - last.len()];
        slots.extend_from_slice(last);
        Chart::new(&slots, "2026-11-21T08:00:00Z".parse().unwrap())
    }

    #[test]
    fn outcomes_are_stacked_from_below() {
        let chart = chart(&[Some([6, 0, 3, 0, 1])]);
        let bars: Vec<_> = chart.bars.iter().map(|bar| (bar.class, bar.y.as_str(), bar.height.as_str())).collect();
        assert_eq!(bars, [("ok", "64", "96"), ("fallback", "16", "48"), ("error", "0", "16")]);
        assert_eq!((chart.top.as_str(), chart.half.as_str()), ("10", "5"));
    }

    #[test]
    fn what_is_not_known_is_one_gap_and_no_bar() {
        let chart = chart(&[Some([1, 0, 0, 0, 0])]);
        assert_eq!(chart.gaps, [Gap { x: "0".into(), width: "696".into() }]);
        assert_eq!(chart.bars.len(), 1);
    }

    #[test]
    fn the_table_says_the_same_minute_by_minute() {
        let chart = chart(&[None, Some([1, 0, 0, 0, 0]), Some([2, 0, 0, 0, 4])]);
        assert_eq!(chart.rows.len(), 10);
        assert_eq!(chart.rows[0].minute, "08:00");
        assert_eq!(chart.rows[0].counts, ["3", "0", "0", "0", "4"]);
        assert!(chart.rows[1].counts.is_empty());
    }

    #[test]
    fn the_axis_ends_at_a_round_number() {
        assert_eq!([0, 4, 5, 10, 11, 51, 1_234].map(nice_top), [4, 4, 10, 10, 20, 100, 2_000]);
    }

    #[test]
    fn without_any_data_nothing_is_drawn_as_a_number() {
        let chart = chart(&[]);
        assert!(!chart.is_known && chart.bars.is_empty());
        assert!(chart.rows.iter().all(|row| row.counts.is_empty()));
    }
}
