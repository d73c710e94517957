//! Is the machine fit for it?

use clock::Clock;
use jiff::Timestamp;

use super::check::Check;

/// Every call holds two open files, one for each side; with fewer than this a busy gateway refuses connections.
const OPEN_FILES_MIN: u64 = 4_096;
/// A clock before this program was written is wrong.
const WRITTEN: &str = "2026-01-01T00:00:00Z";
/// Where Linux keeps a process's limits.
const LIMITS: &str = "/proc/self/limits";

pub(super) fn check(clock: &Clock) -> [Check; 2] {
    [time(clock.now().wall), open_files(std::fs::read_to_string(LIMITS).ok().as_deref())]
}

fn time(now: Timestamp) -> Check {
    let check = Check::new("machine", "clock");
    let written: Timestamp = WRITTEN.parse().expect("a constant in the form of RFC 3339");
    if written <= now {
        return check.good(format!("it is {now:.0}"));
    }
    check.bad(format!("it says {now:.0}, which is in the past"), "set the clock, and keep it set with NTP")
}

fn open_files(limits: Option<&str>) -> Check {
    let check = Check::new("machine", "open files");
    let soft = limits.and_then(|limits| {
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
        line.split_whitespace().next()
    });
    match soft.map(|soft| (soft, soft.parse::<u64>())) {
        Some(("unlimited", _)) => check.good("no limit"),
        Some((_, Ok(soft))) if OPEN_FILES_MIN <= soft => check.good(format!("at most {soft}")),
        Some((_, Ok(soft))) => {
            let fix = format!("raise it to {OPEN_FILES_MIN} or more: `ulimit -n`, or LimitNOFILE in the unit file");
            check.bad(format!("at most {soft}: a busy gateway needs more"), fix)
        }
        Some((_, Err(_))) | None => {
            check.unknown("the limit cannot be read here", format!("see that it is {OPEN_FILES_MIN} or more"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Verdict;
    use super::*;

    #[test]
    fn a_clock_in_the_past_is_wrong() {
        assert_eq!(time(Timestamp::UNIX_EPOCH).verdict, Verdict::Bad);
        assert_eq!(time("2030-01-01T00:00:00Z".parse().unwrap()).verdict, Verdict::Good);
    }

    #[test]
    fn the_soft_limit_of_open_files_counts() {
        let limits =
            |soft: &str| format!("Limit   Soft  Hard  Units\nMax open files            {soft}   1048576  files\n");
        assert_eq!(open_files(Some(&limits("1024"))).verdict, Verdict::Bad);
        assert_eq!(open_files(Some(&limits("65536"))).verdict, Verdict::Good);
        assert_eq!(open_files(Some(&limits("unlimited"))).verdict, Verdict::Good);
        assert_eq!(open_files(None).verdict, Verdict::Unknown);
    }
}
