//! The examples that we ship are read without a problem, alone and together.

use openslo::Text;

use crate::lines;

/// Name and text of each example, in the order of names.
pub(crate) fn all() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/slos");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_example_is_read_without_a_problem() {
    let examples = all();
    assert_eq!(examples.len(), 4);
    for (file, text) in &examples {
        let reading = openslo::read(&[Text { file, text }]).unwrap_or_else(|invalid| panic!("{invalid}"));
        assert_eq!(lines(&reading.losses), "", "{file}");
        insta::assert_debug_snapshot!(file.as_str(), reading.definitions);
    }
}

#[test]
fn all_examples_are_one_set() {
    let examples = all();
    let texts: Vec<Text<'_>> = examples.iter().map(|(file, text)| Text { file, text }).collect();
    let reading = openslo::read(&texts).unwrap();
    let ids: Vec<_> = reading.definitions.iter().map(|definition| definition.objective.id.as_str()).collect();
    assert_eq!(
        ids,
        ["account-speed", "crm-lookup", "ivr-errors", "knowledge-base-1", "knowledge-base-2", "trunk-loss"]
    );
}
