//! `steadyline demo`: a small contact centre, its CRM and Steadyline in one process, and a story played on them.

mod budget;
mod ending;
mod moment;
mod narrator;
mod outage;
mod reading;
mod release;
mod stage;
mod waits;

use std::net::SocketAddr;

use api::Exit;
use clap::{Args, ValueEnum};
use clock::Clock;

use crate::settings::Global;
use crate::signals::Signals;
use crate::{Ended, block_on};
use ending::{Ending, Facts, Missed};
use narrator::Narrator;
use stage::{Addresses, Stage};

/// Callers a second once the story is over and people look around.
const RATE_AFTERWARDS: f64 = 5.0;

/// Plays a story on a contact centre that runs in this process, and tells what happens.
///
/// Stand-ins for Genesys Cloud, for the CRM and for PagerDuty, callers, the gateway, the controller and the console:
/// all of it here, with a store that is thrown away afterwards. It needs no account and no network. After the story
/// callers keep coming, until Ctrl-C, so that there is something to look at in the console.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline demo --speed 2 --exit-when-done")]
pub(crate) struct Demo {
    /// What happens.
    #[arg(long, value_enum, value_name = "NAME", default_value_t = Story::CrmOutage)]
    story: Story,
    /// How many times faster than real time, 1 to 10; beyond that the machine's own delays would look like silence.
    /// As it is, unless given; budgets and releases take minutes, so that `budget-burn` and
    /// `bad-release` are played ten times as fast.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10))]
    speed: Option<u32>,
    /// End after the story: with 0 when it came out as it must, else with 1.
    #[arg(long)]
    exit_when_done: bool,
    /// Where the console listens; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7700")]
    listen: SocketAddr,
    /// Where the gateway listens; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7701")]
    gateway_listen: SocketAddr,
    /// Where the stand-in for Genesys Cloud listens; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7710")]
    twin_listen: SocketAddr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Story {
    /// The CRM hangs, then answers with errors, and comes back while nobody calls.
    CrmOutage,
    /// An error budget goes: the flow trims, callers go straight to agents, the gate shuts; then all of it comes back.
    BudgetBurn,
    /// A release raises errors and is gone back from; a second one meets the lockout, a third one blind analytics.
    BadRelease,
}

impl Story {
    fn name(self) -> &'static str {
        match self {
            Self::CrmOutage => "crm-outage",
            Self::BudgetBurn => "budget-burn",
            Self::BadRelease => "bad-release",
        }
    }

    /// How it comes out when all is as it must be.
    fn outcome(self) -> &'static str {
        match self {
            Self::CrmOutage => "closed by a probe while nobody called",
            Self::BudgetBurn => "a budget that went, a gate that shut, and both back again",
            Self::BadRelease => "gone back once, with proof; left to people twice, with reasons",
        }
    }

    /// How many times faster than real time it is played unless somebody says otherwise.
    fn usual_speed(self) -> u32 {
        match self {
            Self::CrmOutage => 1,
            Self::BudgetBurn | Self::BadRelease => 10,
        }
    }
}

/// Plays the story.
pub(crate) fn run(demo: &Demo, global: &Global) -> Ended {
    block_on(play(demo, global))
}

async fn play(demo: &Demo, global: &Global) -> Ended {
    let speed = demo.speed.unwrap_or_else(|| demo.story.usual_speed());
    let clock = Clock::scaled(speed);
    let mut narrator = Narrator::new(clock.clone(), global.format, global.quiet);
    narrator.title(demo.story.name(), speed);
    let addresses = Addresses { console: demo.listen, gateway: demo.gateway_listen, twin: demo.twin_listen };
    let mut signals = Signals::listen()?;
    let stage = Stage::set(addresses, demo.story, &clock, &narrator).await?;
    let mut facts = Facts::default();
    let played = tokio::select! {
        played = tell(demo.story, &stage, &mut narrator, &mut facts) => Some(played),
        () = signals.stop() => None,
    };
    let Some(played) = played else {
        stage.clear().await;
        return Ok(if demo.exit_when_done { Exit::Blocked } else { Exit::Done });
    };
    let ending = Ending::read(&stage, facts, played.err());
    let wrong = ending.wrong(demo.story);
    narrator.end(demo.story, &ending, &wrong);
    if !demo.exit_when_done {
        narrator.stay(&stage.console_url());
        stage.twin.start_callers(RATE_AFTERWARDS).expect("the rate is a constant within bounds");
        signals.stop().await;
    }
    stage.clear().await;
    let is_as_it_must = wrong.is_empty() || !demo.exit_when_done;
    Ok(if is_as_it_must { Exit::Done } else { Exit::Blocked })
}

async fn tell(story: Story, stage: &Stage, narrator: &mut Narrator, facts: &mut Facts) -> Result<(), Missed> {
    match story {
        Story::CrmOutage => outage::play(stage, narrator, facts).await,
        Story::BudgetBurn => budget::play(stage, narrator, facts).await,
        Story::BadRelease => release::play(stage, narrator, facts).await,
    }
}
