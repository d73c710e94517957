//! The corpus of the fuzz targets, replayed: every file, and changed copies of each by a seed, are read or refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flow::chart::{Chart, Substitutions};
use flow::lint::{self, Library, Settings, fix};
use flow::picture::{self, Highlight};
use flow::trace::{self, Scenario};
use flow::{DataAction, expr};

/// Changed copies of each file.
const COPIES: usize = 60;

fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

/// A copy with a few bytes cut out, doubled or replaced by what matters to a parser.
fn changed(text: &str, rng: &mut fastrand::Rng) -> String {
    const BITS: [&str; 16] =
        ["{", "}", "[", "]", ":", "\n", "\"", "'", "$", "{{", "}}", "\t", "- ", "\u{feff}", "0", "ü"];
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..rng.usize(1..5) {
        let at = rng.usize(0..=bytes.len());
        let end = (at + rng.usize(0..40)).min(bytes.len());
        match rng.u8(0..3) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            _ => drop(bytes.splice(at..end.min(at + 1), rng.choice(BITS).unwrap_or("x").bytes())),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn replay(target: &str, check: impl Fn(&str)) {
    for file in corpus(target) {
        let text = std::fs::read_to_string(&file).unwrap();
        check(&text);
        for seed in 0..COPIES {
            let mut rng = fastrand::Rng::with_seed(seed as u64);
            check(&changed(&text, &mut rng));
        }
    }
}

#[test]
fn flows_are_read_linted_fixed_and_drawn_or_refused() {
    let options = fix::Options { queue: Some("Support".to_owned()), limit: Duration::from_secs(3) };
    for target in ["archy", "export"] {
        replay(target, |text| {
            let Ok(chart) = Chart::read(text, &Substitutions::default()) else { return };
            let _found = lint::flow(&chart, &Settings::default(), &Library::default());
            let _drawn = picture::svg(&chart, &Highlight::default());
            if let Some((fixed, _)) = fix::flow(text, &Substitutions::default(), &options) {
                assert!(Chart::read(&fixed, &Substitutions::default()).is_ok(), "{fixed}");
            }
        });
    }
}

#[test]
fn flows_are_traced_to_an_end() {
    replay("trace", |text| {
        let Ok(chart) = Chart::read(text, &Substitutions::default()) else { return };
        let stories = trace::stories(&Arc::new(chart), &Scenario::default());
        assert!(stories.list.len() <= trace::STORIES_MAX);
    });
}

#[test]
fn data_actions_and_policies_are_read_or_refused() {
    replay("data_action", |text| {
        let _read = DataAction::parse(text);
        let _found = lint::action(text, &Settings::default());
        if let Some((fixed, _)) = fix::action(text, &fix::Options { queue: None, limit: Duration::from_secs(3) }) {
            assert!(lint::action(&fixed, &Settings::default()).is_ok(), "{fixed}");
        }
    });
    replay("retry_policy", |text| {
        let _found = lint::retry_policy(text, &Settings::default());
    });
}

#[test]
fn an_expression_that_is_read_prints_as_one_that_reads_the_same() {
    replay("expression", |text| {
        let Ok(read) = expr::parse(text) else { return };
        match expr::parse(&read.to_string()) {
            Ok(again) => assert_eq!(again, read),
            // The brackets of the printed form may be more than the limits allow.
            Err(error) => assert!(["deep", "parts"].iter().any(|limit| error.message.contains(limit)), "{error}"),
        }
    });
}
