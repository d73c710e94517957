//! A real upstream that dies and comes back under load: nginx, killed outright three times while wrk calls.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use clock::Clock;
use tempfile::TempDir;

use crate::setup::{PATIENCE, Running, get, signal};

/// How often nginx is killed.
const KILLS: u32 = 3;

/// Calls between one thing happening and the next: enough that every connection took part.
const CALLS: u64 = 1_000;

/// A server that is killed when the test is over.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed by the story.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// One process, so that one signal ends all of it.
fn nginx(dir: &Path, port: u16) -> Server {
    let here = dir.display();
    let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {here}/{kind};\n"))
        .concat();
    let conf = format!(
        "daemon off;
master_process off;
pid {here}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
access_log off;
keepalive_requests 100000000;
{folders}
server {{
listen 127.0.0.1:{port};
default_type application/json;
location / {{ return 200 '{{\"tier\":\"gold\"}}'; }}
}}
}}
"
    );
    let path = dir.join("nginx.conf");
    std::fs::write(&path, conf).unwrap();
    let mut command = Command::new("/usr/sbin/nginx");
    command.arg("-c").arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Server(command.spawn().expect("nginx is installed by `cargo xtask test`"))
}

fn config(dir: &Path, upstream: u16) {
    let text = format!(
        "degrade:
  upstreams:
    crm: {{ url: \"http://127.0.0.1:{upstream}\", probe: {{ path: /crm/lookup }} }}
  routes:
    lookup: {{ path: /crm/lookup, upstream: crm, deadline: 2s, fallback: {{ tier: standard }} }}
"
    );
    std::fs::write(dir.join("steadyline.yaml"), text).unwrap();
}

/// Calls of the route that ended so.
fn count(console: &str, outcome: &str) -> u64 {
    let metrics = get(&format!("{console}/metrics")).1;
    let start = format!("steadyline_calls_total{{route=\"lookup\",outcome=\"{outcome}\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&start)).map_or(0, |number| number.parse().unwrap())
}

/// Waits until so many more calls ended so.
fn wait_for_more(console: &str, outcome: &str) {
    let clock = Clock::real();
    let (start, from) = (clock.mono(), count(console, outcome));
    while count(console, outcome) < from + CALLS {
        assert!(clock.mono().since(start) < PATIENCE, "calls do not go on to end as {outcome}");
    }
}

/// The number before `label` in wrk's report.
fn requests(report: &str) -> u64 {
    let line = report.lines().find_map(|line| line.trim().split_once(" requests in "));
    line.unwrap_or_else(|| panic!("{report}")).0.parse().unwrap()
}

#[test]
fn nobody_is_lost_while_nginx_is_killed_and_restarted_under_load() {
    let dir = TempDir::new().unwrap();
    // A port that was free a moment ago: nginx cannot choose its own.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    config(dir.path(), port);
    let mut upstream = nginx(dir.path(), port);
    let anywhere = ["serve", "--listen", "127.0.0.1:0", "--gateway-listen", "127.0.0.1:0"];
    let mut steadyline = Running::start_in(dir.path(), &anywhere);
    let (gateway, console) = (steadyline.url("gateway"), steadyline.url("console"));

    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c16", "-d90s", "--timeout", "10s"]).arg(format!("{gateway}/crm/lookup"));
    let wrk = wrk.stdout(Stdio::piped()).spawn().expect("wrk is installed by `cargo xtask test`");
    let pid = wrk.id();
    let story = std::thread::spawn(move || {
        wait_for_more(&console, "ok");
        for _ in 0..KILLS {
            upstream.0.kill().unwrap();
            upstream.0.wait().unwrap();
            wait_for_more(&console, "fallback");
            upstream = nginx(dir.path(), port);
            wait_for_more(&console, "ok");
        }
        (count(&console, "error"), dir, upstream)
    });
    let story = story.join();
    signal(pid, "INT");
    let report = String::from_utf8(wrk.wait_with_output().unwrap().stdout).unwrap();
    let (errors, _dir, _upstream) = story.unwrap();

    assert_eq!(errors, 0, "{report}");
    assert!(requests(&report) > u64::from(KILLS) * 2 * CALLS, "{report}");
    assert!(!report.contains("Non-2xx"), "{report}");
    assert!(!report.contains("Socket errors"), "{report}");
}
