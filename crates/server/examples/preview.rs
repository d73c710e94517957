//! The console with made-up data, to look at: `cargo run -p server --example preview -- outage 7700`.
//!
//! It starts as `well`, `outage`, `burning`, `bad-release`, `unknown` or `silent`; port 0 takes a free one.
//! Lines on the standard input change the story while it runs: `outage`, `well` and `silent` happen to the upstream and
//! the gateway, `full` and `free` to the disk. The browser tests tell it so.

#![expect(clippy::unwrap_used, reason = "a tool for looking at pages, which may stop at the first surprise")]

#[expect(dead_code, reason = "the tests ask the house more than this does")]
#[path = "../tests/server/house.rs"]
mod house;

use std::time::Duration;

use ::api::{CircuitPhase, GatewaySnapshot};
use degrade::Phase;
use house::reviewed::{Wrong, month};
use house::watched::example;
use house::{House, gateway};
use store::Fault;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Seconds of history before anybody looks.
const PAST_S: u64 = 640;
/// When the outage of the history began; the made-up gateway says so too.
const DOWN_FROM_S: u64 = 360;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let state = arguments.next().unwrap_or_else(|| "outage".into());
    let port = arguments.next().unwrap_or_else(|| "7700".into());
    let mut story = Story::told(&state).await;
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await.unwrap();
    println!("listening console http://{}", listener.local_addr().unwrap());
    let mut orders = orders();
    let running = tokio::spawn(server::serve(listener, story.house.app.clone(), std::future::pending()));
    while !running.is_finished() {
        let clock = story.house.clock.clone();
        tokio::select! {
            () = clock.sleep(Duration::from_secs(1)) => story.second_passes(),
            Some(order) = orders.recv() => story.takes(&order).await,
        }
    }
}

/// What the house lives through.
struct Story {
    house: House,
    second: u64,
    /// Since when `crm` is down.
    down_from: Option<u64>,
    /// Whether the gateway reports.
    is_heard: bool,
}

impl Story {
    /// The past is lived through at once.
    async fn told(state: &str) -> Self {
        tokio::time::pause();
        let is_down = state == "outage";
        let down_from = is_down.then_some(DOWN_FROM_S);
        let mut story = Self { house: House::watching().await, second: 0, down_from, is_heard: true };
        story.house.releases.tells(example(state));
        if state != "unknown" {
            story.people_ask().await;
            // Whoever keeps reviews looks first whether another one does.
            story.house.seconds(1).await;
            month(&story.house, if state == "bad-release" { Wrong::Much } else { Wrong::Nothing }).await;
            story.past_goes_by(state == "burning").await;
        }
        if state == "silent" {
            story.house.seconds(42).await;
        }
        story.house.releases.is_still_so(story.house.clock.now().wall);
        story.is_heard = !matches!(state, "unknown" | "silent");
        tokio::time::resume();
        story
    }

    /// A day and a half of counts, the last of them bad where a budget burns.
    fn counts(&self, is_burning: bool) {
        let house = &self.house;
        house.counted("crm-lookup", 2_000, |ago| match ago {
            ..=12 if is_burning => 45,
            900..=930 => 1,
            _ => u64::from(ago % 40 == 0),
        });
        house.counted("ivr-errors", 2_000, |ago| u64::from(ago % 60 == 0));
    }

    /// Maintenance that two agreed on, and some that waits.
    async fn people_ask(&self) {
        let house = &self.house;
        let person = |name: &str| {
            let (name, role, _) = *house::PEOPLE.iter().find(|(known, ..)| *known == name).unwrap();
            budget::approvals::Person { name: name.into(), role }
        };
        let wish = |start: &str, end: &str, reason: &str| ::api::Wish {
            kind: "maintenance".into(),
            objectives: vec!["crm-lookup".into()],
            start: Some(start.into()),
            end: Some(end.into()),
            zone: Some("Europe/Berlin".into()),
            reason: reason.into(),
            ..::api::Wish::default()
        };
        let approved = wish("2026-11-21T22:00", "2026-11-22T02:00", "Release 7 of the CRM");
        let approved = house.budgets.ask(person("ann"), &approved).await.unwrap();
        house.budgets.act(person("ben"), budget::approvals::Act::Approve(approved.id)).await.unwrap();
        let waiting = wish("2026-11-24T22:00", "2026-11-25T01:00", "The carrier changes a trunk");
        house.budgets.ask(person("ann"), &waiting).await.unwrap();
    }

    async fn past_goes_by(&mut self, is_burning: bool) {
        while self.second < PAST_S {
            // A step is taken once a minute: here there is one to come.
            if self.second == PAST_S - 70 {
                self.counts(is_burning);
            }
            if self.down_from.is_some() {
                self.trouble();
            }
            self.house.reports(self.says(self.second));
            self.house.seconds(1).await;
            self.second += 1;
        }
        self.house.reports(self.says(self.second));
    }

    /// An outage that is over, one that lasts, and a full disk.
    fn trouble(&self) {
        let house = &self.house;
        match self.second {
            60 => house.change("identity", Phase::Closed, Phase::Open),
            160 => {
                house.change("identity", Phase::Open, Phase::HalfOpen);
                house.change("identity", Phase::HalfOpen, Phase::Closed);
            }
            DOWN_FROM_S => house.change("crm", Phase::Closed, Phase::Open),
            400 => {
                house.change("crm", Phase::Open, Phase::HalfOpen);
                house.change("crm", Phase::HalfOpen, Phase::Open);
            }
            600 => house.store.fail_writes(u32::MAX, Fault::Full),
            _calm => {}
        }
    }

    fn says(&self, second: u64) -> GatewaySnapshot {
        let down = self.down_from.map_or(0, |from| second.saturating_sub(from));
        gateway(second, if down > 0 { CircuitPhase::Open } else { CircuitPhase::Closed }, down)
    }

    fn second_passes(&mut self) {
        self.second += 1;
        self.house.releases.is_still_so(self.house.clock.now().wall);
        if self.is_heard && self.second.is_multiple_of(20) {
            self.house.counted("crm-lookup", 1, |_| 0);
            self.house.counted("ivr-errors", 1, |_| 0);
        }
        if self.is_heard {
            self.house.reports(self.says(self.second));
        }
    }

    async fn takes(&mut self, order: &str) {
        match order {
            "outage" => {
                self.house.change("crm", Phase::Closed, Phase::Open);
                self.down_from = Some(self.second);
                self.is_heard = true;
            }
            "well" => {
                self.house.change("crm", Phase::Open, Phase::HalfOpen);
                self.house.change("crm", Phase::HalfOpen, Phase::Closed);
                self.down_from = None;
                self.is_heard = true;
            }
            "silent" => {
                self.is_heard = false;
                tokio::time::pause();
                self.house.seconds(42).await;
                tokio::time::resume();
            }
            "full" => self.house.store.fail_writes(u32::MAX, Fault::Full),
            "free" => self.house.store.heal(),
            _ => eprintln!("not understood: {order}"),
        }
        self.second_passes();
    }
}

/// Lines of the standard input. Its end ends nothing: started in the background there is none.
fn orders() -> mpsc::Receiver<String> {
    let (sender, orders) = mpsc::channel(8);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let Ok(line) = line else { return };
            if sender.blocking_send(line.trim().to_owned()).is_err() {
                return;
            }
        }
    });
    orders
}
