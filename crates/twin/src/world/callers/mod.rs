//! Callers: they arrive by chance, run the published flow, and end somewhere.
//!
//! Each has a number. Whatever a flow waits for is an entry of the agenda, so that the same seed gives the same day
//! whether its hours pass in real time or in an instant. Only what another system answers comes from outside.

mod ends;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::{Mono, Now};
use flow::chart::TransferTo;
use flow::{About, Answer, Ask, Flow, Inputs, Reply, Run, Settings, Step, Value};
use serde_json::{Map, Value as Json};

use super::log::{Fact, FlowRef};
use super::queues::exponential;
use super::simulate::Replies;
use super::{
    AskOutcome, AskRecord, CONCURRENT_MAX, EXECUTIONS_PER_MINUTE_MAX, Refusal, StoredAction, Tier, World, people,
    tier_of, uuid,
};
use crate::platform::kinds;
use crate::scenario::Order;
pub(super) use ends::exit_named;

/// The highest rate of callers, per second.
pub const RATE_MAX: f64 = 1_000.0;

/// The most callers in the flow at one time; further ones are not placed, and counted as such.
pub const CALLERS_MAX: usize = 5_000;

/// How long a caller who types nothing is waited for.
const ENTRY_TIMEOUT: Duration = Duration::from_secs(5);

/// Something that will happen.
#[derive(Clone, Debug)]
pub(super) enum Due {
    /// The next caller of this series of callers.
    Arrival(u64),
    /// A caller's flow goes on.
    Goes(u64, Answer),
    /// A simulated system answers this caller's question.
    Replies(u64, Box<Replies>),
    /// A caller who waits in the queue at this place hangs up.
    HangsUp(usize, Arc<str>),
    /// An agent of the queue at this place hangs up after so long.
    TalkEnds(usize, Arc<str>, Duration),
    /// The operation on a flow goes on.
    FlowChanges(String),
    /// A number leads where it was routed to.
    NumberMoves(String),
    /// A linked organisation has told where a number leads.
    NumberKnown(Box<Json>),
    /// A campaign has stopped.
    CampaignEnds(String),
    /// An integration leaves a conversation open.
    Leaks,
    /// A scenario says that something happens.
    Ordered(Box<Order>),
}

/// What came of an execution of a Data Action.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Execution {
    /// Outputs for the flow.
    Done(Map<String, Json>),
    /// An error.
    Failed(Failure),
    /// Nothing within this time.
    TimedOut(Duration),
}

/// Why an execution failed, in the words that a flow can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    pub(crate) correlation_id: String,
}

impl Failure {
    /// What is said to an execution that may not start.
    pub(crate) fn refused(refusal: Refusal, correlation_id: String) -> Self {
        let (status, code, message) = match refusal {
            Refusal::Inactive => {
                (409, "integration.disabled", "The integration of the data action is not active.".to_owned())
            }
            Refusal::Concurrency => (
                429,
                "too.many.requests",
                format!("The limit of {CONCURRENT_MAX} concurrent data action executions was reached."),
            ),
            Refusal::Rate => (
                429,
                "too.many.requests.retry.after",
                format!("Executions reached the maximum [{EXECUTIONS_PER_MINUTE_MAX}] requests within [60] seconds."),
            ),
        };
        Self { status, code: code.into(), message, correlation_id }
    }
}

/// A caller in a flow.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) conversation_id: Arc<str>,
    pub(super) ani: String,
    pub(super) number: String,
    pub(super) tier: Tier,
    pub(super) flow: Arc<FlowRef>,
    /// What the flow was read from; its version may be gone before the caller is.
    pub(super) configuration: Arc<Json>,
    pub(super) at: Now,
    pub(super) run: Run,
    /// What the run was told so far: another run that is told the same stands at the same place. A run has only so many
    /// actions ([`flow::ACTIONS_MAX`]), and so only so many answers.
    pub(super) answers: Vec<Answer>,
    pub(super) asks: Vec<AskRecord>,
    /// The queue that took the caller.
    pub(super) queue: Option<usize>,
    /// Since when another system is being waited for.
    pub(super) asked: Option<Mono>,
}

impl Live {
    /// The flow goes on with this answer.
    fn resume(&mut self, answer: Answer) -> Step {
        self.answers.push(answer.clone());
        self.run.resume(answer)
    }

    /// A run that was told all of this, and what it wants next; `None` when it was told something that it did not ask.
    /// Nothing that it did is done again.
    pub(super) fn replay(
        flow: &Flow,
        (ani, number, conversation_id): (&str, &str, &str),
        told: &[Answer],
    ) -> Option<(Run, Step)> {
        let (mut run, mut step) = Run::start(flow, inputs(ani, number, conversation_id), Settings::default());
        for answer in told {
            if !fits(&step, answer) {
                return None;
            }
            step = run.resume(answer.clone());
        }
        Some((run, step))
    }
}

/// Whether an answer is one to this step.
pub(super) fn fits(step: &Step, answer: &Answer) -> bool {
    match step {
        Step::CallData(_) => matches!(answer, Answer::Data { .. }),
        Step::Play(_) => matches!(answer, Answer::Played(_)),
        Step::Choose { .. } => matches!(answer, Answer::Key { .. }),
        Step::Collect { .. } => matches!(answer, Answer::Entered { .. } | Answer::EnteredSomething { .. }),
        Step::Branch(_) => matches!(answer, Answer::Took(_)),
        Step::Wait(_) => matches!(answer, Answer::Waited),
        Step::Transfer(_) => matches!(answer, Answer::Transferred | Answer::TransferFailed),
        Step::End(_) => false,
    }
}

/// A caller's question to another system, to be carried out by whoever can reach it.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// The caller.
    pub(crate) caller: u64,
    /// Which organisation the caller belongs to, see [`World::generation`].
    pub(crate) generation: u64,
    pub(crate) conversation_id: Arc<str>,
    pub(crate) action: StoredAction,
    pub(crate) inputs: Map<String, Json>,
    pub(crate) timeout: Option<Duration>,
}

/// Callers who come in on their own, so many a second.
#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    pub(super) rate: f64,
    /// The number that they call.
    pub(super) number: String,
    /// Counts changes, so that a caller of an earlier rate does not come.
    pub(super) series: u64,
}

impl World {
    /// Lets callers come in, `rate` a second; none at zero. The next rate for the same number replaces this one.
    pub(crate) fn callers(&mut self, rate: f64, number: &str, now: Mono) {
        self.series += 1;
        let series = self.series;
        self.streams.retain(|stream| stream.number != number);
        if rate > 0.0 {
            self.streams.push(Stream { rate, number: number.to_owned(), series });
            self.await_caller(series, now);
        }
    }

    /// Lets nobody come in any more at a number, or at any.
    pub(crate) fn stop_callers(&mut self, number: Option<&str>) {
        self.streams.retain(|stream| number.is_some_and(|number| number != stream.number));
    }

    /// The next caller of a series, exponentially far from the last, as callers do not know of each other.
    fn await_caller(&mut self, series: u64, last: Mono) {
        let Some(stream) = self.streams.iter().find(|stream| stream.series == series) else { return };
        let after = exponential(&mut self.people, Duration::from_secs(1)).div_f64(stream.rate);
        self.agenda.add(last + after, Due::Arrival(series));
    }

    /// One entry of the agenda happens; what only the outside can answer is added to `questions`.
    pub(super) fn happens(&mut self, due: Due, now: Now, questions: &mut Vec<Question>) {
        match due {
            Due::Arrival(series) => {
                let stream = self.streams.iter().find(|stream| stream.series == series);
                let Some(number) = stream.map(|stream| stream.number.clone()) else { return };
                // From one arrival to the next, not from now: looking late slows nobody down.
                self.await_caller(series, now.mono);
                self.place(&number, now, questions);
            }
            Due::Goes(caller, answer) => self.goes_on(caller, answer, now, questions),
            Due::Replies(caller, replies) => {
                if replies.runs {
                    self.actions.end();
                }
                let Replies { action, conversation, took, execution, .. } = *replies;
                self.executed(action, &conversation, &execution, took, now);
                self.replied(caller, execution, now, questions);
            }
            Due::HangsUp(place, conversation_id) => {
                if let Some(waited) = self.queues.leave(place, &conversation_id, now.mono) {
                    self.calls.abandoned();
                    let queue = self.queue_id(place);
                    self.log.add(now.wall, &conversation_id, Fact::Abandoned { queue, waited });
                    self.tell_of_queue(place, now);
                }
            }
            Due::FlowChanges(id) => self.flow_changes(&id, now),
            Due::NumberMoves(id) => self.number_moves(&id),
            Due::NumberKnown(number) => self.accept_number(&number),
            Due::CampaignEnds(id) => self.campaign_ends(&id),
            Due::Leaks => self.leak(now),
            Due::Ordered(order) => self.carry_out_order(&order, now),
            Due::TalkEnds(place, conversation_id, length) => {
                let queue = self.queue_id(place);
                self.log.add(now.wall, &conversation_id, Fact::Talked { queue, length });
                match self.queues.free(place, now.mono, &mut self.agents) {
                    Some(talk) => self.talk(talk, now),
                    None => self.tell_of_queue(place, now),
                }
            }
        }
    }

    /// A caller comes in at `number` and gets the published version of the flow behind it.
    pub(super) fn place(&mut self, number: &str, now: Now, questions: &mut Vec<Question>) {
        let active =
            self.documents.get(&kinds::NUMBER, number).and_then(|number| number.get("activeOrganizationId")?.as_str());
        if active.is_some_and(|active| active != self.organisation_id) {
            self.calls.redirected();
            self.redirected.push(number.to_owned());
            return;
        }
        if self.live.len() >= CALLERS_MAX {
            return self.calls.not_placed();
        }
        let Some((flow, chart, configuration)) = self.entry(number, now) else { return self.calls.not_placed() };
        let ani = people::ani(&mut self.people, self.vip_share);
        let conversation_id: Arc<str> = uuid(&mut self.conversations).into();
        self.calls.offer(&conversation_id);
        self.log.add(now.wall, &conversation_id, Fact::Entered(Arc::clone(&flow)));
        self.tell_of_flow(&flow, &conversation_id, ("nFlow", Duration::ZERO), None, now);
        let (run, step) = Run::start(&chart, inputs(&ani, number, &conversation_id), Settings::default());
        self.next_caller += 1;
        let (caller, tier, number) = (self.next_caller, tier_of(&ani), number.to_owned());
        let (answers, asks) = (Vec::new(), Vec::new());
        let live = Live {
            conversation_id,
            ani,
            number,
            tier,
            flow,
            configuration,
            at: now,
            run,
            answers,
            asks,
            queue: None,
            asked: None,
        };
        self.live.insert(caller, live);
        self.carry_out(caller, step, now, questions);
    }

    /// What a caller at `number` gets now; `None` when no flow is published.
    fn entry(&self, number: &str, now: Now) -> Option<(Arc<FlowRef>, Arc<Flow>, Arc<Json>)> {
        let routed = self.route(number, now).and_then(|id| self.flows.by_id(&id));
        let routed = routed.and_then(|stored| Some((stored, stored.published()?)));
        let (stored, version) = routed.or_else(|| self.flows.first())?;
        let flow = version.flow.clone()?;
        let name = FlowRef { id: stored.id.clone(), name: stored.name.clone(), version: version.id() };
        Some((Arc::new(name), flow, Arc::clone(&version.configuration)))
    }

    fn goes_on(&mut self, caller: u64, answer: Answer, now: Now, questions: &mut Vec<Question>) {
        // A caller from before a reset is gone.
        let Some(live) = self.live.get_mut(&caller) else { return };
        let step = live.resume(answer);
        self.carry_out(caller, step, now, questions);
    }

    /// What another system said to a caller, or that it said nothing.
    pub(super) fn replied(&mut self, caller: u64, execution: Execution, now: Now, questions: &mut Vec<Question>) {
        let Some(live) = self.live.get_mut(&caller) else { return };
        let Some(asked) = live.asked.take() else { return };
        let measured = now.mono.since(asked);
        let (outcome, waited, reply) = match execution {
            Execution::Done(outputs) => (AskOutcome::Ok, measured, Reply::Success(outputs)),
            Execution::Failed(failure) => (AskOutcome::Failure, measured, Reply::Failure(details(failure))),
            // The platform's clock decides, not how late this was looked at.
            Execution::TimedOut(timeout) => (AskOutcome::Timeout, timeout, Reply::Timeout),
        };
        let waited = whole_ms(waited);
        live.asks.push(AskRecord { outcome, waited });
        self.goes_on(caller, Answer::Data { reply, waited }, now, questions);
    }

    /// Carries out steps until one takes time or the flow is over.
    fn carry_out(&mut self, caller: u64, mut step: Step, now: Now, questions: &mut Vec<Question>) {
        loop {
            let (later, answer) = match step {
                Step::End(outcome) => {
                    if let Some(live) = self.live.remove(&caller) {
                        self.finish(live, outcome, now);
                    }
                    return;
                }
                Step::CallData(ask) => return self.ask(caller, ask, now, questions),
                Step::Play(playback) => (playback.duration, Answer::Played(playback.duration)),
                // These callers know no menus: they wait for a human.
                Step::Choose { timeout, .. } => (timeout, Answer::Key { key: None, waited: timeout }),
                Step::Collect { .. } => (ENTRY_TIMEOUT, Answer::Entered { digits: None, waited: ENTRY_TIMEOUT }),
                // What nobody has told the twin is taken to be as the flow's author expects it.
                Step::Branch(question) if question.about == About::Condition => {
                    (Duration::ZERO, Answer::Took("no".to_owned()))
                }
                Step::Branch(question) => {
                    (Duration::ZERO, Answer::Took(question.outputs.first().cloned().unwrap_or_default()))
                }
                Step::Wait(time) => (time, Answer::Waited),
                Step::Transfer(to) if to.to == TransferTo::Queue || to.to == TransferTo::QueueFromMenu => {
                    let is_taken = self.transfer(caller, &to.target, to.priority, now);
                    (Duration::ZERO, if is_taken { Answer::Transferred } else { Answer::TransferFailed })
                }
                Step::Transfer(_) => (Duration::ZERO, Answer::Transferred),
            };
            if !later.is_zero() {
                return self.agenda.add(now.mono + later, Due::Goes(caller, answer));
            }
            let Some(live) = self.live.get_mut(&caller) else { return };
            step = live.resume(answer);
        }
    }

    fn ask(&mut self, caller: u64, ask: Ask, now: Now, questions: &mut Vec<Question>) {
        let Some(live) = self.live.get_mut(&caller) else { return };
        live.asked = Some(now.mono);
        self.ask_again(caller, ask, now, questions);
    }

    /// A caller's question goes to the other system, for the first time or once more.
    pub(super) fn ask_again(&mut self, caller: u64, ask: Ask, now: Now, questions: &mut Vec<Question>) {
        let Some(live) = self.live.get(&caller) else { return };
        let conversation_id = Arc::clone(&live.conversation_id);
        let Some(action) = self.actions.by_name(&ask.category, &ask.action).cloned() else {
            let failure = Failure {
                status: 404,
                code: "not.found".into(),
                message: format!("There is no data action {} in {}.", ask.action, ask.category),
                correlation_id: self.id(),
            };
            return self.replied(caller, Execution::Failed(failure), now, questions);
        };
        match self.simulate(&action, &conversation_id, ask.timeout, now) {
            Some(replies) => self.agenda.add(now.mono + replies.took, Due::Replies(caller, Box::new(replies))),
            None => {
                let (inputs, timeout) = (ask.inputs, ask.timeout);
                let generation = self.generation;
                questions.push(Question { caller, generation, conversation_id, action, inputs, timeout });
            }
        }
    }

    /// A linked organisation has handed over a caller at one of its numbers.
    pub(crate) fn take_over(&mut self, number: &str, now: Now) -> Vec<Question> {
        let mut questions = self.advance(now);
        self.place(number, now, &mut questions);
        questions
    }

    /// Puts so many agents on a queue; false when there is no such queue.
    pub(crate) fn set_agents(&mut self, queue: &str, agents: u32, now: Now) -> bool {
        let Some(place) = self.queues.place(queue) else { return false };
        self.queues.set_agents(place, agents);
        while let Some(talk) = self.queues.take(place, now.mono, &mut self.agents) {
            self.talk(talk, now);
        }
        true
    }

    /// Conversations that are in a flow now, the oldest first.
    pub(crate) fn live(&self) -> impl Iterator<Item = &str> {
        self.live.values().map(|live| &*live.conversation_id)
    }

    /// Those who are in a flow now, by flow.
    pub(crate) fn in_flows(&self) -> impl Iterator<Item = &FlowRef> {
        self.live.values().map(|live| &*live.flow)
    }
}

/// Failure outputs by the names that a flow knows them by.
fn details(failure: Failure) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("errorCode".to_owned(), failure.code.into_owned()),
        ("status".to_owned(), failure.status.to_string()),
        ("correlationId".to_owned(), failure.correlation_id),
        ("userMessage".to_owned(), failure.message),
    ])
}

fn inputs(ani: &str, number: &str, conversation_id: &str) -> Inputs {
    BTreeMap::from([
        ("Call.Ani".to_owned(), Value::String(format!("tel:{ani}"))),
        ("Call.CalledAddress".to_owned(), Value::String(format!("tel:{number}"))),
        ("Call.ConversationId".to_owned(), Value::String(conversation_id.to_owned())),
        ("Call.Language".to_owned(), Value::from("en-us")),
    ])
}

fn whole_ms(length: Duration) -> Duration {
    Duration::from_millis(u64::try_from(length.as_millis()).unwrap_or(u64::MAX))
}
