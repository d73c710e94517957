//! Where the curve of the odds against a release goes.
//!
//! Geometry only; the template draws. The axis is logarithmic: each minute multiplies the odds, so that steady trouble
//! is a straight line. Lines and areas are in a box of [`WIDTH`] by [`HEIGHT`] that the page stretches; what must keep
//! its shape, words and dots, has its place in percent. A minute of which nothing is known is a gap: the line stops
//! before it and goes on after it.

use api::{ReleaseMinute, ReleaseView};
use jiff::Timestamp;

use crate::words;

/// Width of the drawing.
pub(crate) const WIDTH: u32 = 720;
/// Height of the drawing, without labels.
pub(crate) const HEIGHT: u32 = 200;

/// The most minutes that are drawn and told, the last ones: longer than any release is watched.
pub(crate) const MINUTES_MAX: usize = 1_440;
/// Fewer minutes than these do not fill the width.
const MINUTES_MIN: i64 = 12;
/// The lowest odds of the axis, as a power of ten; lower ones are drawn there.
const LOWEST: f64 = -1.0;
/// The highest odds of the axis, as a power of ten; higher ones are drawn there.
const HIGHEST_MAX: f64 = 12.0;
/// The most labels of the axis.
const LABELS_MAX: i32 = 6;
/// Where the words of a threshold may stand, the best place first.
const PLACES: [Place; 3] = [
    Place { class: "at-start", x: "0.8%", from: 0.0, to: 0.34 },
    Place { class: "at-end", x: "99.2%", from: 0.66, to: 1.0 },
    Place { class: "amid", x: "50%", from: 0.33, to: 0.67 },
];
/// How far above its line the words of a threshold reach, and how far below.
const WORDS_HIGH: (f64, f64) = (0.13, 0.03);

/// The curve, ready to be drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OddsChart {
    pub(crate) lines: Vec<Line>,
    pub(crate) gaps: Vec<Area>,
    pub(crate) maintained: Vec<Area>,
    /// Powers of ten: where, and what they are called.
    pub(crate) powers: Vec<(String, String)>,
    pub(crate) suspect: Threshold,
    pub(crate) needed: Threshold,
    /// Where it was gone back.
    pub(crate) back: Option<String>,
    /// The latest that is known: class and place.
    pub(crate) latest: Option<(&'static str, String, String)>,
    /// When the axis begins and ends.
    pub(crate) ends: Option<(String, String)>,
    pub(crate) has_recovery: bool,
    pub(crate) is_known: bool,
    /// Why there is no line.
    pub(crate) nothing: &'static str,
}

/// Minutes in a row of which something is known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) class: &'static str,
    pub(crate) points: String,
}

/// Minutes in a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Area {
    pub(crate) x: String,
    pub(crate) width: String,
}

/// Odds from which on something follows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Threshold {
    pub(crate) y: String,
    pub(crate) odds: String,
    /// Where its words stand.
    pub(crate) words: Place,
}

/// A place for words.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Place {
    pub(crate) class: &'static str,
    pub(crate) x: &'static str,
    /// The part of the width that they take, from 0 to 1.
    from: f64,
    to: f64,
}

/// The table twin: one minute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MinuteRow {
    pub(crate) at: String,
    /// Conversations, those that failed, their share, and the odds; empty when nothing is known.
    pub(crate) counts: Vec<String>,
    pub(crate) note: &'static str,
}

/// The axes of one curve.
struct Axes {
    first: Timestamp,
    minutes: i64,
    highest: f64,
}

impl Axes {
    fn x(&self, minute: i64) -> f64 {
        f64::from(WIDTH) * minute as f64 / self.minutes as f64
    }

    fn y(&self, odds: f64) -> f64 {
        f64::from(HEIGHT) * (1.0 - self.share(odds))
    }

    /// How far up, from 0 to 1.
    fn share(&self, odds: f64) -> f64 {
        let power = odds.max(f64::MIN_POSITIVE).log10().clamp(LOWEST, self.highest);
        (power - LOWEST) / (self.highest - LOWEST)
    }

    /// Minutes since the first.
    fn place(&self, at: Timestamp) -> i64 {
        at.duration_since(self.first).as_mins()
    }
}

impl OddsChart {
    /// Of the last minutes of a release.
    pub(crate) fn new(release: &ReleaseView, now: Timestamp) -> Self {
        let minutes = last(&release.minutes, MINUTES_MAX);
        let most = minutes.iter().filter_map(|minute| minute.odds).fold(release.odds_needed, f64::max);
        let highest = (most.max(10.0).log10() + 0.2).ceil().min(HIGHEST_MAX);
        let first = minutes.first().map_or(release.published_at, |minute| minute.at);
        let place = |at: Timestamp| at.duration_since(first).as_mins();
        let end = minutes.last().map_or(0, |minute| place(minute.at) + 1);
        let axes = Axes { first, minutes: end.max(MINUTES_MIN), highest };
        let mut chart = Self { powers: powers(&axes), ..Self::default() };
        let curve = chart.draw(minutes, &axes);
        chart.suspect = threshold(&axes, release.odds_suspect, &curve);
        chart.needed = threshold(&axes, release.odds_needed, &curve);
        chart.is_known = !chart.lines.is_empty();
        chart.nothing = match minutes.iter().any(|minute| minute.conversations.is_some()) {
            true => "Without a known past of the flow there are no odds.",
            false => "Nothing is known of any minute yet.",
        };
        let last = minutes_after(first, axes.minutes);
        chart.ends = chart.is_known.then(|| (words::instant(first, now), words::instant(last, now)));
        chart
    }

    /// Draws the lines and the areas; where the lines are, from 0 to 1 in both directions.
    fn draw(&mut self, minutes: &[ReleaseMinute], axes: &Axes) -> Vec<Step> {
        let mut curve = Vec::new();
        let mut pen = Pen::default();
        let mut next = 0;
        for minute in minutes {
            let place = axes.place(minute.at);
            if minute.is_after_rollback && !pen.is_after_rollback {
                self.put_down(&mut pen);
                self.back = Some(percent(axes.x(place) / f64::from(WIDTH)));
                self.has_recovery = true;
                pen = Pen { is_after_rollback: true, ..Pen::default() };
            }
            // A minute that was left out is no better known than one without counts.
            if next < place {
                self.put_down(&mut pen);
                area(&mut self.gaps, axes, next, place);
            }
            if minute.is_maintained {
                area(&mut self.maintained, axes, place, place + 1);
            }
            next = place + 1;
            let is_counted = minute.conversations.is_some() && minute.errors.is_some();
            let Some(odds) = minute.odds.filter(|_| is_counted) else {
                self.put_down(&mut pen);
                area(&mut self.gaps, axes, place, next);
                self.latest = None;
                continue;
            };
            if pen.points.is_empty() {
                pen.to(axes.x(place), axes.y(pen.odds));
            }
            let (x, y) = (axes.x(next) / f64::from(WIDTH), 1.0 - axes.share(odds));
            let from = (axes.x(place) / f64::from(WIDTH), 1.0 - axes.share(pen.odds));
            curve.push(Step { from, to: (x, y) });
            pen.odds = odds;
            pen.to(axes.x(next), axes.y(odds));
            self.latest = Some((pen.class(), percent(x), percent(y)));
        }
        self.put_down(&mut pen);
        curve
    }

    fn put_down(&mut self, pen: &mut Pen) {
        if !pen.points.is_empty() {
            let points = std::mem::take(&mut pen.points);
            self.lines.push(Line { class: pen.class(), points: points.trim_end().to_owned() });
        }
    }
}

/// One minute of a line.
#[derive(Clone, Copy, Debug)]
struct Step {
    from: (f64, f64),
    to: (f64, f64),
}

impl Step {
    /// Whether it meets words that stand there above `y`.
    fn meets(&self, words: &Place, y: f64) -> bool {
        let ((x0, y0), (x1, y1)) = (self.from, self.to);
        let is_beside = x1 <= words.from || words.to <= x0;
        let (top, bottom) = (y0.min(y1), y0.max(y1));
        !is_beside && y - WORDS_HIGH.0 < bottom && top < y + WORDS_HIGH.1
    }
}

/// What draws a line. Odds are even at the beginning, and stay what they were where nothing is known.
struct Pen {
    points: String,
    odds: f64,
    is_after_rollback: bool,
}

impl Default for Pen {
    fn default() -> Self {
        Self { points: String::new(), odds: 1.0, is_after_rollback: false }
    }
}

impl Pen {
    fn to(&mut self, x: f64, y: f64) {
        self.points.push_str(&format!("{},{} ", number(x), number(y)));
    }

    fn class(&self) -> &'static str {
        if self.is_after_rollback { "recovery" } else { "against" }
    }
}

/// The last minutes as a table, the latest first.
pub(crate) fn rows(release: &ReleaseView, rows_max: usize, now: Timestamp) -> Vec<MinuteRow> {
    let mut rows = Vec::new();
    let mut later: Option<Timestamp> = None;
    for minute in last(&release.minutes, rows_max.min(MINUTES_MAX)).iter().rev() {
        let next = minutes_after(minute.at, 1);
        if let Some(later) = later.filter(|later| next < *later) {
            rows.push(left_out(next, later, now));
        }
        rows.push(row(minute, now));
        later = Some(minute.at);
    }
    rows
}

/// Minutes that were left out, up to a later one.
fn left_out(from: Timestamp, until: Timestamp, now: Timestamp) -> MinuteRow {
    let at = format!("{} to {}", words::instant(from, now), words::instant(until, now));
    MinuteRow { at, counts: Vec::new(), note: "" }
}

fn row(minute: &ReleaseMinute, now: Timestamp) -> MinuteRow {
    let note = match (minute.is_after_rollback, minute.is_maintained) {
        (true, _) => "gone back; the odds are that it helped",
        (false, true) => "maintenance",
        (false, false) => "",
    };
    let counts = match (minute.conversations, minute.errors) {
        (Some(all), Some(failed)) => {
            vec![
                words::count(all.into()),
                words::count(failed.into()),
                share(failed.into(), all.into()),
                minute.odds.map_or_else(nothing, odds),
            ]
        }
        _ => Vec::new(),
    };
    MinuteRow { at: words::instant(minute.at, now), counts, note }
}

/// Odds to two digits: `22 : 1`, `31 000 : 1`.
pub(crate) fn odds(odds: f64) -> String {
    if odds < 1.0 {
        return "below\u{a0}1\u{a0}:\u{a0}1".to_owned();
    }
    if odds < 10.0 {
        return format!("{odds:.1}\u{a0}:\u{a0}1");
    }
    let unit = 10_f64.powf(odds.log10().floor() - 1.0);
    format!("{}\u{a0}:\u{a0}1", words::count(((odds / unit).floor() * unit).round() as u64))
}

/// A share in percent; of nothing there is none.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 { nothing() } else { share_percent(part as f64 * 100.0 / whole as f64) }
}

/// What stands in a table where there is no number.
fn nothing() -> String {
    "–".to_owned()
}

/// A percentage with as many digits as say something.
pub(crate) fn share_percent(percent: f64) -> String {
    if percent < 10.0 { format!("{percent:.2}\u{a0}%") } else { format!("{percent:.1}\u{a0}%") }
}

fn last(minutes: &[ReleaseMinute], max: usize) -> &[ReleaseMinute] {
    minutes.get(minutes.len().saturating_sub(max)..).unwrap_or_default()
}

fn minutes_after(at: Timestamp, minutes: i64) -> Timestamp {
    at.checked_add(jiff::SignedDuration::from_mins(minutes)).unwrap_or(at)
}

fn powers(axes: &Axes) -> Vec<(String, String)> {
    let highest = axes.highest as i32;
    let step = highest / LABELS_MAX + 1;
    let power = |power: i32| {
        let odds = 10_f64.powi(power);
        (percent(1.0 - axes.share(odds)), words::count(odds as u64))
    };
    (0..=highest).step_by(step.unsigned_abs() as usize).map(power).collect()
}

/// A threshold, with its words where no line is in their way.
fn threshold(axes: &Axes, from: f64, curve: &[Step]) -> Threshold {
    let y = 1.0 - axes.share(from);
    let is_free = |words: &&Place| !curve.iter().any(|step| step.meets(words, y));
    let words = PLACES.iter().find(is_free).unwrap_or(&PLACES[0]);
    Threshold { y: percent(y), odds: odds(from), words: *words }
}

/// Adds minutes to the last area when they follow it.
fn area(areas: &mut Vec<Area>, axes: &Axes, from: i64, until: i64) {
    let (x, width) = (axes.x(from), axes.x(until) - axes.x(from));
    let parse = |text: &str| text.parse::<f64>().unwrap_or(0.0);
    match areas.last_mut().filter(|last| (parse(&last.x) + parse(&last.width) - x).abs() < 0.5) {
        Some(last) => last.width = number(x + width - parse(&last.x)),
        None => areas.push(Area { x: number(x), width: number(width) }),
    }
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = "2026-11-21T08:00:00Z";

    fn minute(place: i64, errors: Option<u32>, odds: f64) -> ReleaseMinute {
        ReleaseMinute {
            at: PUBLISHED.parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_mins(place),
            conversations: errors.map(|_| 50),
            errors,
            is_maintained: false,
            odds: Some(odds),
            is_after_rollback: false,
        }
    }

    fn release(minutes: Vec<ReleaseMinute>) -> ReleaseView {
        ReleaseView {
            published_at: PUBLISHED.parse().unwrap(),
            odds_needed: 20_000.0,
            odds_suspect: 20.0,
            minutes,
            ..ReleaseView::default()
        }
    }

    fn chart(minutes: Vec<ReleaseMinute>) -> OddsChart {
        OddsChart::new(&release(minutes), "2026-11-21T09:00:00Z".parse().unwrap())
    }

    #[test]
    fn odds_rise_in_even_steps_on_the_axis() {
        let chart = chart(vec![minute(0, Some(5), 10.0), minute(1, Some(5), 100.0), minute(2, Some(5), 1_000.0)]);
        // From a tenth to a hundred thousand: six powers of ten over 200 units.
        let points = "0.0,166.7 60.0,133.3 120.0,100.0 180.0,66.7";
        assert_eq!(chart.lines, [Line { class: "against", points: points.into() }]);
        assert_eq!((chart.needed.y.as_str(), chart.suspect.y.as_str()), ("11.65%", "61.65%"));
        assert_eq!(
            (chart.needed.words.class, chart.suspect.words.class),
            ("at-start", "at-end"),
            "out of the way of the line"
        );
        assert_eq!(chart.latest, Some(("against", "25.00%".into(), "33.33%".into())));
        assert_eq!(chart.powers.len(), 6);
    }

    #[test]
    fn what_is_not_known_is_a_gap_and_ends_the_line() {
        let seen = [minute(0, Some(0), 0.9), minute(1, None, 0.9), minute(4, Some(0), 0.8), minute(5, None, 0.8)];
        let chart = chart(seen.to_vec());
        assert_eq!(chart.lines.len(), 2);
        let gaps: Vec<_> = chart.gaps.iter().map(|gap| (gap.x.as_str(), gap.width.as_str())).collect();
        assert_eq!(gaps, [("60.0", "180.0"), ("300.0", "60.0")], "minutes that were left out are not known either");
        assert_eq!(chart.latest, None, "there is no latest odds while nobody looks");
    }

    #[test]
    fn without_minutes_there_is_no_line_and_no_number() {
        let chart = chart(Vec::new());
        assert!(!chart.is_known && chart.lines.is_empty() && chart.ends.is_none() && chart.latest.is_none());
        let unseen = release(vec![minute(0, None, 1.0), minute(3, None, 1.0)]);
        let rows = rows(&unseen, 10, unseen.published_at);
        assert!(rows.iter().all(|row| row.counts.is_empty()));
        let told: Vec<_> = rows.iter().map(|row| row.at.as_str()).collect();
        assert_eq!(told, ["08:03:00 UTC", "08:01:00 UTC to 08:03:00 UTC", "08:00:00 UTC"]);
    }

    #[test]
    fn without_a_past_there_are_counts_and_no_odds() {
        let unweighed = ReleaseMinute { odds: None, ..minute(0, Some(5), 1.0) };
        let chart = chart(vec![unweighed]);
        assert!(!chart.is_known && chart.latest.is_none(), "no odds are no even odds");
        assert_eq!((chart.gaps.len(), chart.nothing), (1, "Without a known past of the flow there are no odds."));
        let rows = rows(&release(vec![unweighed]), 10, PUBLISHED.parse().unwrap());
        assert_eq!(rows[0].counts, ["50", "5", "10.0\u{a0}%", "–"]);
        // Whether going back has helped is known all the same.
        let helped = ReleaseMinute { is_after_rollback: true, ..minute(1, Some(0), 1.7) };
        let chart = self::chart(vec![unweighed, helped]);
        assert_eq!((chart.lines.len(), chart.has_recovery), (1, true));
    }

    #[test]
    fn going_back_begins_a_line_of_its_own() {
        let mut after = minute(2, Some(0), 1.7);
        after.is_after_rollback = true;
        let chart = chart(vec![minute(0, Some(9), 300.0), minute(1, Some(9), 90_000.0), after]);
        assert_eq!(chart.lines.iter().map(|line| line.class).collect::<Vec<_>>(), ["against", "recovery"]);
        assert_eq!((chart.back.as_deref(), chart.has_recovery), (Some("16.67%"), true));
        assert!(chart.lines[1].points.starts_with("120.0,"), "{}", chart.lines[1].points);
    }

    #[test]
    fn no_odds_leave_the_axis() {
        let chart = chart(vec![minute(0, Some(50), f64::MAX), minute(1, Some(0), 0.0)]);
        assert_eq!(chart.lines[0].points.split(' ').skip(1).collect::<Vec<_>>(), ["60.0,0.0", "120.0,200.0"]);
    }

    #[test]
    fn only_the_last_minutes_are_told_the_latest_first() {
        let release = release((0..2_000).map(|place| minute(place, Some(0), 0.9)).collect());
        let told = rows(&release, 3, release.published_at);
        assert_eq!(told.iter().map(|row| &row.at[..8]).collect::<Vec<_>>(), ["2026-11-"; 3]);
        assert_eq!(rows(&release, usize::MAX, release.published_at).len(), MINUTES_MAX);
        let spaced = |odds_: f64| odds(odds_).replace(['\u{a0}', '\u{202f}'], " ");
        let said = [0.2, 3.21, 22.9, 20_000.0, 31_441.0].map(spaced);
        assert_eq!(said, ["below 1 : 1", "3.2 : 1", "22 : 1", "20 000 : 1", "31 000 : 1"]);
    }
}
