//! Systems that answer Data Actions without being there, so that a day can pass in an instant.

use std::sync::Arc;
use std::time::Duration;

use base::Now;
use flow::{ActionError, TIMEOUT_MAX};

use super::log::{ActionRef, Fact};
use super::{Execution, Failure, FaultTarget, StoredAction, World};

/// A simulated answer on its way.
#[derive(Clone, Debug)]
pub(crate) struct Replies {
    pub(super) action: Arc<ActionRef>,
    pub(super) conversation: Arc<str>,
    pub(crate) took: Duration,
    pub(crate) execution: Execution,
    /// True when it counts among the executions that run.
    pub(crate) runs: bool,
}

impl World {
    /// What a simulated system answers to an execution that begins now; `None` when a real one must be asked.
    pub(crate) fn simulate(
        &mut self,
        action: &StoredAction,
        conversation: &Arc<str>,
        of_flow: Option<Duration>,
        now: Now,
    ) -> Option<Replies> {
        let simulated = Arc::clone(action.simulated.as_ref()?);
        let effect = self.faults.on(FaultTarget::DataActions, now.mono);
        let latency = Duration::from_millis(self.upstreams.u64(simulated.latency_ms()));
        let fails = self.upstreams.u32(0..1_000_000) < simulated.failures.get();
        let after = latency + effect.latency;
        let timeout = action.action.effective_timeout(of_flow).min(TIMEOUT_MAX);
        let begun = self.actions.begin(action, now.mono);
        let (took, execution) = match (begun, effect.failure.or(fails.then_some(503))) {
            (Err(refusal), _) => (Duration::ZERO, Execution::Failed(Failure::refused(refusal, self.id()))),
            _ if after > timeout => (timeout, Execution::TimedOut(timeout)),
            (Ok(()), Some(status)) => {
                let message = ActionError::Status(status).to_string();
                let failure = Failure { status, code: "bad.gateway".into(), message, correlation_id: self.id() };
                (after, Execution::Failed(failure))
            }
            (Ok(()), None) => (after, Execution::Done(simulated.outputs.clone())),
        };
        let (action, conversation) = (action.named(), Arc::clone(conversation));
        Some(Replies { action, conversation, took, execution, runs: begun.is_ok() })
    }

    /// Notes an execution that is over.
    pub(crate) fn executed(
        &mut self,
        action: Arc<ActionRef>,
        conversation: &Arc<str>,
        execution: &Execution,
        took: Duration,
        now: Now,
    ) {
        let (status, error) = match execution {
            Execution::Done(_) => (200, None),
            Execution::Failed(failure) => (failure.status, Some(failure.code.clone())),
            Execution::TimedOut(_) => (504, Some("request.timeout".into())),
        };
        self.log.add(now.wall, conversation, Fact::Ran { action, status, error, took });
    }
}
