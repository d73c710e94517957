//! The decision route at a fixed rate: how long a flow waits to be told what to do without.
//!
//! Each connection is kept open and has a timetable of its own. A wait counts from the moment at which the timetable
//! has the call, not from when it could be sent: whoever falls behind shows it. The same callers beside an echo
//! on the gateway's processor show what the machine itself adds.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use clock::Clock;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::peer::free_ports;
use crate::process::{GATEWAY_CPU, OTHERS_CPU, Process};
use crate::{Error, Plan};

/// Calls a second over all connections.
const RATE: u32 = 10_000;
/// How long the gateway gets to be told how its flow stands.
const TOLD_MAX: Duration = Duration::from_secs(10);
/// How often it is asked whether it was.
const LOOK: Duration = Duration::from_millis(50);
/// The longest answer.
const ANSWER_MAX: usize = 4_096;
const REQUEST: &[u8] = b"GET /decide/main HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\r\n";
/// What the echo answers: as long as a decision.
const ECHO: &[u8; 420] = &[b'.'; 420];

/// Waits of every round, and the machine's own, as a Markdown table.
pub(crate) async fn run(plan: &Plan) -> Result<String, Error> {
    let dir = TempDir::new()?;
    let [port, console] = free_ports()?;
    let conf = include_str!("../conf/decide.yaml")
        .replace("@DIR@", &dir.path().display().to_string())
        .replace("@LISTEN@", &port.to_string())
        .replace("@UPSTREAM@", &console.to_string());
    let file = dir.path().join("steadyline.yaml");
    std::fs::write(&file, conf)?;
    std::fs::write(dir.path().join("objective.yaml"), include_str!("../../examples/slos/crm-lookup.yaml"))?;
    // The callers, which are this process, stay away from the gateway's processor.
    let me = std::process::id().to_string();
    Command::new("taskset").args(["-acp", OTHERS_CPU, &me]).stdout(Stdio::null()).status()?;
    let args = ["serve", "--quiet", "--config", &file.display().to_string()].map(str::to_owned);
    let gateway = Process::start(GATEWAY_CPU, Path::new(&plan.steadyline), &args, port)?;
    until_told(port).await?;

    let mut text = format!(
        "### Decisions: {RATE} a second over {} connections\n\n| | p50 ms | p99 ms | p99.9 ms | worst ms | CPU s per 100k |\n|---|--:|--:|--:|--:|--:|\n",
        plan.connections
    );
    for _ in 0..plan.rounds {
        let before = gateway.cpu_seconds()?;
        let waits = waits(port, plan.connections, plan.load_time).await?;
        let cpu = (gateway.cpu_seconds()? - before) * 100_000.0 / waits.len() as f64;
        text.push_str(&row("Steadyline", &waits, Some(cpu)));
        text.push_str(&row("an echo in its place", &noise(plan).await?, None));
    }
    Ok(text)
}

fn row(name: &str, waits: &[Duration], cpu: Option<f64>) -> String {
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    let cpu = cpu.map_or_else(String::new, |cpu| format!("{cpu:.2}"));
    format!("| {name} | {:.3} | {:.3} | {:.3} | {:.3} | {cpu} |\n", at(0.5), at(0.99), at(0.999), at(1.0))
}

/// A gateway knows its flow once the controller has told it.
async fn until_told(port: u16) -> Result<(), Error> {
    let clock = Clock::real();
    let end = clock.mono() + TOLD_MAX;
    while clock.mono() < end {
        let mut stream = connect(port).await?;
        stream.write_all(REQUEST).await?;
        let mut answer = [0; ANSWER_MAX];
        let length = stream.read(&mut answer).await?;
        if answer[..length].starts_with(b"HTTP/1.1 200") {
            return Ok(());
        }
        clock.sleep(LOOK).await;
    }
    Err("the gateway was never told how its flow stands".into())
}

/// What callers wait for somebody who does nothing on the gateway's processor: what the machine adds.
async fn noise(plan: &Plan) -> Result<Vec<Duration>, Error> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let echo = std::thread::spawn(move || echo(listener, stopped));
    let waits = waits(port, plan.connections, plan.load_time).await;
    // It may have failed before, which is told below.
    stop.send(()).ok();
    echo.join().map_err(|_| "the echo panicked")??;
    waits
}

/// Answers whatever is asked until it is stopped.
fn echo(listener: std::net::TcpListener, stopped: tokio::sync::oneshot::Receiver<()>) -> std::io::Result<()> {
    // `PID/task/TID`.
    let thread = std::fs::read_link("/proc/thread-self")?;
    let thread = thread.file_name().unwrap_or_default();
    Command::new("taskset").args(["-cp", GATEWAY_CPU]).arg(thread).stdout(Stdio::null()).status()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let accept = async {
        let (listener, mut calls) = (TcpListener::from_std(listener)?, JoinSet::new());
        loop {
            let (mut stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            calls.spawn(async move {
                let mut request = [0; REQUEST.len()];
                while stream.read_exact(&mut request).await.is_ok() && stream.write_all(ECHO).await.is_ok() {}
            });
        }
    };
    runtime.block_on(async {
        tokio::select! {
            failed = accept => failed,
            _ = stopped => Ok(()),
        }
    })
}

/// All waits in order, the shortest first.
async fn waits(port: u16, connections: u32, time: Duration) -> Result<Vec<Duration>, Error> {
    let clock = Clock::real();
    let mut callers = JoinSet::new();
    let begin = clock.mono() + LOOK;
    for nth in 0..connections {
        let (clock, stream) = (clock.clone(), connect(port).await?);
        let first = begin + Duration::from_secs(1) * nth / RATE;
        callers.spawn(
            async move { calls(&clock, stream, first, Duration::from_secs(1) * connections / RATE, time).await },
        );
    }
    let mut waits = Vec::new();
    for caller in callers.join_all().await {
        waits.extend(caller?);
    }
    waits.sort_unstable();
    if waits.is_empty() { Err("nobody called".into()) } else { Ok(waits) }
}

/// One connection's calls, one after the other, by its timetable.
async fn calls(
    clock: &Clock,
    mut stream: TcpStream,
    first: base::Mono,
    between: Duration,
    time: Duration,
) -> std::io::Result<Vec<Duration>> {
    let (mut waits, mut due) = (Vec::new(), first);
    let mut answer = [0; ANSWER_MAX];
    while due.since(first) < time {
        // A timer is as coarse as a millisecond; whoever must be on time looks at the clock.
        while clock.mono() < due {
            tokio::task::yield_now().await;
        }
        stream.write_all(REQUEST).await?;
        if stream.read(&mut answer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        waits.push(clock.mono().since(due));
        due = due + between;
    }
    Ok(waits)
}

async fn connect(port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
