//! Counts by the minute as CSV.
//!
//! The first line names the columns: `minute`, `objective`, `total`, and one of `bad` and `good`, in any order; others
//! are passed over. A line whose counts are empty is a minute of which nothing is known.

use std::borrow::Cow;
use std::fmt::Write as _;

use budget::{Count, Minute, Minutes};
use engine::budget::{STORED_MAX, StoredCount};
use miette::Report;

use super::past::Counts;
use crate::csv::{self, Heads, Names, cells, check_name, minute, number};

/// Where the columns are.
struct Columns {
    minute: usize,
    objective: usize,
    total: usize,
    part: usize,
    is_part_good: bool,
}

/// Reads everything, or tells what is wrong with each line.
pub(super) fn read(name: &str, text: &str) -> Result<Counts, Report> {
    parse(text).map_err(|wrong| csv::wrong(name, &wrong, "docs/backtest.md says what may stand there"))
}

/// The same counts as text.
pub(super) fn write(counts: &Counts) -> String {
    let mut text = "minute,objective,bad,total\n".to_owned();
    // What came later counts.
    let mut last = std::collections::BTreeMap::new();
    for StoredCount { objective, minute, count, .. } in &counts.list {
        last.insert((*minute, *objective), *count);
    }
    for ((minute, objective), count) in last {
        let id = counts.ids.get(objective).map_or("", String::as_str);
        let (bad, total) = count.pair();
        let pair = if count.is_known() { format!("{bad},{total}") } else { ",".to_owned() };
        writeln!(text, "{},{},{pair}", minute.start(), csv::written(id)).expect("a string takes all that is written");
    }
    text
}

fn parse(text: &str) -> Result<Counts, Vec<(usize, String)>> {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let Some((header, place)) = lines.next() else {
        return Err(vec![(1, "it is empty; begin with `minute,objective,bad,total`".to_owned())]);
    };
    let columns = Columns::of(header).map_err(|what| vec![(place, what)])?;
    let (mut ids, mut found, mut wrong): (Vec<String>, Vec<(StoredCount, usize)>, _) =
        (Vec::new(), Vec::new(), Vec::new());
    for (line, place) in lines {
        if STORED_MAX <= found.len() {
            wrong.push((place, format!("there are more than {STORED_MAX} counts; give a part of them")));
            break;
        }
        match columns.count(line) {
            Ok((minute, id, count)) => {
                let known = ids.iter().position(|known| *known == id);
                let objective = known.unwrap_or_else(|| {
                    ids.push(id.into_owned());
                    ids.len() - 1
                });
                found.push((StoredCount { objective, minute, count, at: minute + Minutes::new(1) }, place));
            }
            Err(what) => wrong.push((place, what)),
        }
    }
    found.sort_by_key(|(count, place)| (count.minute, count.objective, *place));
    for pair in found.windows(2) {
        let [(first, before), (second, place)] = pair else { continue };
        if (first.minute, first.objective) == (second.minute, second.objective) {
            wrong.push((*place, format!("this minute of {} is in line {before} already", ids[first.objective])));
        }
    }
    wrong.sort();
    let list = found.into_iter().map(|(count, _)| count).collect();
    if wrong.is_empty() { Ok(Counts { ids, list, requests: Vec::new() }) } else { Err(wrong) }
}

impl Columns {
    fn of(header: &str) -> Result<Self, String> {
        let heads = Heads::of(header)?;
        let needed = |name: &str| {
            heads
                .place(name)?
                .ok_or_else(|| format!("there is no column `{name}`; begin with `minute,objective,bad,total`"))
        };
        let (part, is_part_good) = match (heads.place("bad")?, heads.place("good")?) {
            (Some(bad), None) => (bad, false),
            (None, Some(good)) => (good, true),
            (Some(_), Some(_)) => return Err("there are columns `bad` and `good`; leave one of them out".to_owned()),
            (None, None) => (needed("bad")?, false),
        };
        let [minute, objective, total] = [needed("minute")?, needed("objective")?, needed("total")?];
        Ok(Self { minute, objective, total, part, is_part_good })
    }

    fn count<'a>(&self, line: &'a str) -> Result<(Minute, Cow<'a, str>, Count), String> {
        let cells = cells(line)?;
        let cell = |place: usize| cells.get(place).map_or("", |cell| cell);
        let minute = minute(cell(self.minute))?;
        let id = cells.get(self.objective).cloned().unwrap_or_default();
        check_name(&id)?;
        if id.is_empty() {
            return Err("it names no objective; write its id".to_owned());
        }
        let part = if self.is_part_good { "good" } else { "bad" };
        let names = Names { part, total: "total" };
        let count = match (number(part, cell(self.part))?, number("total", cell(self.total))?) {
            (Some(good), Some(total)) if self.is_part_good => {
                Count::good(good, total).map_err(|untrue| names.untruth(untrue))
            }
            (bad, total) => names.count(bad, total),
        };
        Ok((minute, id, count?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "minute,objective,bad,total\n";

    #[test]
    fn every_wrong_line_is_told_with_its_remedy() {
        let table = [
            ("", 1, "begin with `minute,objective,bad,total`"),
            ("minute,bad,total\n", 1, "no column `objective`"),
            ("minute,objective,total\n", 1, "no column `bad`"),
            ("minute,objective,good,bad,total\n", 1, "leave one of them out"),
            ("minute,objective,bad,total,Total\n", 1, "two columns `total`"),
            ("minute,objective,bad,total\n2026-11-21T08:00:00Z,\"crm,1,2\n", 2, "a quote is not closed"),
            ("minute,objective,bad,total\nyesterday,crm,1,2\n", 2, "write 2026-11-21T08:00:00Z"),
            ("minute,objective,bad,total\n2026-11-21T08:00:30Z,crm,1,2\n", 2, "write when the minute begins"),
            ("minute,objective,bad,total\n2026-11-21T08:00:00Z,,1,2\n", 2, "write its id"),
            ("minute,objective,bad,total\n2026-11-21T08:00:00Z,crm,x,2\n", 2, "`bad` is `x`; write a whole number"),
            ("minute,objective,bad,total\n2026-11-21T08:00:00Z,crm,-1,2\n", 2, "write a whole number"),
            ("minute,objective,bad,total\n2026-11-21T08:00:00Z,crm,3,2\n", 2, "more were bad than there were"),
            ("minute,objective,good,total\n2026-11-21T08:00:00Z,crm,3,2\n", 2, "more were good than there were"),
            ("minute,objective,bad,total\n2026-11-21T08:00:00Z,crm,3,\n", 2, "`bad` needs `total`"),
            ("minute,objective,bad,total\n2026-11-21T08:00:00Z,crm,,3\n", 2, "`total` needs `bad`"),
            ("minute,objective,bad,total\n2026-11-21T08:00:00Z,crm,1,5000000000\n", 2, "correct `total`"),
            (
                "minute,objective,bad,total\n2026-11-21T08:00:00Z,crm,1,2\n\n2026-11-21T08:00:00Z,crm,1,2\n",
                4,
                "is in line 2 already",
            ),
        ];
        for (text, line, part) in table {
            let wrong = parse(text).unwrap_err();
            assert_eq!(wrong.len(), 1, "{text}: {wrong:?}");
            assert_eq!(wrong[0].0, line, "{text}");
            assert!(wrong[0].1.contains(part), "{text}: {}", wrong[0].1);
        }
    }

    #[test]
    fn good_and_bad_empty_and_missing_minutes_are_read_in_any_order() {
        let text = "\u{feff}total,\"good\",objective,minute,note\r\n\
            10,9,crm,2026-11-21T08:01:00Z,x\r\n,,crm,2026-11-21T09:00:00+01:00,\r\n0,,crm,2026-11-21T08:02:00Z,\r\n";
        let counts = parse(text).unwrap();
        let found: Vec<_> = counts.list.iter().map(|count| count.count).collect();
        assert_eq!(found, [Count::Missing, Count::Observed { bad: 1, total: 10 }, Count::Empty]);
        assert!(counts.list.iter().all(|count| count.at == count.minute + Minutes::new(1)));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = format!(
            "{HEAD}2026-11-21T08:00:00Z,crm,1,2\n2026-11-21T08:01:00Z,crm,,\n2026-11-21T08:01:00Z,\"pay, \"\"all\"\"\",0,0\n"
        );
        assert_eq!(write(&parse(&text).unwrap()), text);
    }
}
