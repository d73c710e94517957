//! What was found wrong in a file, with its path, so that what follows from it alone is not told as well.

use drill::{Mistake, Unfit};

use super::tree::{Node, Place};
use crate::problem::{Invalid, Problem};

/// So many problems are told; whoever has more will want to begin with these.
pub const PROBLEMS_MAX: usize = 100;

/// Problems by their places and paths.
#[derive(Default)]
pub(crate) struct Found(Vec<(Place, String, Unfit)>);

impl Found {
    /// Something is wrong at a place.
    pub(crate) fn add(&mut self, at: Place, path: &str, what: impl Into<String>, fix: impl Into<String>) {
        if self.0.len() < PROBLEMS_MAX {
            self.0.push((at, path.to_owned(), Unfit { what: what.into(), fix: fix.into() }));
        }
    }

    /// Something is wrong with a node.
    pub(crate) fn wrong(&mut self, node: &Node, what: impl Into<String>, fix: impl Into<String>) {
        self.add(node.at, &node.path, what, fix);
    }

    /// Adds mistakes, apart from those that are only about what could not be read.
    pub(crate) fn add_mistakes(&mut self, top: &Node, mistakes: Vec<Mistake>) {
        let unread: Vec<String> = self.0.iter().map(|(_, path, _)| path.clone()).collect();
        let follows = |mistake: &Mistake| {
            let is_about = |path: &String| is_at_or_under(&mistake.at, path);
            let relies =
                |path: &String| mistake.relies_on.iter().any(|on| is_at_or_under(path, on) || is_at_or_under(on, path));
            unread.iter().any(|path| is_about(path) || relies(path))
        };
        for mistake in mistakes.into_iter().filter(|mistake| !follows(mistake)) {
            self.add(top.place_of(&mistake.at), &mistake.at, mistake.what, mistake.fix);
        }
    }

    /// All that was found, in the order of the file; `None` when there was nothing.
    pub(crate) fn into_invalid(mut self, file: &str, source: &str) -> Option<Box<Invalid>> {
        self.0.sort_by_key(|(at, ..)| *at);
        let problem =
            |(at, _, unfit): (Place, String, Unfit)| Problem::on(source, (at.line, at.column), unfit.what, unfit.fix);
        let problems: Vec<Problem> = self.0.into_iter().map(problem).collect();
        let invalid = |problems| Box::new(Invalid { file: file.to_owned(), source_text: source.to_owned(), problems });
        (!problems.is_empty()).then(|| invalid(problems))
    }
}

fn is_at_or_under(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
