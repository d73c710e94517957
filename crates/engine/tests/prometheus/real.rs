//! A real Prometheus with a history that is known: what the source counts is what happened.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use budget::{Count, Minute, Minutes};
use clock::Clock;
use engine::budget::Source as _;
use engine::budget::source::PrometheusCounts;

use super::{bad, below, known};

/// The first minute of the history: 2026-11-21T08:00Z.
const FIRST: Minute = Minute::new(29_920_800);
const LENGTH: usize = 40;
/// A scrape every so many seconds.
const SCRAPE: usize = 15;
/// How often it is asked whether it is ready, and how long is waited in between.
const ASKED_MAX: usize = 600;
const PAUSE: Duration = Duration::from_millis(50);

/// A Prometheus that ends with its test.
struct Server {
    process: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Server {
    async fn with(history: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        std::fs::write(file("history"), history).unwrap();
        std::fs::write(file("prometheus.yml"), "scrape_configs: []\n").unwrap();
        fill(folder.path());
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Command::new("prometheus")
            .args([
                format!("--config.file={}", file("prometheus.yml")),
                format!("--storage.tsdb.path={}", file("data")),
            ])
            .args(["--storage.tsdb.retention.time=100y", "--log.level=error"])
            // A history cannot be told that a series has ended; so what is older than two scrapes is not there.
            .arg("--query.lookback-delta=30s")
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { process, url: format!("http://{address}"), _folder: folder };
        server.is_ready().await;
        server
    }

    async fn is_ready(&self) {
        let (http, clock) = (reqwest::Client::builder().no_proxy().build().unwrap(), Clock::real());
        for _ in 0..ASKED_MAX {
            let answer = http.get(format!("{}/-/ready", self.url)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            clock.sleep(PAUSE).await;
        }
        panic!("Prometheus is not ready after {ASKED_MAX} times {PAUSE:?}");
    }
}

fn fill(folder: &Path) {
    let mut promtool = Command::new("promtool");
    promtool.args(["tsdb", "create-blocks-from", "openmetrics", "history", "data"]).current_dir(folder);
    let output = promtool.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What happens at one of two targets in a minute: calls, and how many of them fail. Four scrapes share them evenly.
fn happened(target: usize, minute: usize) -> (u64, u64) {
    let calls = 40 + 4 * ((minute as u64 * 7 + target as u64) % 11);
    let fails = if minute < 10 || !minute.is_multiple_of(3) { 0 } else { 4 * (1 + target as u64) };
    (calls, fails)
}

/// Whether a target is not scraped at a second: the second one for two minutes, later both.
fn is_silent(target: usize, second: usize) -> bool {
    let within = |from: usize, until: usize| from * 60 < second && second < until * 60;
    (target == 1 && within(28, 30)) || within(33, 35)
}

/// The second target begins anew in the middle of a minute.
const RESTART: usize = 20 * 60 + 30;

/// The counters of both targets. Failures have no series before the first one.
fn counters(text: &mut String) {
    text.push_str("# TYPE calls counter\n");
    for target in 0..2 {
        let (mut good, mut failed) = (100_000, 0);
        for second in (0..=LENGTH * 60).step_by(SCRAPE) {
            if target == 1 && second == RESTART {
                (good, failed) = (0, 0);
            }
            let at = FIRST.start().as_second() + second as i64;
            let labels = format!("job=\"crm\",instance=\"{target}\"");
            if !is_silent(target, second) {
                writeln!(text, "calls_total{{{labels},code=\"200\"}} {good} {at}").unwrap();
            }
            if !is_silent(target, second) && 0 < failed {
                writeln!(text, "calls_total{{{labels},code=\"500\"}} {failed} {at}").unwrap();
            }
            let (calls, fails) = happened(target, second / 60);
            good += (calls - fails) / 4;
            failed += fails / 4;
        }
    }
}

/// A counter without any trouble, for expressions that let the server subtract.
fn steady(text: &mut String) {
    text.push_str("# TYPE steady counter\n");
    for second in (0..=LENGTH * 60).step_by(SCRAPE) {
        let at = FIRST.start().as_second() + second as i64;
        writeln!(text, "steady_total{{job=\"crm\"}} {} {at}", 1_000 + 3 * second / SCRAPE).unwrap();
    }
}

/// What was counted in each minute, at its end: `NaN` in one, less than nothing in the next, then nothing at all.
fn gauges(text: &mut String) {
    let said = |minute: usize| match minute {
        5 => Some("NaN".to_owned()),
        6 => Some("-1".to_owned()),
        7 => None,
        _ => Some(happened(0, minute).0.to_string()),
    };
    let mut write = |name: &str, said: &dyn Fn(usize) -> Option<String>| {
        writeln!(text, "# TYPE {name} gauge").unwrap();
        for minute in 0..LENGTH {
            let at = (FIRST + Minutes::new(minute as u32 + 1)).start().as_second();
            if let Some(said) = said(minute) {
                writeln!(text, "{name} {said} {at}").unwrap();
            }
        }
    };
    write("calls_last_minute", &said);
    let failed = |minute| Some(happened(0, minute).1).filter(|failed| 0 < *failed).map(|failed| failed.to_string());
    write("failures_last_minute", &failed);
}

fn history() -> String {
    let mut text = String::new();
    counters(&mut text);
    steady(&mut text);
    gauges(&mut text);
    text + "# EOF\n"
}

fn minutes(truth: impl Fn(usize) -> Option<Count>) -> BTreeMap<Minute, Count> {
    (0..LENGTH).filter_map(|minute| Some((FIRST + Minutes::new(minute as u32), truth(minute)?))).collect()
}

#[tokio::test]
async fn what_is_counted_is_what_happened() {
    let server = Server::with(&history()).await;
    let url = server.url.as_str();
    let indicators = [
        bad(url, true, "calls_total{code='500'}", "calls_total"),
        bad(url, false, "failures_last_minute", "calls_last_minute"),
        bad(url, false, "sum(increase(nothing_total[1m]))", "sum(increase(steady_total[1m]))"),
        below(url, "calls_last_minute", 60.0),
        bad(url, false, "sum(", "calls_last_minute"),
    ];
    let source = PrometheusCounts::new(url, None, indicators.into_iter().enumerate().collect()).unwrap();
    let readings = source.read(FIRST, FIRST + Minutes::new(LENGTH as u32)).await.unwrap();

    // A restart, a target that is not scraped and comes again, and nothing at all.
    let of_counters = |minute| {
        let (one, other) = (happened(0, minute), happened(1, minute));
        let is_known = ![20, 28, 29, 33, 34].contains(&minute);
        is_known.then(|| Count::bad(one.1 + other.1, one.0 + other.0).unwrap())
    };
    assert_eq!(known(&readings, 0), minutes(of_counters));
    let is_odd = |minute| (5..=7).contains(&minute);
    let of_gauges = |minute| {
        let (calls, fails) = happened(0, minute);
        (!is_odd(minute)).then(|| Count::bad(fails, calls).unwrap())
    };
    assert_eq!(known(&readings, 1), minutes(of_gauges));
    assert_eq!(known(&readings, 2), minutes(|_| Some(Count::Observed { bad: 0, total: 12 })));
    // Less than nothing is a number like any other.
    let of_threshold = |minute| match minute {
        5 | 7 => None,
        6 => Some(Count::Observed { bad: 0, total: 1 }),
        _ => Some(Count::bad(u64::from(60 <= happened(0, minute).0), 1).unwrap()),
    };
    assert_eq!(known(&readings, 3), minutes(of_threshold));
    assert_eq!(known(&readings, 4), BTreeMap::new());
    let troubles: BTreeMap<_, _> = readings.troubles.iter().cloned().collect();
    assert_eq!(troubles.keys().copied().collect::<Vec<_>>(), [1, 4]);
    assert!(troubles[&1].ends_with("first at 2026-11-21T08:05Z"), "{troubles:?}");
    assert!(troubles[&4].starts_with("bad: bad_data: "), "{troubles:?}");

    // Asked minute by minute, it says the same.
    let mut one_by_one: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for minute in (0..LENGTH as u32).map(|minute| FIRST + Minutes::new(minute)) {
        let readings = source.read(minute, minute + Minutes::new(1)).await.unwrap();
        for objective in 0..4 {
            one_by_one.entry(objective).or_default().extend(known(&readings, objective));
        }
    }
    for objective in 0..4 {
        assert_eq!(one_by_one[&objective], known(&readings, objective));
    }
}
