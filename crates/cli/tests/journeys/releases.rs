//! Releases under watch from the command line: what is shown, and how it ends when nothing is gone back.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use api::{
    ArmedView, LastRollback, Problem, ReleaseMinute, ReleaseView, RollbackBegun, RollbackList, StoryLine, WatchedFlow,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::setup::{Ended, PATIENCE, Running, run};

/// A server that gives one answer to everything, and keeps what it was asked.
struct Canned {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    fn answering(status: u16, body: &impl serde::Serialize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (heard, body) = (asked.clone(), serde_json::to_string(body).unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                heard.lock().unwrap().push(answer(stream, status, &body));
            }
        });
        Self { url, asked }
    }

    fn run(&self, args: &[&str]) -> Ended {
        run(&[args, &["--server", &self.url]].concat())
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Answers one request: its first line, its token and its body.
fn answer(mut stream: TcpStream, status: u16, body: &str) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let (mut asked, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let (name, value) = line.trim().split_once(": ").unwrap_or((line.trim(), ""));
        match name.to_ascii_lowercase().as_str() {
            "" => break,
            "content-length" => length = value.parse().unwrap(),
            "authorization" => asked.push_str(&format!(" [{value}]")),
            _ if asked.is_empty() => asked.push_str(name.trim_end_matches(" HTTP/1.1")),
            _ => {}
        }
    }
    let mut sent = vec![0; length];
    lines.read_exact(&mut sent).unwrap();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n");
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    format!("{asked} {}", String::from_utf8(sent).unwrap()).trim_end().to_owned()
}

fn instant(minute: i64) -> Timestamp {
    "2026-11-21T07:40:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

fn minute(minute: i64, seen: Option<(u32, u32)>, odds: f64) -> ReleaseMinute {
    ReleaseMinute {
        at: instant(minute),
        conversations: seen.map(|(count, _)| count),
        errors: seen.map(|(_, errors)| errors),
        is_maintained: minute == 0,
        odds: Some(odds),
        is_after_rollback: 4 <= minute,
    }
}

fn release(id: &str, state: &str) -> ReleaseView {
    ReleaseView {
        id: id.into(),
        flow: "main-ivr".into(),
        name: "Main IVR".into(),
        version: "12.0".into(),
        before: Some("11.0".into()),
        published_by: Some("Ada Lovelace".into()),
        published_at: instant(0),
        state: state.into(),
        is_open: matches!(state, "ASKED" | "WATCHING"),
        mode: "approve".into(),
        minute: 4,
        length: 60,
        odds: Some(31_044.2),
        odds_needed: 20_000.0,
        odds_suspect: 20.0,
        normal_percent: Some(1.02),
        normal_percent_max: Some(1.27),
        share_percent_min: Some(9.44),
        share_percent_max: Some(18.2),
        tolerated_percent: Some(1.59),
        conversations: 150,
        errors: 21,
        why: "21 of 150 conversations have failed since 07:40 (14.0 %).".into(),
        target: (state == "RECOVERED").then(|| "11.0".into()),
        recovery_odds: (state == "RECOVERED").then_some(2_100.0),
        story: vec![
            StoryLine { at: instant(0), what: "version 12.0 was published by Ada Lovelace".into() },
            StoryLine { at: instant(3), what: "the release is bad: an approver was asked".into() },
        ],
        minutes: Vec::new(),
        is_reproduced: None,
    }
}

fn list() -> RollbackList {
    let armed = |fired| Some(ArmedView { at: Some(instant(0)), is_armed: fired == 0, tried: 40_210, fired });
    let flow = |name: &str, mode: &str, armed, trouble: Option<&str>| WatchedFlow {
        id: name.to_lowercase(),
        name: name.into(),
        mode: mode.into(),
        published: trouble.is_none().then(|| "12.0".into()),
        published_at: trouble.is_none().then(|| instant(0)),
        history_minutes: 40_210,
        normal_percent: trouble.is_none().then_some(1.02),
        armed,
        trouble: trouble.map(str::to_owned),
    };
    RollbackList {
        at: Some(instant(20)),
        is_leader: true,
        open: None,
        last: Some(LastRollback {
            id: "r-1".into(),
            flow: "Main IVR".into(),
            at: instant(17),
            is_done: true,
            what: "callers get 11.0".into(),
        }),
        locked_until: Some(instant(32)),
        policy: "evidence".into(),
        false_rollbacks_per_year: 1.0,
        releases_per_year: 250,
        trouble: None,
        flows: vec![
            flow("Main IVR", "approve", armed(0), None),
            flow("Billing", "automatic", armed(3), None),
            flow("Callback", "observe", None, Some("no flow of this name is in the organisation")),
        ],
        releases: vec![release("r-2", "ASKED"), release("r-1", "RECOVERED")],
    }
}

#[test]
fn what_is_watched_and_what_was_gone_back_from_is_told() {
    let server = Canned::answering(200, &list());
    let status = server.run(&["rollback", "status"]);
    assert_eq!(status.code, 0);
    insta::assert_snapshot!("rollback_status", status.stdout);
    insta::assert_snapshot!("rollback_history", server.run(&["rollback", "history", "--limit", "1"]).stdout);
    assert_eq!(server.run(&["rollback", "status", "--format", "json"]).json(), serde_json::to_value(list()).unwrap());
    let rare = RollbackList { false_rollbacks_per_year: 1e-300, ..list() };
    let rare = Canned::answering(200, &rare).run(&["rollback", "status"]).stdout;
    assert!(rare.contains("false rollbacks a year: 1e-300 at most"), "{rare}");
    let history = server.run(&["rollback", "history", "--format", "json"]).json();
    assert_eq!(history, json!({ "releases": list().releases }));
    assert!(server.asked().iter().all(|asked| asked == "GET /api/v1/rollbacks"), "{:?}", server.asked());
}

#[test]
fn a_guard_that_has_not_looked_yet_knows_nothing() {
    let server = Canned::answering(200, &RollbackList::default());
    for command in ["status", "history"] {
        for format in ["text", "json"] {
            assert_eq!(server.run(&["rollback", command, "--format", format]).code, 3, "{command} as {format}");
        }
    }
}

#[test]
fn a_release_is_explained_with_its_last_minutes() {
    let mut explained = release("r-1", "RECOVERED");
    explained.minutes = vec![
        minute(0, Some((50, 7)), 27.2),
        minute(1, Some((48, 6)), 740.0),
        minute(2, None, 740.0),
        minute(3, Some((52, 8)), 31_044.2),
        minute(4, Some((51, 0)), 3.2),
    ];
    explained.is_reproduced = Some(true);
    let server = Canned::answering(200, &explained);
    insta::assert_snapshot!("rollback_explain", server.run(&["rollback", "explain", "r-1"]).stdout);
    let few = server.run(&["rollback", "explain", "r-1", "--minutes", "2"]).stdout;
    assert!(few.contains("the last 2 of 5 minutes; `--minutes 5` shows all"), "{few}");
    let json = server.run(&["rollback", "explain", "r-1", "--format", "json"]).json();
    assert_eq!(json, serde_json::to_value(&explained).unwrap());
    assert_eq!(server.asked()[0], "GET /api/v1/rollbacks/r-1");
    assert_eq!(server.run(&["rollback", "explain", "../metrics"]).code, 2);
    explained.is_reproduced = Some(false);
    let other = Canned::answering(200, &explained).run(&["rollback", "explain", "r-1"]).stdout;
    assert!(other.contains("NOT the same"), "{other}");
}

#[test]
fn without_a_past_neither_odds_nor_what_is_tolerated_are_numbers() {
    let unweighed = ReleaseView {
        odds: None,
        normal_percent: None,
        normal_percent_max: None,
        share_percent_min: None,
        share_percent_max: None,
        tolerated_percent: None,
        minutes: vec![ReleaseMinute { odds: None, ..minute(1, Some((48, 6)), 1.0) }],
        is_reproduced: Some(true),
        ..release("r-3", "WATCHING")
    };
    let explained = Canned::answering(200, &unweighed).run(&["rollback", "explain", "r-3"]).stdout;
    insta::assert_snapshot!("rollback_explain_without_past", explained);
    let all = RollbackList { releases: vec![unweighed], ..list() };
    let status = Canned::answering(200, &all).run(&["rollback", "status"]).stdout;
    assert!(status.contains("–") && !status.contains(" : 1"), "{status}");
}

#[test]
fn going_back_says_what_was_begun_and_by_whom() {
    let begun = "Main IVR goes back from 12.0 to 11.0";
    let server = Canned::answering(200, &RollbackBegun { id: "w-1".into(), begun: begun.into() });
    let token = ["--token", "token-of-ann"];
    let wish = ["rollback", "run", "Main IVR", "--to", "11.0", "--reason", "callers complain"];
    let ended = server.run(&[&wish[..], &["--no-wait"], &token].concat());
    assert_eq!(ended.code, 0, "{}", ended.whole());
    assert!(ended.stdout.starts_with("Main IVR goes back from 12.0 to 11.0\n"), "{}", ended.stdout);
    let body = r#"{"flow":"Main IVR","to":"11.0","reason":"callers complain"}"#;
    assert_eq!(server.asked(), [format!("POST /api/v1/rollbacks [Bearer token-of-ann] {body}")]);

    // The list tells what became of it, and the command ends with that.
    for (is_done, what, code) in [(true, "callers get 11.0", 0), (false, "bob has the flow locked", 1)] {
        let last = LastRollback { id: "w-1".into(), is_done, what: what.into(), ..list().last.unwrap() };
        let mut answer = serde_json::to_value(RollbackList { last: Some(last), ..list() }).unwrap();
        answer["id"] = "w-1".into();
        answer["begun"] = begun.into();
        let server = Canned::answering(200, &answer);
        let ended = server.run(&[&wish[..], &token].concat());
        assert_eq!(ended.code, code, "{}", ended.whole());
        assert_eq!(ended.stdout, format!("{begun}\nMain IVR: {what}\n"));
        let json = server.run(&[&wish[..], &token, &["--format", "json"]].concat()).json();
        assert_eq!((&json["id"], &json["ended"]["what"]), (&"w-1".into(), &what.into()));
    }

    let server = Canned::answering(200, &release("r-2", "ROLLING_BACK"));
    let ended = server.run(&[&["rollback", "approve", "r-2"][..], &token].concat());
    assert_eq!(ended.code, 0, "{}", ended.whole());
    assert!(ended.stdout.starts_with("r-2: version 12.0 of Main IVR is ROLLING_BACK\n"), "{}", ended.stdout);
    assert_eq!(server.asked(), ["POST /api/v1/rollbacks/r-2/approve [Bearer token-of-ann] null"]);
}

#[test]
fn every_refusal_has_its_exit_code() {
    let problem = |kind: &str, status: u16| Problem {
        kind: kind.into(),
        title: "not done".into(),
        status,
        detail: Some("the last one ended at 07:57".into()),
        hint: Some("Wait.".into()),
    };
    let refusals = [
        ("urn:steadyline:problem:who", 401, 2),
        ("urn:steadyline:problem:role", 403, 2),
        ("urn:steadyline:problem:unknown-release", 404, 2),
        (Problem::HELD, 409, 4),
        ("urn:steadyline:problem:rollback", 422, 2),
        (Problem::LOCKED_OUT, 423, 4),
        ("urn:steadyline:problem:away", 503, 3),
        // Of other commands: what has been decided is not held by anybody.
        ("urn:steadyline:problem:decided", 409, 2),
    ];
    for (kind, status, code) in refusals {
        let server = Canned::answering(status, &problem(kind, status));
        for args in [&["rollback", "approve", "r-2"][..], &["rollback", "run", "main", "--to", "11.0"]] {
            let ended = server.run(args);
            assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{kind}: {}", ended.whole());
            assert!(ended.stderr.contains("the last one ended at 07:57"), "{}", ended.stderr);
        }
    }
    assert_eq!(run(&["rollback", "approve", "r-2", "--server", "http://127.0.0.1:9"]).code, 3);
    assert_eq!(run(&["rollback", "run", "main"]).code, 2, "to which version?");
    assert_eq!(run(&["rollback", "history", "--limit", "0"]).code, 2);
}

#[test]
fn a_wrong_call_is_not_looked_for_in_the_log_of_the_server() {
    let problem = |status: u16| Problem {
        kind: "urn:steadyline:problem:wish".into(),
        title: "this makes no sense".into(),
        status,
        detail: None,
        hint: None,
    };
    for (status, is_hinted) in [(400, false), (403, false), (404, false), (409, false), (500, true), (503, true)] {
        let ended = Canned::answering(status, &problem(status)).run(&["maintenance", "approve", "m-1"]);
        assert_eq!(ended.stderr.contains("server's log"), is_hinted, "{status}: {}", ended.stderr);
        assert!(ended.stderr.contains("this makes no sense"), "{status}: {}", ended.stderr);
    }
}

#[test]
fn a_token_is_sent_without_the_end_of_its_line_and_refused_with_another_in_it() {
    let server = Canned::answering(200, &release("r-2", "ROLLING_BACK"));
    let approve = |token: &str| server.run(&["rollback", "approve", "r-2", "--token", token]);
    assert_eq!(approve("token-of-ann\r\n").code, 0);
    assert_eq!(server.asked(), ["POST /api/v1/rollbacks/r-2/approve [Bearer token-of-ann] null"]);
    let two = approve("token-of-ann\ntoken-of-ben");
    assert_eq!(two.code, 2, "{}", two.whole());
    assert!(two.stderr.contains("one token, on one line") && !two.stderr.contains("token-of"), "{}", two.stderr);
    assert_eq!(server.asked().len(), 1, "nothing was sent");
}

#[test]
fn what_is_no_url_of_a_server_is_a_wrong_call() {
    let table = [
        ("127.0.0.1:47800", "write http://127.0.0.1:47800 or https://127.0.0.1:47800"),
        ("localhost:7700", "write http://localhost:7700 or"),
        ("ftp://localhost", "write http://127.0.0.1:7700, for instance"),
        ("http://", "write http://127.0.0.1:7700, for instance"),
    ];
    for (url, part) in table {
        let ended = run(&["incidents", "list", "--server", url]);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{}", ended.whole());
        let said = ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_controller_that_watches_nobody_says_what_to_configure() {
    let mut controller = Running::start(&["serve", "--role", "controller", "--listen", "127.0.0.1:0"]);
    let console = controller.url("console");
    let ended = run(&["rollback", "status", "--server", &console]);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
    assert!(ended.stderr.contains("`platform`") && ended.stderr.contains("`rollback`"), "{}", ended.stderr);
}
