//! Minutes of flows as CSV.
//!
//! The first line names the columns: `minute`, `flow`, `total`, `errors`, and both or none of `sibling_total` and
//! `sibling_errors`, in any order; others are passed over. All minutes are instants, or all are numbers.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::path::Path;

use api::Exit;
use base::{Count, Minute, Minutes};
use miette::Report;
use rollback::Observation;

use super::Row;
use crate::csv::{self, Heads, Names, cells, check_name, minute, number};
use crate::failure::Failure;
use crate::settings::is_stdin;

/// The most minutes of all flows together: a thousand flows of a month, in 2 GB of memory.
const ROWS_MAX: usize = 50_000_000;
/// The longest time from the first minute of a flow to the last of the file: what is between is played minute by minute,
/// whether a line tells of it or not. As long as the longest stretch of `budget backtest`.
const SPAN_MAX: Minutes = budget::backtest::MINUTES_MAX;
/// So many wrong lines are collected before one gives up.
const WRONG_MAX: usize = 1_000;

const COLUMNS: &str = "minute,flow,total,errors";

/// Everything that is known.
pub(super) struct Counts {
    /// The flows, in the order in which they come first.
    pub(super) flows: Vec<Flow>,
    /// How their minutes are written.
    pub(super) scale: Scale,
    /// The last minute of any of them.
    pub(super) last: Minute,
}

/// One flow.
pub(super) struct Flow {
    pub(super) name: String,
    /// With their lines, in the order of the minutes; never empty.
    rows: Vec<(Row, u32)>,
}

/// How minutes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// As instants of the world.
    Instants,
    /// As numbers.
    Numbers,
}

/// Where the columns are.
struct Columns {
    minute: usize,
    flow: usize,
    total: usize,
    errors: usize,
    siblings: Option<(usize, usize)>,
}

/// Everything that is wrong, each with its line.
type Wrong = Vec<(usize, String)>;

/// Reads everything, or tells what is wrong with each line.
pub(super) fn read(path: &Path) -> Result<Counts, Report> {
    let name = if is_stdin(path) { "stdin".to_owned() } else { path.display().to_string() };
    let cannot = |error| {
        let hint = "check the path, and that the file is text";
        Report::from(Failure::new(Exit::Usage, format!("{name} cannot be read"), hint).because(error))
    };
    let parsed =
        if is_stdin(path) { parse(stdin().lock()) } else { parse(BufReader::new(File::open(path).map_err(cannot)?)) };
    let hint = "docs/rollback.md says what may stand there";
    parsed.map_err(cannot)?.map_err(|wrong| csv::wrong(&name, &wrong, hint))
}

fn parse(mut text: impl BufRead) -> std::io::Result<Result<Counts, Wrong>> {
    let (mut line, mut place) = (String::new(), 0);
    let mut columns = None;
    let mut found = Found::default();
    while text.read_line(&mut line)? > 0 {
        place += 1;
        let content = line.trim_start_matches('\u{feff}').trim();
        if !content.is_empty() {
            match &columns {
                None => match Columns::of(content) {
                    Ok(found) => columns = Some(found),
                    Err(what) => return Ok(Err(vec![(place, what)])),
                },
                Some(columns) => found.take(columns, content, place),
            }
        }
        if found.is_full() {
            break;
        }
        line.clear();
    }
    Ok(if columns.is_none() { Err(vec![(1, format!("it is empty; begin with `{COLUMNS}`"))]) } else { found.settle() })
}

/// What was found so far.
#[derive(Default)]
struct Found {
    flows: Vec<Flow>,
    places: HashMap<String, usize>,
    scale: Option<Scale>,
    rows: usize,
    wrong: Wrong,
}

impl Found {
    fn take(&mut self, columns: &Columns, line: &str, place: usize) {
        match columns.row(line) {
            Ok((_, _, scale)) if self.scale.is_some_and(|known| known != scale) => {
                let what = "the minutes before are written otherwise; write instants, or numbers, but not both";
                self.wrong.push((place, what.to_owned()));
            }
            Ok((name, row, scale)) => {
                let row = (row, u32::try_from(place).unwrap_or(u32::MAX));
                self.scale = Some(scale);
                self.rows += 1;
                // Mostly the flow of the line before.
                let last = self.flows.last_mut().filter(|flow| flow.name == name);
                match (last, self.places.get(&*name)) {
                    (Some(flow), _) => flow.rows.push(row),
                    (None, Some(known)) => self.flows[*known].rows.push(row),
                    (None, None) => {
                        self.places.insert(name.clone().into_owned(), self.flows.len());
                        self.flows.push(Flow { name: name.into_owned(), rows: vec![row] });
                    }
                }
                if ROWS_MAX < self.rows {
                    self.wrong.push((place, format!("there are more than {ROWS_MAX} minutes; give some of the flows")));
                }
            }
            Err(what) => self.wrong.push((place, what)),
        }
    }

    const fn is_full(&self) -> bool {
        WRONG_MAX <= self.wrong.len() || ROWS_MAX < self.rows
    }

    fn settle(mut self) -> Result<Counts, Wrong> {
        let mut last = None;
        for flow in &mut self.flows {
            flow.rows.sort_by_key(|((minute, _), line)| (*minute, *line));
            for pair in flow.rows.windows(2) {
                let [((first, _), before), ((second, _), line)] = pair else { continue };
                if first == second && self.wrong.len() < WRONG_MAX {
                    let what =
                        format!("this minute of {} is in line {before} already; leave one of them out", flow.name);
                    self.wrong.push((*line as usize, what));
                }
            }
            last = last.max(flow.rows.last().map(|((minute, _), line)| (*minute, *line)));
        }
        if let Some(last) = last {
            self.compare_ends(last);
        }
        let last = last.map(|(minute, _)| minute);
        self.wrong.sort();
        match (self.scale, last) {
            (Some(scale), Some(last)) if self.wrong.is_empty() => Ok(Counts { flows: self.flows, scale, last }),
            _ if self.wrong.is_empty() => Err(vec![(1, "there is no minute in it".to_owned())]),
            _ => Err(self.wrong),
        }
    }
}

/// A minute, and the line that tells of it.
type Told = (Minute, u32);

impl Found {
    /// Tells of the flow that begins the longest time before the last minute of the file, if that is too long.
    fn compare_ends(&mut self, last: Told) {
        let firsts = self.flows.iter().filter_map(|flow| flow.rows.first());
        let Some(first) = firsts.map(|((minute, _), line)| (*minute, *line)).min() else { return };
        if last.0.get().abs_diff(first.0.get()) <= u64::from(SPAN_MAX.get()) {
            return;
        }
        // Either may be the one that is far off: the later line is told, with the other.
        let (here, there) = (first.1.max(last.1), first.1.min(last.1));
        let what = format!(
            "this minute and that in line {there} lie more than {SPAN_MAX} apart; correct one of them, or leave out the \
             lines that are too long ago"
        );
        self.wrong.push((here as usize, what));
    }
}

impl Flow {
    /// The first minute.
    pub(super) fn first(&self) -> Minute {
        self.rows.first().map_or(Minute::new(0), |((minute, _), _)| *minute)
    }

    /// What is known of each minute from one up to, but without, another.
    pub(super) fn minutes(&self, from: Minute, until: Minute) -> impl Iterator<Item = Observation> {
        let start = self.rows.partition_point(|((minute, _), _)| *minute < from);
        let mut rows = self.rows[start..].iter().peekable();
        (from.get()..until.get()).map(move |minute| {
            let row = rows.next_if(|((at, _), _)| at.get() == minute);
            row.map_or(Observation::MISSING, |((_, seen), _)| *seen)
        })
    }
}

impl Columns {
    fn of(header: &str) -> Result<Self, String> {
        let heads = Heads::of(header)?;
        let needed = |name: &str| {
            heads.place(name)?.ok_or_else(|| format!("there is no column `{name}`; begin with `{COLUMNS}`"))
        };
        let siblings = match (heads.place("sibling_total")?, heads.place("sibling_errors")?) {
            (Some(total), Some(errors)) => Some((total, errors)),
            (None, None) => None,
            _ => return Err("of `sibling_total` and `sibling_errors` there is only one; give both or none".to_owned()),
        };
        let [minute, flow] = [needed("minute")?, needed("flow")?];
        Ok(Self { minute, flow, total: needed("total")?, errors: needed("errors")?, siblings })
    }

    fn row<'a>(&self, line: &'a str) -> Result<(Cow<'a, str>, Row, Scale), String> {
        let cells = cells(line)?;
        let cell = |place: usize| cells.get(place).map_or("", |cell| cell);
        let (minute, scale) = when(cell(self.minute))?;
        let flow = cells.get(self.flow).cloned().unwrap_or_default();
        check_name(&flow)?;
        if flow.is_empty() {
            return Err("it names no flow; write its name or id".to_owned());
        }
        let names = Names { part: "errors", total: "total" };
        let count = names.count(number("errors", cell(self.errors))?, number("total", cell(self.total))?)?;
        let siblings = match self.siblings {
            Some((total, errors)) => {
                let (errors, total) = (number("sibling_errors", cell(errors))?, number("sibling_total", cell(total))?);
                Names { part: "sibling_errors", total: "sibling_total" }.count(errors, total)?
            }
            None => Count::Missing,
        };
        Ok((flow, (minute, Observation { count, siblings }), scale))
    }
}

fn when(text: &str) -> Result<(Minute, Scale), String> {
    match text.parse() {
        Ok(number) => Ok((Minute::new(number), Scale::Numbers)),
        Err(_) => minute(text).map(|minute| (minute, Scale::Instants)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Wrong {
        parse(text.as_bytes()).unwrap().err().unwrap()
    }

    #[test]
    fn every_wrong_line_is_told_with_its_remedy() {
        let table = [
            ("", 1, "begin with `minute,flow,total,errors`"),
            ("minute,flow,total\n", 1, "no column `errors`"),
            ("minute,flow,total,errors,sibling_total\n1,a,2,1,\n", 1, "give both or none"),
            ("minute,flow,total,errors\n", 1, "no minute in it"),
            ("minute,flow,total,errors\nsoon,a,2,1\n", 2, "write 2026-11-21T08:00:00Z"),
            ("minute,flow,total,errors\n\n1,,2,1\n", 3, "write its name or id"),
            ("minute,flow,total,errors\n1,a,2,3\n", 2, "correct `errors` or `total`"),
            ("minute,flow,total,errors,sibling_errors,sibling_total\n1,a,2,1,3,2\n", 2, "or `sibling_total`"),
            ("minute,flow,total,errors,Flow\n1,a,2,1,b\n", 1, "two columns `flow`"),
            ("minute,flow,total,errors\n1,\"a,2,1\n", 2, "a quote is not closed"),
            ("minute,flow,total,errors\n1,a\tb,2,1\n", 2, "has a control character"),
            ("minute,flow,total,errors\n1,a\u{7}b,2,1\n", 2, "a control character"),
            ("minute,flow,total,errors\n1,a,2,\n", 2, "`total` needs `errors`"),
            ("minute,flow,total,errors\n1,a,NaN,1\n", 2, "write a whole number"),
            ("minute,flow,total,errors\n1,a,2,1\n2026-11-21T08:00:00Z,a,2,1\n", 3, "but not both"),
            ("minute,flow,total,errors\n2,a,2,1\n1,a,1,0\n2,a,2,1\n", 4, "this minute of a is in line 2 already"),
            ("minute,flow,total,errors\n0,a,2,1\n-1000000000,a,2,1\n", 3, "that in line 2 lie more than 1098d apart"),
            ("minute,flow,total,errors\n0,a,2,1\n1581121,b,2,1\n", 3, "that in line 2 lie more than 1098d apart"),
            ("minute,flow,total,errors\n-9223372036854775808,a,2,1\n0,b,2,1\n9223372036854775807,b,2,1\n", 4, "line 2"),
            (
                "minute,flow,total,errors\n0001-11-20T08:00:00Z,a,2,1\n2026-11-20T08:00:00Z,a,2,1\n",
                3,
                "correct one of them",
            ),
        ];
        for (text, line, part) in table {
            let wrong = wrong(text);
            assert_eq!(wrong.len(), 1, "{text}: {wrong:?}");
            assert_eq!(wrong[0].0, line, "{text}");
            assert!(wrong[0].1.contains(part), "{text}: {}", wrong[0].1);
        }
    }

    #[test]
    fn the_longest_span_is_played() {
        let text = format!("minute,flow,total,errors\n0,a,2,1\n{},a,2,1\n", SPAN_MAX.get());
        assert!(parse(text.as_bytes()).unwrap().is_ok());
    }

    #[test]
    fn minutes_come_in_any_order_and_those_that_are_not_there_are_missing() {
        let text = "\u{feff}flow,\"errors\",total,minute\r\n\"a, or \"\"b\"\"\",1,5,3\r\nb,0,0,2\r\n\
            \"a, or \"\"b\"\"\",0,5,1\r\n";
        let counts = parse(text.as_bytes()).unwrap().ok().unwrap();
        assert_eq!(counts.flows.iter().map(|flow| flow.name.as_str()).collect::<Vec<_>>(), ["a, or \"b\"", "b"]);
        let [a, b] = counts.flows.as_slice() else { panic!("two flows") };
        let seen =
            |flow: &Flow| flow.minutes(Minute::new(1), Minute::new(4)).map(|seen| seen.count).collect::<Vec<_>>();
        let (missing, observed) = (Count::Missing, |bad| Count::Observed { bad, total: 5 });
        assert_eq!(seen(a), [observed(0), missing, observed(1)]);
        assert_eq!(seen(b), [missing, Count::Empty, missing]);
        assert_eq!((counts.last, counts.scale), (Minute::new(3), Scale::Numbers));
    }
}
