//! A call that waits for its upstream: counted, seen by the look at the calls in flight, and never forgotten.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Poll, Waker};
use std::time::Duration;

use base::Mono;
use degrade::Fault;
use degrade::breaker::Failed;
use degrade::circuit::Event;

use crate::inflight::Verdict;
use crate::plan::UpstreamShared;
use crate::worker::{Lane, Worker};

/// One call in flight. Dropping it without a result means that the caller gave up; its age is then evidence.
pub(crate) struct Waiting {
    worker: Rc<Worker>,
    lane: Rc<Lane>,
    upstream: Arc<UpstreamShared>,
    key: usize,
    started: Mono,
    generation: u32,
    is_probe: bool,
    is_settled: bool,
}

/// How a call was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    pub(crate) generation: u32,
    /// The caller stands in for a probe.
    pub(crate) is_probe: bool,
}

/// The place of a caller who stands in for a probe, from its admission until it waits for the upstream. Dropping it
/// before gives it back: a caller who hangs up meanwhile must not take the circuit's one probe along.
pub(crate) struct ProbePlace<'a> {
    worker: &'a Worker,
    lane: &'a Lane,
    is_probe: bool,
    is_held: Cell<bool>,
}

impl<'a> ProbePlace<'a> {
    pub(crate) fn new(worker: &'a Worker, lane: &'a Lane, admitted: Admitted) -> Self {
        Self { worker, lane, is_probe: admitted.is_probe, is_held: Cell::new(admitted.is_probe) }
    }

    /// From now on the waiting call answers for it.
    #[inline]
    pub(crate) fn pass_on(&self) {
        self.is_held.set(false);
    }

    /// The waiting call let go of it without a result.
    pub(crate) fn take_back(&self) {
        self.is_held.set(self.is_probe);
    }
}

impl Drop for ProbePlace<'_> {
    fn drop(&mut self) {
        if self.is_held.get() {
            let now = self.worker.clock.mono();
            let effects = self.lane.circuit.breaker.step(Event::ProbeLost, now);
            self.worker.apply(self.lane, effects, now);
        }
    }
}

impl Waiting {
    pub(crate) fn start(
        worker: &Rc<Worker>,
        lane: &Rc<Lane>,
        upstream: &Arc<UpstreamShared>,
        admitted: Admitted,
        started: Mono,
        deadline: Mono,
    ) -> Self {
        let held = upstream.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        upstream.note_peak(held);
        let key = lane.calls.borrow_mut().enter(started, deadline, admitted.generation);
        worker.call_started();
        Self {
            worker: Rc::clone(worker),
            lane: Rc::clone(lane),
            upstream: Arc::clone(upstream),
            key,
            started,
            generation: admitted.generation,
            is_probe: admitted.is_probe,
            is_settled: false,
        }
    }

    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.lane.calls.borrow().verdict(self.key)
    }

    pub(crate) fn wait(&self, waker: &Waker) {
        self.lane.calls.borrow_mut().wait(self.key, waker);
    }

    /// Runs `work` until it is done or the call is ended from outside. It comes pinned, because its state is large
    /// and moving it costs more than the rest of this.
    pub(crate) async fn unless_ended<T>(&self, mut work: Pin<&mut impl Future<Output = T>>) -> Result<T, Verdict> {
        std::future::poll_fn(|cx| {
            if let Some(verdict) = self.verdict() {
                return Poll::Ready(Err(verdict));
            }
            match work.as_mut().poll(cx) {
                Poll::Ready(done) => Poll::Ready(Ok(done)),
                Poll::Pending => {
                    self.wait(cx.waker());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// The upstream answered as it should.
    #[inline]
    pub(crate) fn good(mut self, now: Mono) {
        self.is_settled = true;
        let breaker = &self.lane.circuit.breaker;
        breaker.good(self.worker.id, self.generation, now.since(self.started), now);
        if self.is_probe {
            let effects = breaker.step(Event::ProbeGood { generation: self.generation }, now);
            self.worker.apply(&self.lane, effects, now);
        }
    }

    /// The upstream failed.
    pub(crate) fn bad(mut self, fault: Fault, retry_after: Option<Duration>, now: Mono) {
        self.is_settled = true;
        self.report(fault, retry_after, now);
    }

    /// The call was released because its circuit opened; the circuit knows already.
    pub(crate) fn released(mut self) {
        self.is_settled = true;
    }

    fn report(&self, fault: Fault, retry_after: Option<Duration>, now: Mono) {
        if matches!(fault, Fault::Timeout | Fault::Throttled) {
            self.upstream.overloaded.fetch_add(1, Ordering::Relaxed);
        }
        let breaker = &self.lane.circuit.breaker;
        let effects = if self.is_probe {
            let event = match fault {
                Fault::Abandoned => Event::ProbeLost,
                _ => Event::ProbeBad { generation: self.generation, fault, retry_after, silence: None },
            };
            breaker.step(event, now)
        } else {
            breaker.bad(self.worker.id, Failed { generation: self.generation, fault, retry_after }, now)
        };
        self.worker.apply(&self.lane, effects, now);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.lane.calls.borrow_mut().leave(self.key);
        self.upstream.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.worker.call_ended();
        if !self.is_settled {
            let now = self.worker.clock.mono();
            let is_evidence = self.lane.circuit.breaker.is_abandonment_evidence(now.since(self.started), now);
            if self.is_probe || is_evidence {
                self.report(Fault::Abandoned, None, now);
            }
        }
    }
}
