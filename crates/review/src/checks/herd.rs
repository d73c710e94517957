//! Do retries leave a dying upstream alone?
//!
//! A thousand callers come in a minute in which the upstream first hangs and then refuses. Those who were waiting fail
//! together; a flow that asks again at once sends them all back together. What counts is how high the peak of what is
//! asked *again* stands above its mean.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use flow::chart::Chart;
use flow::trace::ANSWER_TIME;
use flow::{Answer, Ask, Reply, Run, Step, TIMEOUT_MAX, TIMEOUT_MIN};

use super::charts;
use crate::catalogue::Check;
use crate::facts::Facts;
use crate::finding::{Exhibit, Judged};
use crate::plan::Plan;
use crate::words::count;

/// So many callers ...
const CALLERS: u32 = 1_000;
/// ... come within this time.
const ARRIVALS: Duration = Duration::from_secs(60);
/// The upstream hangs for so long, and then breaks what hangs and refuses what comes.
const HANGS: Duration = Duration::from_secs(20);
/// The longest that one caller is followed.
const FOLLOWED_MAX: Duration = Duration::from_secs(600);
/// The most steps of one caller.
const STEPS_MAX: u32 = 10_000;
/// Fewer retries in a second than this are no herd.
const NOTABLE: u32 = 20;
/// How long a caller takes for a key.
const KEY_TIME: Duration = Duration::from_secs(2);

pub(crate) struct Herd;

/// What an upstream is asked again, second by second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wave {
    /// What is asked for the first time, by the second.
    pub first: Vec<u32>,
    /// What is asked again.
    pub again: Vec<u32>,
}

impl Wave {
    /// How many retries the worst second has.
    pub fn peak(&self) -> u32 {
        self.again.iter().copied().max().unwrap_or(0)
    }

    /// How many a second has on the average, over the time in which callers come or retries go on.
    pub fn mean(&self) -> f64 {
        let all: u32 = self.again.iter().sum();
        let seconds = self.again.len().max(ARRIVALS.as_secs() as usize);
        f64::from(all) / seconds as f64
    }

    fn note(&mut self, at: Duration, is_again: bool) {
        let row = if is_again { &mut self.again } else { &mut self.first };
        let second = usize::try_from(at.as_secs()).unwrap_or(usize::MAX).min(FOLLOWED_MAX.as_secs() as usize);
        if row.len() <= second {
            row.resize(second + 1, 0);
        }
        row[second] += 1;
    }
}

impl Check for Herd {
    fn judge(&self, plan: &Plan, facts: &Facts) -> Judged {
        let mut judged = Judged::default();
        let limits = facts.limits();
        let (mut looked_at, mut worst) = (0, 0.0f64);
        for (flow, chart) in charts(facts, &mut judged) {
            if chart.asks().next().is_none() {
                continue;
            }
            looked_at += 1;
            let wave = wave(&chart, &limits);
            let ratio = if wave.peak() < NOTABLE { 0.0 } else { f64::from(wave.peak()) / wave.mean() };
            worst = worst.max(ratio);
            if plan.limits.peak_over_mean < ratio {
                judged.blocks(
                    &flow.name,
                    format!(
                        "When its upstream dies, {} retries come in one second, {ratio:.1} times the mean of {:.1}; {:.1} \
                         times are allowed.",
                        wave.peak(),
                        wave.mean(),
                        plan.limits.peak_over_mean
                    ),
                    "Do not ask again in the flow; the gateway tries once more within a budget, spread over time.",
                );
            }
            let bars = wave.again.iter().enumerate().map(|(second, again)| (format!("{second} s"), f64::from(*again)));
            judged.exhibits.push(Exhibit::Bars {
                title: format!("{}: retries after its upstream dies", flow.name),
                unit: "a second",
                bars: bars.collect(),
                limit: (wave.mean() > 0.0).then(|| wave.mean() * plan.limits.peak_over_mean),
            });
        }
        let seen = match worst {
            0.0 => "no crowd asks again".to_owned(),
            worst => format!("the worst peak of retries is {worst:.1} times its mean"),
        };
        judged.summary = format!("{CALLERS} callers through {}; {seen}", count(looked_at, "flow"));
        judged
    }
}

/// What an upstream is asked while it dies under [`CALLERS`] callers.
pub fn wave(chart: &Arc<Chart>, limits: &BTreeMap<String, Duration>) -> Wave {
    let mut wave = Wave::default();
    for caller in 0..CALLERS {
        follow(chart, limits, caller, &mut wave);
    }
    wave
}

fn follow(chart: &Arc<Chart>, limits: &BTreeMap<String, Duration>, caller: u32, wave: &mut Wave) {
    let (mut run, mut step) = Run::start_quietly(Arc::clone(chart));
    let mut now = ARRIVALS * caller / CALLERS;
    let mut asked = BTreeSet::new();
    for turn in 0..STEPS_MAX {
        // Of several ways each caller takes another one, so that all are taken.
        let pick = |count: usize| (caller.wrapping_mul(31).wrapping_add(turn) as usize) % count.max(1);
        let (answer, time) = match step {
            Step::End(_) => return,
            Step::CallData(ask) => {
                wave.note(now, !asked.insert(ask.action.clone()));
                let (reply, waited) = dying(&ask, limits, now);
                (Answer::Data { reply, waited }, waited)
            }
            Step::Play(playback) => (Answer::Played(playback.duration), playback.duration),
            Step::Wait(time) => (Answer::Waited, time),
            Step::Choose { keys, .. } => {
                let key = keys.get(pick(keys.len())).copied();
                (Answer::Key { key, waited: KEY_TIME }, KEY_TIME)
            }
            Step::Collect { .. } => (Answer::EnteredSomething { waited: KEY_TIME }, KEY_TIME),
            Step::Branch(question) => {
                let output = question.outputs.get(pick(question.outputs.len())).cloned();
                (Answer::Took(output.unwrap_or_default()), Duration::ZERO)
            }
            Step::Transfer(_) => (Answer::Transferred, Duration::ZERO),
        };
        now += time;
        if FOLLOWED_MAX < now {
            return;
        }
        step = run.resume(answer);
    }
}

/// What a dying upstream says, and after how long.
fn dying(ask: &Ask, limits: &BTreeMap<String, Duration>, now: Duration) -> (Reply, Duration) {
    let limit = ask.timeout.or_else(|| limits.get(&ask.action).copied()).unwrap_or(TIMEOUT_MAX);
    let limit = limit.clamp(TIMEOUT_MIN, TIMEOUT_MAX);
    let failure = |status: &str, code: &str| {
        let details = [("status", status), ("errorCode", code)];
        Reply::Failure(details.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect())
    };
    match HANGS.checked_sub(now) {
        Some(left) if left < limit => (failure("502", "connection.reset"), left),
        Some(_) => (Reply::Timeout, limit),
        None => (failure("503", "upstream.status"), ANSWER_TIME),
    }
}
