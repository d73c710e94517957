//! Thirty days of one objective evaluated by us and by a Prometheus with the rules that Sloth writes: what each
//! evaluation costs, and how far it is from the truth.
//!
//! Traffic is twenty times as busy in one hour of ten, and then more of it fails. Sloth records the share of errors of
//! five minutes and averages those shares over thirty days, so that a quiet minute counts as much as a busy one. Asking
//! for the increase of both counters over thirty days weighs every call the same, and reads every sample.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base::{Mono, Now, Ppm};
use budget::ledger::{Event, Ledger, Terms};
use budget::{Budgeting, Count, Minute, Minutes, Objective, Rarity, Window};
use clock::Clock;
use tempfile::TempDir;

use crate::Error;
use crate::peer::free_ports;
use crate::process::{GATEWAY_CPU, Process};

const MONTH: Minutes = Minutes::days(30);
/// The end of the thirty days, in minutes since 1970: a whole day, so that blocks are whole.
const END: i64 = 20_138 * 1_440;
/// Evaluations by a Prometheus; each takes milliseconds.
const QUERIES: u32 = 200;
/// Ours; each takes microseconds.
const STEPS: u32 = 20_000;
/// How long it is watched what a Prometheus does by itself.
const IDLE: Duration = Duration::from_secs(5);
/// How long a Prometheus may take until it answers, and how often it is asked meanwhile.
const READY_MAX: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);
/// As Sloth names and defines it: https://sloth.dev, the optimised rule of the longest window.
const SLOTH: &str = "sum_over_time(slo:sli_error:ratio_rate5m[30d])/count_over_time(slo:sli_error:ratio_rate5m[30d])";
const INCREASE: &str = "increase(bad_total[30d])/increase(calls_total[30d])";

/// Both beside the truth, as a Markdown table.
pub(crate) async fn run() -> Result<String, Error> {
    let minutes: Vec<(u32, u32)> = (0..MONTH.get()).map(traffic).collect();
    let (bad, total) =
        minutes.iter().fold((0u64, 0u64), |sums, one| (sums.0 + u64::from(one.0), sums.1 + u64::from(one.1)));
    let truth = bad as f64 / total as f64;
    let mut text = format!(
        "### Thirty days of one objective, {total} calls in all\n\n| | share of errors | off by | CPU an evaluation |\n|---|--:|--:|--:|\n| the truth | {:.6} % | | |\n",
        truth * 100.0
    );
    let mut row = |name: &str, share: f64, cpu_s: f64| {
        let off = (share / truth - 1.0).abs() * 100.0;
        writeln!(text, "| {name} | {:.6} % | {off:.3} % | {:.4} ms |", share * 100.0, cpu_s * 1_000.0)
    };
    let (share, cpu) = ours(&minutes)?;
    row("Steadyline: minute, tick, status with all alerts", share, cpu)?;

    let dir = TempDir::new()?;
    backfill(&minutes, dir.path())?;
    let [port] = free_ports()?;
    let server = start(dir.path(), port)?;
    for (name, query) in
        [("Prometheus: 5 m averages over 30 d, as Sloth", SLOTH), ("Prometheus: increase over 30 d", INCREASE)]
    {
        let (share, cpu) = theirs(&server, port, query).await?;
        row(name, share, cpu)?;
    }
    Ok(text)
}

/// Bad calls and all calls of a minute: 50, and in one hour of ten 1,000 of which more fail.
fn traffic(minute: u32) -> (u32, u32) {
    let is_busy = minute / 60 % 10 == 7;
    let wobble = minute.wrapping_mul(2_654_435_761) >> 28;
    if is_busy { (wobble, 1_000 + wobble * 10) } else { (u32::from(minute.is_multiple_of(20)), 50 + wobble) }
}

/// The share that we find, and the seconds that an evaluation takes a thread that does nothing else.
fn ours(minutes: &[(u32, u32)]) -> Result<(f64, f64), Error> {
    let terms = terms();
    let mut ledger = Ledger::new(&terms.objective);
    let first = END - i64::from(MONTH.get());
    for (minute, (bad, total)) in (first..).zip(minutes) {
        let minute = Minute::new(minute);
        ledger.restore(&terms, minute, Count::Observed { bad: *bad, total: *total }, minute);
    }
    let now = Now { mono: Mono::ZERO, wall: Minute::new(END).start() };
    let (bad, total) = *minutes.last().ok_or("there are no minutes")?;
    let (minute, count) = (Minute::new(END - 1), Count::Observed { bad, total });
    let clock = Clock::real();
    let began = clock.mono();
    for _ in 0..STEPS {
        // What an alert says is of no interest here.
        let _ = ledger.take(&terms, Event::Counted { minute, count }, now);
        let _ = ledger.take(&terms, Event::Ticked, now);
        std::hint::black_box(ledger.status(&terms, now));
    }
    let cpu = clock.mono().since(began).as_secs_f64() / f64::from(STEPS);
    let counts = ledger.status(&terms, now).adjusted;
    Ok((counts.bad as f64 / counts.total as f64, cpu))
}

fn terms() -> Terms {
    let (target, window) = (Ppm::new(995_000).unwrap_or(Ppm::ONE), Window::Rolling(MONTH));
    let objective = Objective {
        id: "calls".into(),
        name: "Calls".into(),
        description: String::new(),
        service: "ivr".into(),
        target,
        alerts: Objective::standard_alerts(target, &window),
        window,
        budgeting: Budgeting::Occurrences,
    };
    let rarity = Rarity::default();
    Terms { objective, settle: Minutes::new(0), blind_after: Minutes::new(3), missing_max: Ppm::percent(20), rarity }
}

/// The counters as they were scraped every minute, and what Sloth's rule recorded of them, as blocks of a Prometheus.
fn backfill(minutes: &[(u32, u32)], dir: &Path) -> Result<(), Error> {
    let first = END - i64::from(MONTH.get());
    let mut sums = vec![(0u64, 0u64)];
    for (bad, total) in minutes {
        let (bads, totals) = sums[sums.len() - 1];
        sums.push((bads + u64::from(*bad), totals + u64::from(*total)));
    }
    let at = |place: usize| (first + place as i64) * 60;
    let mut text = String::from("# TYPE bad counter\n");
    for (place, (bad, _)) in sums.iter().enumerate() {
        writeln!(text, "bad_total {bad} {}", at(place))?;
    }
    text.push_str("# TYPE calls counter\n");
    for (place, (_, total)) in sums.iter().enumerate() {
        writeln!(text, "calls_total {total} {}", at(place))?;
    }
    text.push_str("# TYPE slo:sli_error:ratio_rate5m gauge\n");
    for (place, five) in sums.windows(6).enumerate() {
        let (bad, total) = (five[5].0 - five[0].0, five[5].1 - five[0].1);
        writeln!(text, "slo:sli_error:ratio_rate5m {} {}", bad as f64 / total as f64, at(place + 5))?;
    }
    text.push_str("# EOF\n");
    let file = dir.join("calls.txt");
    std::fs::write(&file, text)?;
    let output = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([&file, &dir.join("data")])
        .output()?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned().into()) }
}

fn start(dir: &Path, port: u16) -> Result<Process, Error> {
    let conf = dir.join("prometheus.yml");
    std::fs::write(&conf, "global: {}\n")?;
    let args = [
        format!("--config.file={}", conf.display()),
        format!("--storage.tsdb.path={}", dir.join("data").display()),
        "--storage.tsdb.retention.time=60d".to_owned(),
        format!("--web.listen-address=127.0.0.1:{port}"),
    ];
    Process::start(GATEWAY_CPU, Path::new("/usr/bin/prometheus"), &args, port)
}

/// The share that a query finds, and the seconds of processor time that it takes, less what the server takes anyhow.
async fn theirs(server: &Process, port: u16, query: &str) -> Result<(f64, f64), Error> {
    let clock = Clock::real();
    let end = clock.mono() + READY_MAX;
    // It listens before it has read its files.
    while ask(port, query).is_err() && clock.mono() < end {
        clock.sleep(LOOK).await;
    }
    let share = ask(port, query)?;
    let before = server.cpu_seconds()?;
    clock.sleep(IDLE).await;
    let idle = (server.cpu_seconds()? - before) / IDLE.as_secs_f64();
    let (began, before) = (clock.mono(), server.cpu_seconds()?);
    for _ in 0..QUERIES {
        ask(port, query)?;
    }
    let spent = server.cpu_seconds()? - before - idle * clock.mono().since(began).as_secs_f64();
    Ok((share, spent / f64::from(QUERIES)))
}

fn ask(port: u16, query: &str) -> Result<f64, Error> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let time = END * 60;
    write!(stream, "GET /api/v1/query?time={time}&query={query} HTTP/1.0\r\nhost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    value(&answer).ok_or_else(|| format!("the Prometheus answered\n{answer}").into())
}

/// The only value of an answer: `"value":[1740000000,"0.0042"]`.
fn value(answer: &str) -> Option<f64> {
    let (_, rest) = answer.split_once("\"value\":[")?;
    rest.split('"').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_an_answer_is_found() {
        let answer = r#"{"data":{"result":[{"metric":{},"value":[1740000000,"0.0042"]}]}}"#;
        assert_eq!(value(answer), Some(0.0042));
        assert_eq!(value(r#"{"data":{"result":[]}}"#), None);
    }

    #[test]
    fn the_busy_hours_are_twenty_times_as_busy() {
        assert_eq!((traffic(0).1 / 50, traffic(7 * 60).1 / 1_000), (1, 1));
    }
}
