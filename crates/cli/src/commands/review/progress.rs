//! How far a review is, on one line of the terminal that is written over.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use engine::review::{Progress, Tell};

use crate::settings::Global;

/// Wider lines would wrap, and stay.
const WIDTH: usize = 78;

/// The line.
pub(super) struct Line {
    is_shown: bool,
    parts: Mutex<BTreeMap<&'static str, (usize, usize)>>,
}

impl Line {
    /// Nobody looks where stderr is no terminal, or who wants quiet.
    pub(super) fn new(global: &Global) -> Arc<Self> {
        let is_shown = std::io::stderr().is_terminal() && !global.quiet;
        Arc::new(Self { is_shown, parts: Mutex::default() })
    }

    /// What a review tells its progress to.
    pub(super) fn tell(self: &Arc<Self>) -> Tell {
        let line = self.clone();
        Arc::new(move |progress| line.told(&progress))
    }

    fn told(&self, progress: &Progress) {
        if !self.is_shown {
            return;
        }
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.insert(progress.part, progress.done);
        let open = parts.iter().filter(|(_, (done, all))| done < all);
        let open: Vec<String> = open.map(|(part, (done, all))| format!("{part} {done}/{all}")).collect();
        write(&format!("learning: {}", open.join(" · ")));
    }

    /// Leaves nothing behind.
    pub(super) fn clear(&self) {
        if self.is_shown {
            write("");
        }
    }
}

fn write(text: &str) {
    let text: String = text.chars().take(WIDTH).collect();
    let mut stderr = std::io::stderr().lock();
    // Nobody reads any more, and nobody needs to be told.
    let _gone = write!(stderr, "\r{text:<WIDTH$}\r").and_then(|()| stderr.flush());
}
