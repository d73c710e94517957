//! The gateways that are measured, and the upstream behind them: each from its file in `conf/`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use tempfile::TempDir;

use crate::process::{GATEWAY_CPU, OTHERS_CPU, Process};
use crate::{Error, Plan};

/// What the upstream answers.
const BODY: &str = r#"{"customerId":"C-204711","customerName":"Ada Fischer","accountTier":"platinum","isVip":true,"language":"en-GB","openTickets":[{"id":"T-9911","subject":"Router keeps restarting","priority":"high","ageHours":31},{"id":"T-9974","subject":"Invoice of October","priority":"low","ageHours":6}],"agentNotes":"Prefers a call back in the afternoon. Has two sites.","balance":{"currency":"EUR","amount":"129.90"},"score":0.83}"#;
/// What callers get when it does not.
pub(crate) const FALLBACK: &str = r#"{"dataActionFailed":true,"customerName":"Unknown","accountTier":"standard"}"#;
/// How an answer is told from a fallback.
pub(crate) const FALLBACK_MARK: &str = r#""dataActionFailed":true"#;

/// A gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peer {
    /// This project.
    Steadyline,
    /// HAProxy: a check a second, breaker on live traffic.
    Haproxy,
    /// HAProxy with checks every 200 ms that cut off waiting calls.
    HaproxyTuned,
    /// nginx: passive breaker.
    Nginx,
}

impl Peer {
    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Steadyline => "Steadyline",
            Self::Haproxy => "HAProxy",
            Self::HaproxyTuned => "HAProxy, tuned",
            Self::Nginx => "nginx",
        }
    }

    fn conf(self) -> (&'static str, &'static str) {
        match self {
            Self::Steadyline => ("steadyline.yaml", include_str!("../conf/steadyline.yaml")),
            Self::Haproxy => ("haproxy.cfg", include_str!("../conf/haproxy.cfg")),
            Self::HaproxyTuned => ("haproxy-tuned.cfg", include_str!("../conf/haproxy-tuned.cfg")),
            Self::Nginx => ("nginx.conf", include_str!("../conf/nginx.conf")),
        }
    }

    fn command(self, steadyline: &Path, conf: String) -> (PathBuf, Vec<String>) {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).chain([conf.clone()]).collect();
        match self {
            Self::Steadyline => (steadyline.to_owned(), words(&["serve", "--role", "gateway", "--quiet", "--config"])),
            Self::Haproxy | Self::HaproxyTuned => ("/usr/sbin/haproxy".into(), words(&["-f"])),
            Self::Nginx => ("/usr/sbin/nginx".into(), words(&["-c"])),
        }
    }
}

/// One gateway with an upstream of its own.
pub(crate) struct Bench {
    pub(crate) gateway: Process,
    pub(crate) upstream: Upstream,
    pub(crate) port: u16,
    _dir: TempDir,
}

/// The CRM of the benchmark.
pub(crate) struct Upstream {
    conf: String,
    port: u16,
    process: Option<Process>,
}

impl Bench {
    /// Starts upstream and gateway.
    pub(crate) fn start(peer: Peer, plan: &Plan) -> Result<Self, Error> {
        let dir = TempDir::new()?;
        let [port, upstream_port] = free_ports()?;
        let fill = |text: &str| {
            text.replace("@DIR@", &dir.path().display().to_string())
                .replace("@LISTEN@", &port.to_string())
                .replace("@UPSTREAM@", &upstream_port.to_string())
                .replace("@BODY@", BODY)
                .replace("@FALLBACK@", FALLBACK)
        };
        let write = |name: &str, text: &str| -> Result<String, Error> {
            let path = dir.path().join(name);
            std::fs::write(&path, text)?;
            Ok(path.display().to_string())
        };
        write("fallback.json", FALLBACK)?;
        write("fallback.http", &fallback_response())?;
        let conf = write("upstream.conf", &fill(include_str!("../conf/upstream.conf")))?;
        let mut upstream = Upstream { conf, port: upstream_port, process: None };
        upstream.start()?;

        let (name, text) = peer.conf();
        let (program, args) = peer.command(&plan.steadyline, write(name, &fill(text))?);
        let gateway = Process::start(GATEWAY_CPU, &program, &args, port)?;
        Ok(Self { gateway, upstream, port, _dir: dir })
    }
}

impl Upstream {
    /// Starts it, or starts it again.
    pub(crate) fn start(&mut self) -> Result<(), Error> {
        let args = ["-c".to_owned(), self.conf.clone()];
        self.process = Some(Process::start(OTHERS_CPU, Path::new("/usr/sbin/nginx"), &args, self.port)?);
        Ok(())
    }

    /// Ends its process: connections are refused from now on.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// Stops it in its tracks, or lets it go on.
    pub(crate) fn freeze(&self, is_frozen: bool) -> Result<(), Error> {
        let process = self.process.as_ref().ok_or("the upstream is not running")?;
        process.signal(if is_frozen { "STOP" } else { "CONT" })
    }
}

/// HAProxy's error files are whole responses.
fn fallback_response() -> String {
    let length = FALLBACK.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{FALLBACK}")
}

/// Ports that nobody listens on.
pub(crate) fn free_ports<const N: usize>() -> Result<[u16; N], Error> {
    let mut listeners = Vec::new();
    for _ in 0..N {
        listeners.push(TcpListener::bind("127.0.0.1:0")?);
    }
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
