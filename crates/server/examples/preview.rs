//! The console with made-up data, to look at: `cargo run -p server --example preview -- outage 7700`.
//! States: `well`, `outage`, `unknown`, `silent`.

#![expect(clippy::unwrap_used, reason = "a tool for looking at pages, which may stop at the first surprise")]

#[expect(dead_code, reason = "the tests ask the house more than this does")]
#[path = "../tests/server/house.rs"]
mod house;

use std::time::Duration;

use ::api::CircuitPhase;
use degrade::Phase;
use house::{House, gateway};
use store::Fault;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let state = arguments.next().unwrap_or_else(|| "outage".into());
    let port = arguments.next().unwrap_or_else(|| "7700".into());
    let house = House::new().await;
    // The past is lived through at once.
    tokio::time::pause();
    let is_down = state == "outage";
    let says = |second: u64| {
        let down = if is_down { second.saturating_sub(360) } else { 0 };
        gateway(second, if down > 0 { CircuitPhase::Open } else { CircuitPhase::Closed }, down)
    };
    if is_down {
        house.change("identity", Phase::Closed, Phase::Open);
        house.seconds(95).await;
        house.change("identity", Phase::Open, Phase::HalfOpen);
        house.change("identity", Phase::HalfOpen, Phase::Closed);
        house.seconds(60).await;
        house.change("crm", Phase::Closed, Phase::Open);
        house.seconds(30).await;
        house.change("crm", Phase::Open, Phase::HalfOpen);
        house.change("crm", Phase::HalfOpen, Phase::Open);
    }
    if state != "unknown" {
        house.lives(says).await;
    }
    if is_down {
        house.store.fail_writes(u32::MAX, Fault::Full);
        for second in (640..680).step_by(10) {
            house.seconds(10).await;
            house.reports(says(second));
        }
    }
    if state == "silent" {
        house.seconds(42).await;
    }
    tokio::time::resume();
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await.unwrap();
    println!("listening console http://{}", listener.local_addr().unwrap());
    let running = tokio::spawn(server::serve(listener, house.app.clone(), std::future::pending()));
    let mut second = 680;
    while !running.is_finished() {
        house.clock.sleep(Duration::from_secs(1)).await;
        second += 1;
        if state != "silent" && state != "unknown" {
            house.reports(says(second));
        }
    }
}
