//! `config explain`: the sentence of a key.

use api::Exit;
use serde_json::json;

use super::keys::{self, Key, NAME};
use crate::failure::Failure;
use crate::settings::{Format, Global};
use crate::{Ended, output};

/// Keys that are suggested for one that is not known.
const SUGGESTIONS_MAX: usize = 3;

/// Tells what `asked` does, and what is in it.
pub(super) fn run(asked: &str, global: &Global) -> Ended {
    let keys = keys::all(&config::schema());
    let key = keys::find(&keys, asked).ok_or_else(|| unknown(&keys, asked))?;
    let within: Vec<_> = keys.iter().filter(|other| is_within(key, other)).collect();
    match global.format {
        Format::Json => {
            let within: Vec<_> =
                within.iter().map(|key| json!({ "key": key.dotted(), "sentence": key.sentence })).collect();
            output::json(&json!({
                "key": key.dotted(), "sentence": key.sentence, "value": key.kind, "keys": within,
            }));
        }
        Format::Text => {
            output::line(format_args!("{}: {}\n{}", key.dotted(), key.kind, key.sentence));
            if !within.is_empty() {
                output::line("");
                let rows: Vec<_> = within.iter().map(|key| vec![key.dotted(), key.sentence.clone()]).collect();
                output::table(&["KEY", "WHAT IT DOES"], &rows);
            }
        }
    }
    Ok(Exit::Done)
}

/// One level below, chosen names not counted.
fn is_within(section: &Key, key: &Key) -> bool {
    let Some(below) = key.path.strip_prefix(section.path.as_slice()) else { return false };
    below.iter().filter(|segment| *segment != NAME).count() == 1
}

fn unknown(keys: &[Key], asked: &str) -> Failure {
    let mut near: Vec<String> = keys.iter().map(Key::short).collect();
    // A key may be asked for by its last word alone.
    let distance = |known: &String| {
        let last = known.rsplit('.').next().unwrap_or(known);
        strsim::damerau_levenshtein(asked, known).min(strsim::damerau_levenshtein(asked, last))
    };
    near.sort_by_key(distance);
    near.dedup();
    near.truncate(SUGGESTIONS_MAX);
    let hint = format!("did you mean {}? `steadyline config schema` has them all", near.join(", "));
    Failure::new(Exit::Usage, format!("there is no key `{asked}`"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_suggested() {
        let keys = keys::all(&config::schema());
        let hint = |asked: &str| format!("{:?}", miette::Report::new(unknown(&keys, asked)));
        assert!(hint("degrade.routes.deadlin").contains("degrade.routes.deadline"));
        assert!(hint("deadline").contains("degrade.routes.deadline"));
    }
}
