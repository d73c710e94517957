//! What holds for every text: readers never panic, and what is written is read again.

use openslo::{Text, guide, import};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::{SLO, examples};

/// Texts to begin with.
fn samples() -> Vec<String> {
    let mut all: Vec<String> = examples::all().into_iter().map(|(_, text)| text).collect();
    all.push(SLO.to_owned());
    for sample in [
        include_str!("samples/sloth.yaml"),
        include_str!("samples/sloth-resource.yaml"),
        include_str!("samples/pyrra.yaml"),
        include_str!("samples/odd.yaml"),
        r#"{"id":"a","sloTarget":99.5,"timeWindow":"PT720H","burnRateAlerts":[{"level":"CRITICAL","burnRateThreshold":14.6,"duration":"PT5M"}]}"#,
    ] {
        all.push(sample.to_owned());
    }
    all
}

/// What is done to a text at some place.
#[derive(Clone, Debug)]
enum Change {
    Cut(Index, u8),
    Put(Index, &'static str),
    Swap(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let words = prop::sample::select(vec![
        "",
        " ",
        "\n",
        "\t",
        ":",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        "#",
        "&a",
        "*a",
        "---\n",
        "null",
        "~",
        "-1",
        "0",
        "1e309",
        "99999999999",
        "9999999999w",
        "P9Y",
        "PT99999999999H",
        "ä",
        "\u{feff}",
        "{{",
        "}}",
        "true",
        "<<: ",
    ]);
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, length)| Change::Cut(at, length)),
        (any::<Index>(), words).prop_map(|(at, word)| Change::Put(at, word)),
        (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Change::Swap(one, other)),
    ]
}

fn changed(text: &str, changes: &[Change]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for change in changes {
        if chars.is_empty() {
            break;
        }
        match change {
            Change::Cut(at, length) => {
                let start = at.index(chars.len());
                let end = (start + usize::from(*length) / 8 + 1).min(chars.len());
                chars.drain(start..end);
            }
            Change::Put(at, word) => {
                let start = at.index(chars.len());
                chars.splice(start..start, word.chars());
            }
            Change::Swap(one, other) => {
                let (one, other) = (one.index(chars.len()), other.index(chars.len()));
                chars.swap(one, other);
            }
        }
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn readers_never_panic_and_what_is_read_is_written_and_read_again(
        sample in any::<Index>(),
        changes in prop::collection::vec(change(), 0..6),
    ) {
        let samples = samples();
        let text = changed(&samples[sample.index(samples.len())], &changes);
        let text = Text { file: "any", text: &text };
        let url = "http://127.0.0.1:9090";
        let mut all = Vec::new();
        all.extend(openslo::read(&[text]).map(|reading| reading.definitions).unwrap_or_default());
        all.extend(guide::read(&text));
        all.extend(import::sloth(&text, url).map(|imported| imported.definitions).unwrap_or_default());
        all.extend(import::pyrra(&text, url).map(|imported| imported.definitions).unwrap_or_default());
        for mut definition in all {
            let _rules = openslo::export::prometheus(std::slice::from_ref(&definition));
            let json = guide::write(&definition).to_string();
            prop_assert!(guide::read(&Text { file: "json", text: &json }).is_ok(), "{json}");
            let written = openslo::write(std::slice::from_ref(&definition));
            let again = openslo::read(&[Text { file: "again", text: &written.text }]);
            let again = again.unwrap_or_else(|invalid| panic!("{invalid}\n{}", written.text));
            definition.words = None;
            for rule in &mut definition.objective.alerts {
                rule.short = budget::Minutes::new(rule.long.get().div_ceil(12));
            }
            definition.objective.alerts.dedup();
            prop_assert_eq!(&again.definitions, &[definition], "{}", written.text);
        }
    }
}
