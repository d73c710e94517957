//! When which flows are maintained, as people have planned it.

use std::sync::{Arc, Mutex};

use base::{Minute, Minutes, Mono, Stretch};
use engine::rollback::guard::IsMaintained;

/// A flow's maintenance.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(crate) flow: String,
    pub(crate) minutes: Stretch,
    /// When somebody said so.
    pub(crate) known: Mono,
}

/// All of it.
#[derive(Clone, Default)]
pub(super) struct Windows(Arc<Mutex<Vec<Window>>>);

impl Windows {
    pub(super) fn plan(&self, window: Window) {
        self.0.lock().unwrap().push(window);
    }

    /// What goes on is over with this minute, and what was planned does not come.
    pub(super) fn end(&self, last: Minute) {
        for window in self.0.lock().unwrap().iter_mut() {
            let until = window.minutes.until.min(last + Minutes::new(1));
            window.minutes = Stretch { from: window.minutes.from.min(until), until };
        }
    }

    pub(super) fn all(&self) -> Vec<Window> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn contain(&self, flow: &str, minute: Minute) -> bool {
        self.0.lock().unwrap().iter().any(|window| window.flow == flow && window.minutes.contains(minute))
    }

    /// As a guard asks.
    pub(super) fn asked(&self) -> IsMaintained {
        let windows = self.clone();
        Arc::new(move |_, flow, minute| windows.contain(flow, minute))
    }
}
