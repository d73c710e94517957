//! As much load as goes, by wrk: what it counted.

use std::process::Command;
use std::time::Duration;

use crate::Error;
use crate::process::OTHERS_CPU;

/// The request of every case.
pub(crate) const PATH: &str = "/lookup?ani=%2B4915112345678";
/// What a Data Action sends along, give or take.
pub(crate) const HEADERS: [(&str, &str); 4] = [
    ("accept", "application/json"),
    ("user-agent", "data-actions"),
    ("x-correlation-id", "5e1f8d0c-7c0a-4c7e-9a55-0c9f7a3d2b11"),
    ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
];

/// What a load came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    pub(crate) calls: u64,
    pub(crate) calls_per_second: f64,
    pub(crate) p99: Duration,
}

/// Runs wrk with one thread against `port`; an error of any kind in its report is an error here.
pub(crate) fn run(port: u16, connections: u32, time: Duration) -> Result<Load, Error> {
    let mut command = Command::new("taskset");
    command.args(["-c", OTHERS_CPU, "wrk", "-t1", "--latency", "--timeout", "10s"]);
    command.args([&format!("-c{connections}"), &format!("-d{}s", time.as_secs())]);
    for (name, value) in HEADERS {
        command.args(["-H", &format!("{name}: {value}")]);
    }
    let output = command.arg(format!("http://127.0.0.1:{port}{PATH}")).output()?;
    let report = String::from_utf8_lossy(&output.stdout);
    read(&report).ok_or_else(|| format!("wrk reports what cannot be counted:\n{report}").into())
}

/// Reads wrk's report; `None` when a figure is missing or a call went wrong.
fn read(report: &str) -> Option<Load> {
    if report.contains("Non-2xx") || report.contains("Socket errors") {
        return None;
    }
    let field = |label: &str| report.lines().find_map(|line| line.trim().strip_prefix(label)).map(str::trim);
    let calls = report.lines().find_map(|line| line.trim().split_once(" requests in "))?.0.parse().ok()?;
    Some(Load { calls, calls_per_second: field("Requests/sec:")?.parse().ok()?, p99: duration(field("99%")?)? })
}

/// `1.20ms`, `870.00us`, `1.01s`.
fn duration(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (amount, unit) = text.split_at(split);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(amount.parse::<f64>().ok()? * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "Running 4s test @ http://127.0.0.1:1/\n  1 threads and 32 connections\n  Latency Distribution\n     50%  302.00us\n     99%    1.61ms\n  281220 requests in 4.00s, 150.01MB read\nRequests/sec:  70305.10\nTransfer/sec:     37.50MB\n";

    #[test]
    fn a_report_is_read() {
        let load = Load { calls: 281_220, calls_per_second: 70_305.10, p99: Duration::from_micros(1_610) };
        assert_eq!(read(REPORT), Some(load));
    }

    #[test]
    fn a_report_with_errors_counts_for_nothing() {
        assert_eq!(read(&format!("{REPORT}  Non-2xx or 3xx responses: 4\n")), None);
        assert_eq!(read(&format!("{REPORT}  Socket errors: connect 0, read 1, write 0, timeout 0\n")), None);
    }
}
