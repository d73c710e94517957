//! Callers: they arrive by chance, run the published flow, and end somewhere.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flow::chart::TransferTo;
use flow::{About, Answer, Ask, Inputs, Reply, Run, Settings, Step, Value};

use crate::execute::{Execution, Failure, execute};
use crate::shared::Shared;
use crate::world::{Arrival, AskOutcome, AskRecord};

/// The highest rate of callers, per second.
pub const RATE_MAX: f64 = 1_000.0;

/// The most callers in the flow at one time; further ones are not placed, and counted as such.
pub const CALLERS_MAX: usize = 5_000;

/// How long a caller who types nothing is waited for.
const ENTRY_TIMEOUT: Duration = Duration::from_secs(5);

/// Lets callers arrive at the rate that is set, until the twin shuts down.
pub(crate) async fn arrive(shared: Arc<Shared>) {
    let mut rates = shared.rate.subscribe();
    let mut next = shared.clock.mono();
    loop {
        let rate = *rates.borrow_and_update();
        if rate <= 0.0 {
            if rates.changed().await.is_err() {
                return;
            }
            next = shared.clock.mono();
            continue;
        }
        // From one arrival to the next, not from now: a timer that rings late slows nobody down.
        next = next + shared.world().next_arrival(rate);
        tokio::select! {
            () = shared.clock.sleep_until(next) => place(&shared),
            changed = rates.changed() => match changed {
                Ok(()) => next = shared.clock.mono(),
                Err(_) => return,
            },
        }
    }
}

/// Lets agents end their talks when the time has come.
pub(crate) async fn answer(shared: Arc<Shared>) {
    loop {
        let due = shared.world().queues.next_due();
        let ended = async {
            match due {
                Some(due) => shared.clock.sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = ended => {
                shared.world().advance(shared.clock.mono());
                shared.publish_totals();
            }
            () = shared.talks.notified() => {}
        }
    }
}

fn place(shared: &Arc<Shared>) {
    let Some(arrival) = shared.world().arrive(shared.clock.now()) else {
        shared.world().count_not_placed();
        shared.publish_totals();
        return;
    };
    let caller = call(Arc::clone(shared), arrival.clone());
    if !shared.spawn_caller(CALLERS_MAX, caller) {
        shared.world().withdraw(&arrival);
    }
    shared.publish_totals();
}

/// One caller, from the greeting to the queue or the end.
async fn call(shared: Arc<Shared>, arrival: Arrival) {
    let mut asks = Vec::new();
    let (mut run, mut step) = Run::start(&arrival.flow, inputs(&arrival), Settings::default());
    let outcome = loop {
        let answer = match step {
            Step::End(outcome) => break outcome,
            Step::Play(playback) => {
                shared.clock.sleep(playback.duration).await;
                Answer::Played(playback.duration)
            }
            Step::Choose { timeout, .. } => {
                // These callers know no menus: they wait for a human.
                shared.clock.sleep(timeout).await;
                Answer::Key { key: None, waited: timeout }
            }
            Step::CallData(ask) => {
                let (record, reply) = ask_data(&shared, &ask).await;
                asks.push(record);
                Answer::Data { reply, waited: record.waited }
            }
            Step::Collect { .. } => {
                shared.clock.sleep(ENTRY_TIMEOUT).await;
                Answer::Entered { digits: None, waited: ENTRY_TIMEOUT }
            }
            // What nobody has told the twin is taken to be as the flow's author expects it.
            Step::Branch(question) if question.about == About::Condition => Answer::Took("no".to_owned()),
            Step::Branch(question) => Answer::Took(question.outputs.first().cloned().unwrap_or_default()),
            Step::Wait(time) => {
                shared.clock.sleep(time).await;
                Answer::Waited
            }
            Step::Transfer(to) if to.to == TransferTo::Queue || to.to == TransferTo::QueueFromMenu => {
                let taken = shared.world().transfer(&arrival, &to.target, to.priority, shared.clock.mono());
                shared.talks.notify_one();
                if taken { Answer::Transferred } else { Answer::TransferFailed }
            }
            Step::Transfer(_) => Answer::Transferred,
        };
        step = run.resume(answer);
    };
    shared.world().finish(arrival, outcome, asks, shared.clock.now());
    shared.publish_totals();
}

async fn ask_data(shared: &Arc<Shared>, ask: &Ask) -> (AskRecord, Reply) {
    let began = shared.clock.mono();
    let stored = shared.world().actions.by_name(&ask.category, &ask.action).cloned();
    let execution = match stored {
        Some(stored) => execute(shared, &stored, &ask.inputs, ask.timeout).await,
        None => Execution::Failed(Failure {
            status: 404,
            code: "not.found",
            message: format!("There is no data action {} in {}.", ask.action, ask.category),
            correlation_id: shared.world().id(),
        }),
    };
    let measured = shared.clock.mono().since(began);
    let (outcome, waited, reply) = match execution {
        Execution::Done(outputs) => (AskOutcome::Ok, measured, Reply::Success(outputs)),
        Execution::Failed(failure) => (AskOutcome::Failure, measured, Reply::Failure(details(failure))),
        // The platform's clock decides, not how late this task was woken.
        Execution::TimedOut(timeout) => (AskOutcome::Timeout, timeout, Reply::Timeout),
    };
    (AskRecord { outcome, waited: whole_ms(waited) }, reply)
}

/// Failure outputs by the names that a flow knows them by.
fn details(failure: Failure) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("errorCode".to_owned(), failure.code.to_owned()),
        ("status".to_owned(), failure.status.to_string()),
        ("correlationId".to_owned(), failure.correlation_id),
        ("userMessage".to_owned(), failure.message),
    ])
}

fn inputs(arrival: &Arrival) -> Inputs {
    BTreeMap::from([
        ("Call.Ani".to_owned(), Value::String(format!("tel:{}", arrival.ani))),
        ("Call.CalledAddress".to_owned(), Value::from("tel:+18005550100")),
        ("Call.ConversationId".to_owned(), Value::String(arrival.conversation_id.clone())),
        ("Call.Language".to_owned(), Value::from("en-us")),
    ])
}

fn whole_ms(length: Duration) -> Duration {
    Duration::from_millis(u64::try_from(length.as_millis()).unwrap_or(u64::MAX))
}
