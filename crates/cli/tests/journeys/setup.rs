//! Running the binary: once to its end, or as a server that is waited for, asked and told to stop.
//!
//! Nothing sleeps: every wait is for a line, an answer or an end, and every wait is bounded.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tempfile::TempDir;

/// No wait is longer, however busy the machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// A story of releases takes two minutes, and more beside other tests.
const STORY_PATIENCE: Duration = Duration::from_secs(400);

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Both outputs and the exit code, for snapshots.
    pub(crate) fn whole(&self) -> String {
        let Self { code, stdout, stderr } = self;
        format!("exit {code}\n--- stdout\n{stdout}--- stderr\n{stderr}")
    }

    /// What is on stderr, as one line, without what frames it.
    pub(crate) fn said(&self) -> String {
        self.stderr.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What is on stdout, as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}", self.whole()))
    }
}

/// The command, in `dir`, with an environment that does not depend on who runs the tests.
fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steadyline"));
    command.args(args).current_dir(dir).env_clear().env("NO_COLOR", "1").env("LANG", "C.UTF-8").env("USER", "tester");
    command
}

/// Runs to the end in an empty directory.
pub(crate) fn run(args: &[&str]) -> Ended {
    run_in(TempDir::new().unwrap().path(), args, "")
}

/// Runs to the end in an empty directory, which may take as long as a story does.
pub(crate) fn play(args: &[&str]) -> Ended {
    run_for(STORY_PATIENCE, TempDir::new().unwrap().path(), args, "")
}

/// Runs to the end in `dir`, with `stdin`.
pub(crate) fn run_in(dir: &Path, args: &[&str], stdin: &str) -> Ended {
    run_for(PATIENCE, dir, args, stdin)
}

/// Runs one step of a pipeline to its end in `dir`, with `dir/bin` in the path, and steadyline.
pub(crate) fn shell(dir: &Path, step: &str) -> Ended {
    let steadyline = Path::new(env!("CARGO_BIN_EXE_steadyline")).parent().unwrap();
    let path = format!("{}:{}:/usr/bin:/bin", dir.join("bin").display(), steadyline.display());
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", step]).current_dir(dir).env_clear();
    shell.env("PATH", path).env("NO_COLOR", "1").env("LANG", "C.UTF-8").env("USER", "tester");
    ended(shell, PATIENCE, step, "")
}

fn run_for(patience: Duration, dir: &Path, args: &[&str], stdin: &str) -> Ended {
    ended(command(dir, args), patience, &format!("steadyline {}", args.join(" ")), stdin)
}

fn ended(mut command: Command, patience: Duration, what: &str, stdin: &str) -> Ended {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let (told, ended) = channel();
    let pid = child.id();
    std::thread::spawn(move || told.send(child.wait_with_output()));
    let Ok(output) = ended.recv_timeout(patience) else {
        signal(pid, "KILL");
        panic!("`{what}` did not end");
    };
    let output = output.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A running server; it is killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    _dir: Option<TempDir>,
}

impl Running {
    /// Starts in an empty directory.
    pub(crate) fn start(args: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        let mut running = Self::start_in(dir.path(), args);
        running._dir = Some(dir);
        running
    }

    /// Starts in `dir`.
    pub(crate) fn start_in(dir: &Path, args: &[&str]) -> Self {
        let mut command = command(dir, args);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (told, lines) = channel();
        pass_on(child.stdout.take().unwrap(), told.clone());
        pass_on(child.stderr.take().unwrap(), told);
        Self { child, lines, seen: Vec::new(), _dir: None }
    }

    /// The next line, on stdout or stderr, with `part` in it.
    pub(crate) fn line_with(&mut self, part: &str) -> String {
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("no line with `{part}`; there were:\n{}", self.seen.join("\n"));
            };
            self.seen.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Where the listener of this name listens.
    pub(crate) fn url(&mut self, name: &str) -> String {
        let start = format!("listening {name} ");
        self.line_with(&start).rsplit(' ').next().unwrap().to_owned()
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for the end, which must come; and for what it still had to say.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<String>) {
        // Both outputs end with the process.
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.seen.push(line);
        }
        let ended = self.child.try_wait().unwrap();
        let seen = std::mem::take(&mut self.seen);
        let status = ended.unwrap_or_else(|| self.child.wait().unwrap());
        (status, seen)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn pass_on(output: impl Read + Send + 'static, told: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            let Ok(line) = line else { return };
            if told.send(line).is_err() {
                return;
            }
        }
    });
}

/// Sends a signal by its name.
pub(crate) fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
    assert!(status.success(), "{name} could not be sent");
}

/// One GET: status and body.
pub(crate) fn get(url: &str) -> (u16, String) {
    let rest = url.strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// One POST of JSON in the name of whoever has the token: its status.
pub(crate) fn post(url: &str, token: &str, body: &str) -> u16 {
    let rest = url.strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!("POST /{path} HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {token}\r\n");
    let kind = "content-type: application/json\r\nconnection: close\r\n";
    write!(stream, "{head}{kind}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Replaces what differs from run to run.
pub(crate) fn filters() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"127\.0\.0\.1:[1-9]\d{3,4}", "127.0.0.1:PORT");
    settings.add_filter(r"\d{8}-\d{6}-\d{6}", "INCIDENT");
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "INSTANT");
    settings.add_filter(r"/tmp/\.tmp\w+", "DIR");
    settings.bind_to_scope()
}
