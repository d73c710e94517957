//! A process of the benchmark: pinned to one processor, waited for, measured, ended by its own number.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base::Mono;
use clock::Clock;

use crate::Error;

/// The processor of the gateway that is measured.
pub(crate) const GATEWAY_CPU: &str = "0";
/// The processor of the upstream and of the callers.
pub(crate) const OTHERS_CPU: &str = "1";
/// How long a process may take until it listens.
const START_MAX: Duration = Duration::from_secs(20);
/// How often it is looked whether it does.
const LOOK: Duration = Duration::from_millis(5);
/// The kernel's unit of processor time; Linux shows it to programs as hundredths of a second everywhere.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running process; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    port: u16,
}

impl Process {
    /// Starts `program` on one processor and waits until it listens on `port`.
    pub(crate) fn start(cpu: &str, program: &Path, args: &[String], port: u16) -> Result<Self, Error> {
        let mut command = Command::new("taskset");
        command.args(["-c", cpu]).arg(program).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| format!("{} could not be started: {error}", program.display()))?;
        let mut process = Self { child, port };
        process.wait_until_it_listens(program)?;
        Ok(process)
    }

    fn wait_until_it_listens(&mut self, program: &Path) -> Result<(), Error> {
        let clock = Clock::real();
        let end = clock.mono() + START_MAX;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        // A thread of its own: the callers' runtime may be running on this one.
        let port = self.port;
        let listens = std::thread::spawn(move || runtime.block_on(listens_before(&clock, port, end)));
        if listens.join().is_ok_and(|listens| listens) {
            return Ok(());
        }
        let ended = self.child.try_wait()?.map_or(String::new(), |status| format!("; it ended with {status}"));
        Err(format!("{} does not listen on port {}{ended}", program.display(), self.port).into())
    }

    /// Processor time used so far, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Result<f64, Error> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        cpu_ticks(&stat).map(|ticks| ticks as f64 / TICKS_PER_SECOND).ok_or_else(|| "/proc/PID/stat is cut off".into())
    }

    /// Memory in use, in MiB.
    pub(crate) fn rss_mib(&self) -> Result<f64, Error> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("/proc/PID/status has no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) -> Result<(), Error> {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status()?;
        if status.success() { Ok(()) } else { Err(format!("signal {name} could not be sent").into()) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

async fn listens_before(clock: &Clock, port: u16, end: Mono) -> bool {
    while clock.mono() < end {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        clock.sleep(LOOK).await;
    }
    false
}

/// User and system time of `/proc/PID/stat`: the fields 14 and 15, counted after the name, which may hold anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_behind_a_name_with_spaces_and_brackets() {
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 70 30 0 0 20 0 1 0 99";
        assert_eq!(cpu_ticks(stat), Some(100));
        assert_eq!(cpu_ticks("42 (cut"), None);
    }
}
