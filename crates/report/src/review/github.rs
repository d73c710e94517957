//! GitHub annotations: one line for each finding that should be looked at.

use review::{Review, Weight};

use super::{Head, findings};
use crate::github::{data, property};

/// The lines.
pub fn lines(review: &Review, head: &Head) -> Vec<String> {
    let line = |(id, finding): (&str, &review::Finding)| {
        let command = match finding.weight {
            Weight::Blocks | Weight::Unknown => "error",
            Weight::Warning => "warning",
            Weight::Info => "notice",
        };
        let (file, (line, column)) = match finding.at {
            Some(at) => (finding.about.as_str(), at),
            None => (head.file.as_str(), (1, 1)),
        };
        let message = format!("{}: {} {}", finding.about, finding.what, finding.fix);
        format!(
            "::{command} file={},line={line},col={column},title={}::{}",
            property(file),
            property(id),
            data(message.trim_end())
        )
    };
    findings(review).into_iter().filter(|(_, finding)| Weight::Info < finding.weight).map(line).collect()
}
