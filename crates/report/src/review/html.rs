//! One HTML file that needs nothing else: no script, no network.

use askama::Template;
use review::{Exhibit, Review, Verdict, Weight};

use super::{Head, sentence};

/// More rows and bars are left to the JSON form, so that the page stays small.
const ROWS_MAX: usize = 400;
/// The width of the longest bar, and of the space for its name, in user units.
const BAR_WIDTH: f64 = 480.0;
/// The height of a line of bars.
const LINE: usize = 20;

#[derive(Template)]
#[template(path = "review.html")]
struct Page<'a> {
    head: &'a Head,
    verdict: Verdict,
    sentence: &'static str,
    checks: Vec<Check<'a>>,
}

struct Check<'a> {
    id: &'static str,
    title: &'static str,
    verdict: Verdict,
    summary: &'a str,
    notes: Vec<Note<'a>>,
    tables: Vec<Table<'a>>,
    charts: Vec<Chart<'a>>,
}

struct Note<'a> {
    weight: Weight,
    about: String,
    what: &'a str,
    fix: &'a str,
}

struct Table<'a> {
    title: &'a str,
    columns: &'a [&'static str],
    rows: &'a [Vec<String>],
    left_out: usize,
}

struct Chart<'a> {
    title: &'a str,
    unit: &'static str,
    height: usize,
    bars: Vec<Bar<'a>>,
    /// Where the limit stands, and what it is.
    limit: Option<(String, String)>,
    left_out: usize,
}

struct Bar<'a> {
    name: &'a str,
    y: usize,
    baseline: usize,
    width: String,
    value: String,
    is_over: bool,
}

/// The page.
///
/// # Errors
/// Never in practice: it writes to memory.
pub fn page(review: &Review, head: &Head) -> Result<String, askama::Error> {
    let checks = review.results.iter().map(check).collect();
    Page { head, verdict: review.verdict(), sentence: sentence(review.verdict()), checks }.render()
}

fn check(it: &review::Result) -> Check<'_> {
    let notes = it.judged.findings.iter().map(|finding| {
        let at = finding.at.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
        let about = format!("{}{at}", finding.about);
        Note { weight: finding.weight, about, what: &finding.what, fix: &finding.fix }
    });
    let mut notes: Vec<Note<'_>> = notes.collect();
    notes.sort_by_key(|note| std::cmp::Reverse(note.weight));
    let (mut tables, mut charts) = (Vec::new(), Vec::new());
    for exhibit in &it.judged.exhibits {
        match exhibit {
            Exhibit::Table { title, columns, rows } if !rows.is_empty() => {
                let shown = &rows[..rows.len().min(ROWS_MAX)];
                tables.push(Table { title, columns, rows: shown, left_out: rows.len() - shown.len() });
            }
            Exhibit::Bars { title, unit, bars, limit } if !bars.is_empty() => {
                charts.push(chart(title, unit, bars, *limit));
            }
            Exhibit::Table { .. } | Exhibit::Bars { .. } => {}
        }
    }
    Check {
        id: it.check.id,
        title: it.check.title,
        verdict: it.judged.verdict(),
        summary: &it.judged.summary,
        notes,
        tables,
        charts,
    }
}

fn chart<'a>(title: &'a str, unit: &'static str, bars: &'a [(String, f64)], limit: Option<f64>) -> Chart<'a> {
    let shown = &bars[..bars.len().min(ROWS_MAX)];
    let largest = shown.iter().map(|(_, value)| *value).chain(limit).fold(1.0, f64::max);
    let x = |value: f64| format!("{:.1}", value / largest * BAR_WIDTH);
    let bar = |(line, (name, value)): (usize, &'a (String, f64))| Bar {
        name,
        y: line * LINE,
        baseline: line * LINE + LINE - 6,
        width: x(*value),
        value: format!("{value:.0}"),
        is_over: limit.is_some_and(|limit| limit < *value),
    };
    Chart {
        title,
        unit,
        height: shown.len() * LINE,
        bars: shown.iter().enumerate().map(bar).collect(),
        limit: limit.map(|limit| (x(limit), format!("{limit:.0}"))),
        left_out: bars.len() - shown.len(),
    }
}
