//! The doctor: what it finds, and what it says to do.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use serde_json::Value;
use tempfile::TempDir;

use crate::setup::{Ended, run_in};

/// Examines a configuration in an empty directory.
fn examine(text: &str, args: &[&str]) -> Ended {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("steadyline.yaml"), text).unwrap();
    let ended = run_in(dir.path(), &[&["doctor"], args].concat(), "");
    let left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(left, 1, "nothing is left behind");
    ended
}

fn with_upstream(address: &str) -> String {
    format!(
        "listen: {{ console: \"127.0.0.1:0\", gateway: \"127.0.0.1:0\" }}
degrade:
  upstreams:
    crm: {{ url: \"http://{address}\", probe: {{ path: /canary }} }}
"
    )
}

fn check<'a>(told: &'a Value, name: &str) -> &'a Value {
    told["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap()
}

/// An upstream that answers everything with `status`.
fn upstream(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = BufReader::new(stream.try_clone().unwrap()).lines();
            let mut asked = false;
            while head.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {
                asked = true;
            }
            if asked {
                write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}").unwrap();
            }
        }
    });
    address
}

#[test]
fn a_healthy_upstream_answers_its_probe() {
    let told = examine(&with_upstream(&upstream("200 OK")), &["--format", "json"]).json();
    assert_eq!(check(&told, "crm probe")["verdict"], "ok", "{told:#}");
    assert_eq!(check(&told, "steadyline.db")["verdict"], "ok", "{told:#}");
    assert!(check(&told, "steadyline.db")["summary"].as_str().unwrap().contains("SQLite 3."));
    assert_eq!(check(&told, "receivers")["verdict"], "advice");
}

#[test]
fn a_failing_upstream_is_found_with_what_to_do() {
    let ended = examine(&with_upstream(&upstream("503 Service Unavailable")), &["--format", "json"]);
    assert_eq!(ended.code, 1);
    let told = ended.json();
    assert_eq!((&told["ok"], &check(&told, "crm probe")["verdict"]), (&false.into(), &"failed".into()));
    assert!(check(&told, "crm probe")["summary"].as_str().unwrap().contains("503"));
    let ended = examine(&with_upstream("127.0.0.1:1"), &[]);
    assert_eq!(ended.code, 1);
    assert!(ended.stdout.contains("failed   crm address: 127.0.0.1:1: "), "{}", ended.stdout);
    assert!(ended.stdout.contains("fix: check that the upstream runs"), "{}", ended.stdout);
}

#[test]
fn a_taken_port_and_a_wrong_file_are_found() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let text = format!("listen: {{ console: \"{}\", gateway: \"127.0.0.1:0\" }}", taken.local_addr().unwrap());
    let ended = examine(&text, &["--format", "json"]);
    assert_eq!(ended.code, 1);
    assert_eq!(check(&ended.json(), "console")["verdict"], "failed");
    let ended = examine("degrade: { slotz: 3 }", &[]);
    assert_eq!(ended.code, 1);
    assert!(ended.stdout.contains("steadyline config check"), "{}", ended.stdout);
}
