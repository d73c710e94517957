//! A puppet upstream, a plain caller, and a gateway between them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clock::Clock;
use config::{Degrade, Secrets};
use degrade::Transition;
use gateway::{Gateway, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Nothing that a test waits for takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the puppet does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Answers with a status line, extra header lines and a body.
    Answer(u16, &'static str, &'static str),
    /// Says nothing, for ever.
    Hang,
    /// Closes without a word.
    Close,
    /// Sends bytes as they are and closes.
    Raw(&'static str),
    /// Sends a chunked body without an end.
    Endless,
}

pub(crate) const GOOD: Act = Act::Answer(200, "", r#"{"customerName":"Jane","accountTier":"platinum"}"#);

/// An upstream that does what it is told, by path prefix; `/` is the default.
pub(crate) struct Puppet {
    pub(crate) address: SocketAddr,
    acts: Arc<Mutex<HashMap<String, Act>>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Puppet {
    pub(crate) async fn start(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acts = Arc::new(Mutex::new(HashMap::from([("/".to_owned(), act)])));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (theirs, seen) = (Arc::clone(&acts), Arc::clone(&heads));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(perform(stream, Arc::clone(&theirs), Arc::clone(&seen)));
            }
        });
        Self { address, acts, heads }
    }

    pub(crate) fn act(&self, act: Act) {
        self.act_at("/", act);
    }

    pub(crate) fn act_at(&self, prefix: &str, act: Act) {
        self.acts.lock().unwrap().insert(prefix.to_owned(), act);
    }

    /// Heads of all requests that were no probes.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().iter().filter(|head| !head.contains("steadyline-probe")).cloned().collect()
    }
}

async fn perform(mut stream: TcpStream, acts: Arc<Mutex<HashMap<String, Act>>>, seen: Arc<Mutex<Vec<String>>>) {
    while let Some(head) = read_request(&mut stream).await {
        let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
        seen.lock().unwrap().push(head);
        let act = {
            let acts = acts.lock().unwrap();
            let best =
                acts.iter().filter(|(prefix, _)| path.starts_with(*prefix)).max_by_key(|(prefix, _)| prefix.len());
            best.unwrap().1.clone()
        };
        match act {
            Act::Answer(status, headers, body) => {
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
                );
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
            Act::Hang => std::future::pending().await,
            Act::Close => return,
            Act::Raw(bytes) => {
                let _closed = stream.write_all(bytes.as_bytes()).await;
                return;
            }
            Act::Endless => {
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
                if stream.write_all(head.as_bytes()).await.is_err() {
                    return;
                }
                let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
                while stream.write_all(chunk.as_bytes()).await.is_ok() {}
                return;
            }
        }
    }
}

/// The head of the next request, its body read and dropped.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let head = read_head(stream).await?;
    let length = header(&head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(head)
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// The value of a header in a head.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// What a caller got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) after: Duration,
}

impl Got {
    pub(crate) fn outcome(&self) -> &str {
        header(&self.head, "x-steadyline-outcome").unwrap_or("none")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A gateway under test.
pub(crate) struct Rig {
    pub(crate) gateway: Gateway,
    pub(crate) records: mpsc::Receiver<Transition>,
    pub(crate) clock: Clock,
}

struct NoSecrets;

impl Secrets for NoSecrets {
    fn env(&self, name: &str) -> Option<String> {
        Some(format!("secret-of-{name}"))
    }

    fn file(&self, _: &Path) -> std::io::Result<String> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

pub(crate) fn degrade(yaml: &str) -> Degrade {
    config::load("test.yaml", yaml, &NoSecrets).unwrap_or_else(|problems| panic!("{problems}")).degrade
}

impl Rig {
    pub(crate) fn start(yaml: &str) -> Self {
        Self::start_scaled(yaml, 1)
    }

    /// A gateway whose time runs faster.
    pub(crate) fn start_scaled(yaml: &str, speed: u32) -> Self {
        let clock = Clock::scaled(speed);
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let options = Options { listen, tls: None, workers: Some(2), clock: clock.clone(), seed: 7 };
        let (gateway, records) = gateway::start(degrade(yaml), options).unwrap();
        Self { gateway, records, clock }
    }

    /// One GET on a connection of its own.
    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n")).await
    }

    /// Sends bytes as they are and reads one answer.
    pub(crate) async fn send(&self, request: &str) -> Got {
        let started = self.clock.mono();
        let mut stream = TcpStream::connect(self.gateway.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let (head, body) = self.clock.timeout(PATIENCE, read_answer(&mut stream)).await.expect("an answer in time");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Got { status, head, body, after: self.clock.mono().since(started) }
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let waited = self.clock.timeout(PATIENCE, async {
            while !is_so() {
                self.clock.sleep(Duration::from_millis(2)).await;
            }
        });
        waited.await.unwrap_or_else(|| panic!("{what}: not in time"));
    }

    /// GETs until the outcome begins so: workers take a new plan, or a probe's verdict, within a moment.
    pub(crate) async fn get_until(&self, path: &str, outcome: &str) -> Got {
        let found = self.clock.timeout(PATIENCE, async {
            loop {
                let got = self.get(path).await;
                if got.outcome().starts_with(outcome) {
                    return got;
                }
            }
        });
        found.await.unwrap_or_else(|| panic!("{path} does not come to {outcome}"))
    }

    /// The next record of the circuit.
    pub(crate) async fn record(&mut self) -> Transition {
        let next = self.clock.timeout(PATIENCE, self.records.recv()).await;
        next.expect("a record in time").expect("the gateway is running")
    }
}

async fn read_answer(stream: &mut TcpStream) -> (String, String) {
    let Some(head) = read_head(stream).await else { return (String::new(), String::new()) };
    let mut body = Vec::new();
    match header(&head, "content-length").and_then(|value| value.parse().ok()) {
        Some(length) => {
            body.resize(length, 0);
            if stream.read_exact(&mut body).await.is_err() {
                body.clear();
            }
        }
        None => {
            let _end = stream.read_to_end(&mut body).await;
        }
    }
    (head, String::from_utf8_lossy(&body).into_owned())
}

/// A route with a fallback and the upstream behind it; `more` is added to the route, `upstream` to the upstream.
pub(crate) fn yaml(address: SocketAddr, upstream: &str, more: &str) -> String {
    format!(
        r#"
degrade:
  upstreams:
    crm:
      url: http://{address}
      {upstream}
  routes:
    lookup:
      path: /lookup
      method: GET
      upstream: crm
      {more}
      fallback: {{ customerName: Unknown, accountTier: standard, dataActionFailed: true }}
"#
    )
}
