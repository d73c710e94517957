//! What was found, as tables, as CSV and as a drawing.

use std::fmt::Write as _;

use super::cells::{self, Cell, Change};
use super::rules::{self, Named};
use super::year;

/// A kind of releases and what every rule made of it.
type Played = (Cell, Vec<cells::Found>);
/// A variation of the hazard and what every rule made of a year with it.
type Lived = (f64, Vec<year::Found>);

pub(crate) fn cells(played: &[Played]) {
    println!("false rollbacks in 520 good releases");
    heads("normal, CV, memory, a minute");
    for (cell, found) in played.iter().filter(|(cell, _)| cell.change == Change::None) {
        row(&flow(cell), found.iter().map(|found| format!("{:.2}", found.early_per_year())));
    }
    println!("\nbad releases: found within an hour / median / 95 % after minutes");
    heads("normal, CV, memory, a minute: change");
    for (cell, found) in played.iter().filter(|(cell, _)| cell.change != Change::None) {
        row(&format!("{}: {}{}", flow(cell), cell.change.name(), late(cell)), found.iter().map(soon));
    }
}

pub(crate) fn years(lived: &[Lived]) {
    for (cv, found) in lived {
        println!("\na mixed year, CV {cv}: {} releases", found.first().map_or(0, |found| found.releases));
        heads("");
        row("wronged of 520", found.iter().map(|found| format!("{:.2}", found.wrong_per_year())));
        row("wronged of all rollbacks", found.iter().map(|found| format!("{:.2} %", found.wrong_share() * 100.0)));
        row("wronged without incident", found.iter().map(|found| found.wrong_quiet.to_string()));
        row("bad ones found", found.iter().map(|found| format!("{:.1} %", found.caught() * 100.0)));
        row("median minutes", found.iter().map(|found| minutes(found.median())));
    }
}

pub(crate) fn csv(played: &[Played], lived: &[Lived]) -> String {
    let mut text = "table,normal,cv,memory,volume,change,onset,rule,tried,early,found,median,p95\n".to_owned();
    for (cell, found) in played {
        let super::traffic::Flow { volume, share, cv, memory } = cell.flow;
        let (change, onset) = (cell.change.name(), cell.onset);
        for found in found {
            let (name, tried, early, after) = (found.rule.name(), found.tried, found.early, found.after.len());
            let (median, p95) = (minutes(found.quantile(0.5)), minutes(found.quantile(0.95)));
            let cell = format!("cell,{share},{cv},{memory},{volume},{change},{onset}");
            let _ = writeln!(text, "{cell},\"{name}\",{tried},{early},{after},{median},{p95}");
        }
    }
    for (cv, found) in lived {
        for found in found {
            let (name, releases, wrong) = (found.rule.name(), found.releases, found.wrong);
            let (after, median) = (found.after.len(), minutes(found.median()));
            let _ = writeln!(text, "year,,{cv},,,mixed,,\"{name}\",{releases},{wrong},{after},{median},");
        }
    }
    text
}

/// False rollbacks by volume, a line for each rule, where the normal share is 3 % and varies by half.
pub(crate) fn svg(played: &[Played]) -> String {
    const WIDTH: f64 = 720.0;
    const HEIGHT: f64 = 360.0;
    const LEFT: f64 = 60.0;
    const BOTTOM: f64 = 320.0;
    let is_drawn = |cell: &Cell| {
        cell.change == Change::None && cell.flow.share == 0.03 && cell.flow.cv == 0.5 && cell.flow.memory == 0.0
    };
    let x = |volume: f64| LEFT + 100.0 * (volume.log10() - 2f64.log10()) * 480.0 / 370.0;
    let y = |false_ones: f64| BOTTOM - 100.0 * (false_ones.max(0.01).log10() + 2.0) * 290.0 / 472.0;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"18\">False rollbacks in 520 good releases, by conversations a minute (3 % normal, CV 0.5)</text>\n"
    );
    for (mark, name) in [(0.01, "none"), (1.0, "1"), (10.0, "10"), (100.0, "100"), (520.0, "520")] {
        let (y, right) = (y(mark), LEFT + 480.0);
        let _ = writeln!(
            text,
            "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#ddd\"/><text x=\"8\" y=\"{y:.1}\">{name}</text>"
        );
    }
    let colours = ["#0a7", "#c30", "#f80", "#36c", "#939", "#777", "#a85"];
    for (place, (rule, colour)) in rules::ALL.iter().zip(colours).enumerate() {
        let points = played.iter().filter(|(cell, _)| is_drawn(cell)).filter_map(|(cell, found)| {
            let found = found.iter().find(|found| found.rule == *rule)?;
            Some(format!("{:.1},{:.1}", x(cell.flow.volume), y(found.early_per_year())))
        });
        let points = points.collect::<Vec<_>>().join(" ");
        let (right, below) = (LEFT + 500.0, 60.0 + 22.0 * place as f64);
        let _ = writeln!(text, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>");
        let _ = writeln!(text, "<text x=\"{right}\" y=\"{below}\" fill=\"{colour}\">{}</text>", rule.name());
    }
    for volume in [2.0, 10.0, 50.0, 200.0, 1_000.0, 10_000.0] {
        let _ = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{volume}</text>",
            x(volume),
            BOTTOM + 20.0
        );
    }
    text.push_str("</svg>\n");
    text
}

fn heads(first: &str) {
    row(first, rules::ALL.iter().map(|rule: &Named| rule.name().to_owned()));
}

fn row(first: &str, cells: impl Iterator<Item = String>) {
    let cells: Vec<_> = cells.map(|cell| format!("{cell:>18}")).collect();
    println!("{first:<34}{}", cells.join(""));
}

fn flow(cell: &Cell) -> String {
    let super::traffic::Flow { volume, share, cv, memory } = cell.flow;
    let memory = if memory > 0.0 { format!(", {memory:.0} min") } else { String::new() };
    format!("{:.1} %, {cv}{memory}, {volume:.0}", share * 100.0)
}

fn late(cell: &Cell) -> String {
    if cell.onset > 0 { format!(" at {}", cell.onset) } else { String::new() }
}

fn soon(found: &cells::Found) -> String {
    let share = (found.share() * 100.0).round();
    format!("{share:.0} % / {} / {}", minutes(found.quantile(0.5)), minutes(found.quantile(0.95)))
}

fn minutes(minutes: Option<u32>) -> String {
    minutes.map_or_else(|| "-".to_owned(), |minutes| minutes.to_string())
}
