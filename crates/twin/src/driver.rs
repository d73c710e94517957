//! Runs the organisation in live time: wakes it when something is due, and carries its questions outside.

use std::sync::Arc;

use crate::execute::execute;
use crate::shared::Shared;
use crate::world::Question;

/// Lets everything happen when its time has come, until the twin shuts down.
pub(crate) async fn drive(shared: Arc<Shared>) {
    loop {
        let due = shared.world().next_due();
        let comes = async {
            match due {
                Some(due) => shared.sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = comes => {
                let now = shared.now();
                let questions = shared.world().advance(now);
                carry_out(&shared, questions);
                shared.settle();
                shared.publish_totals();
            }
            () = shared.changed.notified() => {}
        }
    }
}

/// Asks outside what only the outside can answer.
pub(crate) fn carry_out(shared: &Arc<Shared>, questions: Vec<Question>) {
    for question in questions {
        shared.spawn(ask(Arc::clone(shared), question));
    }
}

/// Asks the other system for a caller, and hands on what the flow asks next.
async fn ask(shared: Arc<Shared>, question: Question) {
    let Question { caller, generation, conversation_id, action, inputs, timeout } = question;
    if shared.world_of(generation).is_none() {
        return;
    }
    let execution = execute(&shared, &action, &conversation_id, &inputs, timeout).await;
    let now = shared.now();
    // Another organisation may be here by now; its callers have asked nothing.
    let Some(questions) = shared.world_of(generation).map(|mut world| world.reply(caller, execution, now)) else {
        return;
    };
    carry_out(&shared, questions);
    shared.settle();
    shared.publish_totals();
}
