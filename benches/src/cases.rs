//! What happens to the upstream, and what is measured then.

use std::time::Duration;

use base::Mono;
use clock::Clock;

use crate::callers::{self, Answer, Call};
use crate::load::{self, Load};
use crate::peer::{Bench, Peer};
use crate::table::{Column, Table};
use crate::{Error, Plan};

/// Callers in a row, once the upstream is gone.
const FIRST_CALLERS: usize = 200;
/// From here on a wait is a harm.
const HARM: Duration = Duration::from_millis(250);
/// How long it is waited for the first live answer after the upstream is back.
const RECOVERY_MAX: Duration = Duration::from_secs(15);
/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(10);
/// Load before the figures: connections are open, latencies learned.
const WARM_UP: Duration = Duration::from_secs(2);

/// The upstream answers at once: what a call costs.
pub(crate) fn healthy(plan: &Plan) -> Result<Table, Error> {
    let title = format!("Healthy upstream, {} connections", plan.connections);
    let columns = vec![
        Column { title: "CPU s per 100k calls", digits: 2 },
        Column { title: "calls a second", digits: 0 },
        Column { title: "p99 ms", digits: 2 },
        Column { title: "memory MiB", digits: 1 },
    ];
    let mut table = Table::new(title, &plan.peers, columns);
    for_each_round(plan, |peer| {
        let bench = Bench::start(peer, plan)?;
        load::run(bench.port, plan.connections, WARM_UP)?;
        let (load, cpu) = loaded(&bench, plan)?;
        table.note(peer, &[cpu, load.calls_per_second, millis(load.p99), bench.gateway.rss_mib()?]);
        Ok(())
    })?;
    Ok(table)
}

/// The upstream's process is gone: what the first callers and then everybody get, and how soon it is noticed that it
/// is back.
pub(crate) async fn dead(plan: &Plan) -> Result<Table, Error> {
    let columns = vec![
        Column { title: "worst of 200 callers ms", digits: 1 },
        Column { title: "refused connects", digits: 0 },
        Column { title: "fallbacks a second", digits: 0 },
        Column { title: "CPU s per 100k", digits: 2 },
        Column { title: "live again after s", digits: 2 },
    ];
    let mut table = Table::new("Dead upstream: connections refused".into(), &plan.peers, columns);
    let clock = Clock::real();
    for round in 0..plan.rounds {
        for peer in order(plan, round) {
            let mut bench = Bench::start(peer, plan)?;
            load::run(bench.port, plan.connections, WARM_UP)?;
            bench.upstream.kill();
            let refused_before = refused_connects()?;
            let mut worst = Duration::ZERO;
            for _ in 0..FIRST_CALLERS {
                worst = worst.max(callers::call(&clock, bench.port).await.waited);
            }
            let refused = refused_connects()? - refused_before;
            let (load, cpu) = loaded(&bench, plan)?;
            bench.upstream.start()?;
            let back = clock.mono();
            let recovery = recovered(&clock, bench.port, back).await;
            table.note(peer, &[millis(worst), refused as f64, load.calls_per_second, cpu, recovery]);
        }
    }
    Ok(table)
}

/// The upstream accepts calls and answers none: how long callers wait in silence, and how many at once.
pub(crate) async fn hang(plan: &Plan) -> Result<Table, Error> {
    let title = format!("Hanging upstream: {} s at {} calls a second", plan.freeze.as_secs(), plan.rate);
    let columns = vec![
        Column { title: "dead air s", digits: 2 },
        Column { title: "waited over 250 ms", digits: 0 },
        Column { title: "worst wait s", digits: 2 },
        Column { title: "slots held", digits: 0 },
        Column { title: "without answer", digits: 0 },
        Column { title: "live again after s", digits: 2 },
    ];
    let mut table = Table::new(title, &plan.peers, columns);
    let clock = Clock::real();
    for round in 0..plan.rounds {
        for peer in order(plan, round) {
            let bench = Bench::start(peer, plan)?;
            callers::at_rate(&clock, bench.port, plan.rate, WARM_UP).await;
            bench.upstream.freeze(true)?;
            // Callers whose wait outlasts the freeze are waited for while it lasts: it ends when the last has begun.
            let calls = callers::at_rate(&clock, bench.port, plan.rate, plan.freeze).await;
            bench.upstream.freeze(false)?;
            let back = clock.mono();
            let recovery = recovered(&clock, bench.port, back).await;
            let [dead_air, harmed, worst, slots, lost] = waits(&calls);
            table.note(peer, &[dead_air, harmed, worst, slots, lost, recovery]);
        }
    }
    Ok(table)
}

/// Dead air, callers harmed, worst wait, slots, callers without any answer.
fn waits(calls: &[Call]) -> [f64; 5] {
    let dead_air: Duration = calls.iter().map(|call| call.waited).sum();
    let harmed = calls.iter().filter(|call| call.waited > HARM).count();
    let worst = calls.iter().map(|call| call.waited).max().unwrap_or_default();
    let lost = calls.iter().filter(|call| call.answer == Answer::None).count();
    let slots = callers::most_at_once(calls);
    [dead_air.as_secs_f64(), harmed as f64, worst.as_secs_f64(), slots as f64, lost as f64]
}

/// Seconds from `back` to the first live answer; the longest that is waited when there is none.
async fn recovered(clock: &Clock, port: u16, back: Mono) -> f64 {
    while clock.mono().since(back) < RECOVERY_MAX {
        if callers::call(clock, port).await.answer == Answer::Live {
            break;
        }
        clock.sleep(LOOK).await;
    }
    clock.mono().since(back).as_secs_f64()
}

/// As many calls as go, and the gateway's processor time for each 100,000 of them.
fn loaded(bench: &Bench, plan: &Plan) -> Result<(Load, f64), Error> {
    let before = bench.gateway.cpu_seconds()?;
    let load = load::run(bench.port, plan.connections, plan.load_time)?;
    let cpu = bench.gateway.cpu_seconds()? - before;
    Ok((load, cpu * 100_000.0 / load.calls as f64))
}

/// Peers take turns, and each round begins with another, so that a busy minute does not hurt always the same.
fn order(plan: &Plan, round: u32) -> impl Iterator<Item = Peer> {
    let mut peers = plan.peers.clone();
    peers.rotate_left(round as usize % plan.peers.len());
    peers.into_iter().inspect(move |peer| eprintln!("round {}: {}", round + 1, peer.name()))
}

fn for_each_round(plan: &Plan, mut measure: impl FnMut(Peer) -> Result<(), Error>) -> Result<(), Error> {
    for round in 0..plan.rounds {
        for peer in order(plan, round) {
            measure(peer)?;
        }
    }
    Ok(())
}

/// Connections that this machine tried and did not get, since it was started.
fn refused_connects() -> Result<u64, Error> {
    let snmp = std::fs::read_to_string("/proc/net/snmp")?;
    let mut lines = snmp.lines().filter_map(|line| line.strip_prefix("Tcp:"));
    let (names, values) = lines.next().zip(lines.next()).ok_or("/proc/net/snmp has no Tcp lines")?;
    let mut pairs = names.split_whitespace().zip(values.split_whitespace());
    let (_, value) = pairs.find(|(name, _)| *name == "AttemptFails").ok_or("/proc/net/snmp has no AttemptFails")?;
    Ok(value.parse()?)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
