//! The servers: they start, reload, drain, and say why they cannot.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use tempfile::TempDir;

use crate::setup::{PATIENCE, Running, get, run_in};

const ANYWHERE: [&str; 4] = ["--listen", "127.0.0.1:0", "--gateway-listen", "127.0.0.1:0"];

/// A configuration with one route to `upstream` that falls back to `tier`.
fn write_config(dir: &Path, upstream: &str, tier: &str) {
    let text = format!(
        "degrade:
  upstreams:
    crm: {{ url: \"http://{upstream}\" }}
  routes:
    lookup: {{ path: /crm/lookup, upstream: crm, deadline: 30s, fallback: {{ tier: {tier} }} }}
"
    );
    std::fs::write(dir.join("steadyline.yaml"), text).unwrap();
}

/// An upstream that answers one request when it is told to.
fn held_upstream() -> (String, Receiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (told, asked) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let mut head = BufReader::new(&stream).lines();
            while head.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            if told.send(stream).is_err() {
                return;
            }
        }
    });
    (address, asked)
}

fn answer(mut stream: TcpStream, body: &str) {
    let length = body.len();
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
        .unwrap();
}

fn serve(dir: &Path) -> Running {
    Running::start_in(dir, &[&["serve"], &ANYWHERE[..]].concat())
}

#[test]
fn everything_runs_in_one_process_until_it_is_told_to_stop() {
    let dir = TempDir::new().unwrap();
    write_config(dir.path(), "127.0.0.1:1", "standard");
    let mut server = serve(dir.path());
    let (gateway, console) = (server.url("gateway"), server.url("console"));
    assert_eq!(get(&format!("{gateway}/crm/lookup")).0, 200);
    assert_eq!(get(&format!("{console}/healthz")).0, 200);
    assert_eq!(get(&format!("{console}/readyz")).0, 200);
    let metrics = get(&format!("{console}/metrics")).1;
    assert!(metrics.contains("steadyline_calls_total{route=\"lookup\",outcome=\"fallback\"} 1"), "{metrics}");
    server.signal("TERM");
    let (status, _) = server.end();
    assert_eq!(status.code(), Some(0));
    assert!(dir.path().join("steadyline.db").exists());
}

#[test]
fn a_call_in_flight_is_answered_before_the_end() {
    let dir = TempDir::new().unwrap();
    let (upstream, asked) = held_upstream();
    write_config(dir.path(), &upstream, "standard");
    let mut server = serve(dir.path());
    let (gateway, _) = (server.url("gateway"), server.url("console"));
    let call = std::thread::spawn(move || get(&format!("{gateway}/crm/lookup")));
    let held = asked.recv_timeout(PATIENCE).unwrap();
    server.signal("TERM");
    answer(held, r#"{"tier":"gold"}"#);
    assert_eq!(call.join().unwrap(), (200, r#"{"tier":"gold"}"#.to_owned()));
    let (status, _) = server.end();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_reload_takes_a_good_configuration_and_refuses_a_wrong_one() {
    let dir = TempDir::new().unwrap();
    write_config(dir.path(), "127.0.0.1:1", "standard");
    let mut server = serve(dir.path());
    let (gateway, _) = (server.url("gateway"), server.url("console"));
    let tier = || {
        let body: serde_json::Value = serde_json::from_str(&get(&format!("{gateway}/crm/lookup")).1).unwrap();
        body["tier"].as_str().unwrap().to_owned()
    };
    assert_eq!(tier(), "standard");
    write_config(dir.path(), "127.0.0.1:1", "silver");
    server.signal("HUP");
    server.line_with("configuration read again");
    assert_eq!(tier(), "silver");
    std::fs::write(dir.path().join("steadyline.yaml"), "degrade: { slotz: 3 }").unwrap();
    server.signal("HUP");
    let refused = server.line_with("the old one stays");
    assert!(refused.contains("did you mean `slots`?"), "{refused}");
    assert_eq!(tier(), "silver");
}

#[test]
fn a_gateway_alone_needs_no_store_and_a_controller_alone_no_gateway() {
    let dir = TempDir::new().unwrap();
    write_config(dir.path(), "127.0.0.1:1", "standard");
    let mut gateway = Running::start_in(dir.path(), &["serve", "--role", "gateway", "--gateway-listen", "127.0.0.1:0"]);
    assert_eq!(get(&format!("{}/crm/lookup", gateway.url("gateway"))).0, 200);
    assert!(!dir.path().join("steadyline.db").exists());
    let mut controller = Running::start_in(dir.path(), &["serve", "--role", "controller", "--listen", "127.0.0.1:0"]);
    assert_eq!(get(&format!("{}/readyz", controller.url("console"))).0, 200);
}

#[test]
fn a_store_in_use_and_a_taken_port_are_named_with_the_remedy() {
    let dir = TempDir::new().unwrap();
    write_config(dir.path(), "127.0.0.1:1", "standard");
    let mut first = serve(dir.path());
    let (gateway, _) = (first.url("gateway"), first.url("console"));
    let second = run_in(dir.path(), &[&["serve"], &ANYWHERE[..]].concat(), "");
    assert_eq!(second.code, 4, "{}", second.whole());
    assert!(second.stderr.contains("another process has it open"), "{}", second.stderr);
    let taken = gateway.strip_prefix("http://").unwrap();
    let third = run_in(dir.path(), &["serve", "--role", "gateway", "--gateway-listen", taken], "");
    assert_eq!(third.code, 2, "{}", third.whole());
    assert!(third.stderr.contains("--gateway-listen"), "{}", third.stderr);
}

#[test]
fn listeners_are_told_to_programs_as_json() {
    let args = ["serve", "--role", "gateway", "--gateway-listen", "127.0.0.1:0", "--format", "json"];
    let mut gateway = Running::start(&args);
    let line: serde_json::Value = serde_json::from_str(&gateway.line_with("\"listening\"")).unwrap();
    assert_eq!(line["listening"], "gateway");
    assert_eq!(get(&format!("{}/", line["url"].as_str().unwrap())).0, 404);
}
