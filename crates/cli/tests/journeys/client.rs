//! Commands that ask a running server.

use crate::setup::{Running, filters, run};

#[test]
fn without_a_server_nothing_is_known() {
    let _filters = filters();
    // Port 1 is nobody's.
    let server = ["--server", "http://127.0.0.1:1"];
    for command in [&["degrade", "status"][..], &["degrade", "circuits"], &["incidents", "list"]] {
        let ended = run(&[command, &server[..]].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (3, ""), "{}", ended.whole());
    }
    insta::assert_snapshot!("server_away", run(&[&["incidents", "list"], &server[..]].concat()).whole());
}

#[test]
fn an_outage_is_seen_and_taken_from_the_command_line() {
    let args = [
        "demo",
        "--speed",
        "4",
        "--listen",
        "127.0.0.1:0",
        "--gateway-listen",
        "127.0.0.1:0",
        "--twin-listen",
        "127.0.0.1:0",
    ];
    let mut demo = Running::start(&args);
    let console = demo.url("console");
    let ask = |args: &[&str]| run(&[args, &["--server", &console][..]].concat());
    assert_eq!(ask(&["incidents", "list"]).stdout, "no incidents\n");
    demo.line_with("page delivered");

    let list = ask(&["incidents", "list", "--format", "json"]).json();
    let id = list["incidents"][0]["id"].as_str().unwrap().to_owned();
    let taken = ask(&["incidents", "ack", &id]);
    assert_eq!(taken.code, 0, "{}", taken.whole());
    assert!(taken.stdout.starts_with(&format!("{id} is tester's: Circuit crm is open")), "{}", taken.stdout);
    let listed = ask(&["incidents", "list"]).stdout;
    assert!(listed.contains("taken by tester") || listed.contains("resolved"), "{listed}");
    assert_eq!(ask(&["incidents", "ack", "20000101-000000-000001"]).code, 2);
    assert_eq!(ask(&["incidents", "ack", "../metrics"]).code, 2);

    demo.line_with("served live");
    let status = ask(&["degrade", "status"]);
    assert_eq!(status.code, 0);
    assert!(status.stdout.contains("crm-lookup") && status.stdout.contains("circuits all closed"), "{}", status.stdout);
    let circuits = ask(&["degrade", "circuits", "--format", "json"]).json();
    assert_eq!(circuits["circuits"][0]["phase"], "closed");
    assert!(ask(&["degrade", "circuits"]).stdout.starts_with("CIRCUIT "));
}

#[test]
fn a_controller_without_a_gateway_knows_nothing_about_circuits() {
    let mut controller = Running::start(&["serve", "--role", "controller", "--listen", "127.0.0.1:0"]);
    let console = controller.url("console");
    let ended = run(&["degrade", "status", "--server", &console]);
    assert_eq!((ended.code, ended.stdout.as_str()), (3, "no gateway has reported yet\n"));
}
