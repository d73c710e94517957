//! Experiments: read whole, or refused with everything that is wrong.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::path::{Path, PathBuf};

use config::{EXPERIMENT_BYTES_MAX, PROBLEMS_MAX, load_experiment, load_situation};
use drill::{Environment, Experiment, Situation, plan};
use proptest::prelude::*;

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/drills");
    let files = |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_experiment = |path: &PathBuf| path.is_file() && config::holds_experiment(&read(path));
    let mut files: Vec<PathBuf> = files(&folder).chain(files(&folder.join("staging"))).filter(is_experiment).collect();
    files.sort();
    files
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn loaded(path: &Path) -> Experiment {
    let name = path.file_name().unwrap().to_str().unwrap();
    load_experiment(name, &read(path)).unwrap_or_else(|invalid| panic!("{invalid}"))
}

/// Monday morning.
fn monday() -> jiff::Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

#[test]
fn every_example_has_a_plan_and_a_page_that_says_why() {
    let files = examples();
    assert!(files.len() >= 6);
    for path in files {
        let experiment = loaded(&path);
        let parts = experiment.parts();
        assert_eq!(path.file_stem().unwrap().to_str().unwrap(), parts.metadata.id);
        let situation = if parts.environment == Environment::Lab {
            Situation::lab(&experiment, monday())
        } else {
            let file = path.parent().unwrap().join("situation.yaml");
            load_situation("situation", &read(&file), monday()).unwrap_or_else(|invalid| panic!("{invalid}"))
        };
        let planned = plan(&experiment, &situation);
        assert!(planned.is_ok(), "{}: {:#?}", path.display(), planned.map_err(|refused| refused.reasons));
        let comment = read(&path).lines().take_while(|line| line.starts_with('#')).count();
        assert!((10..40).contains(&comment), "{}: {comment} lines of comment", path.display());
    }
}

const GOOD: &str = include_str!("experiment.yaml");

fn told(source: &str) -> String {
    load_experiment("e.yaml", source).map(|_| "nothing wrong".to_owned()).unwrap_or_else(|invalid| invalid.to_string())
}

#[test]
fn what_the_table_changes_is_good() {
    assert_eq!(told(GOOD), "nothing wrong");
}

/// Each row changes one thing in a good file, and is answered with this and nothing else.
#[test]
fn every_mistake_is_told_with_its_place_and_what_to_write() {
    let changes = [
        ("apiVersion: steadyline/v1", "apiVersion: steadyline/v2"),
        ("kind: Experiment", "kind: Experiments"),
        ("id: trunk-503", "id: Trunk 503"),
        (", owner: voice", ""),
        ("seed: 42", "seed: -1"),
        ("environment: lab", "environment: labs"),
        ("type: sip-trunk, ref: trunk-a", "type: siptrunk, ref: trunk-a"),
        ("ref: trunk-b", "ref: trunk-a"),
        ("ref: \"crm:443\"", "ref: \"https://crm\""),
        ("crm: {type", "calls: {type"),
        ("carrier: alpha", "carriers: alpha"),
        ("trunks: [trunk-a, trunk-b]", "trunks: trunk-a"),
        ("\"+15550199*\"", "\"+1911*\""),
        ("\"+15550199*\"", "\"+1*\""),
        ("max_cps: 5", "max_cps: five"),
        (", max_fault: 180s", ""),
        ("live_traffic: 0%", "live_traffic: 0"),
        ("Mon-Thu 09:00-16:00Z", "Mon-Thu 09:00-16:00"),
        ("deny_when: [maintenance]", "deny_when: [maintainance]"),
        ("of: [primary, backup]", "of: [primary, primary]"),
        ("of: [primary, backup]", "of: [primary, backups]"),
        ("differ_in: [carrier]", "differ_in: [carriers]"),
        ("production: 2", "production: 1"),
        ("via: primary", "via: queue"),
        ("to: \"+15550199001\"", "to: \"911\""),
        ("to: \"+15550199001\"", "to: \"5550199001\""),
        ("rate: 2/s", "rate: 2 per second"),
        ("hold: 5s, model", "hold: 5 s, model"),
        ("final: 200", "final: 180"),
        ("metric: calls.answer_ratio", "metric: calls.answered_ratio"),
        ("metric: calls.pdd_ms.p95", "metric: calls.pdd_ms"),
        ("is: \">= 0.99\"", "is: \">= 99\""),
        ("is: \">= 0.99\"", "is: 0.99"),
        ("window: 20s, min_samples: 20, is: \">=", "window: 5s, min_samples: 20, is: \">="),
        ("within: 120s, hold: 30s", "within: 20s, hold: 30s"),
        ("capture: [calls.pdd_ms", "capture: [rto_s.upper"),
        ("name: second", "name: first"),
        ("on: primary, do: sip.respond", "on: primry, do: sip.respond"),
        ("do: sip.respond", "do: sip.responds"),
        ("do: sip.respond", "do: http.hang"),
        ("code: 503", "code: 200"),
        ("code: 503, ", ""),
        ("methods: [INVITE]", "methods: [INVITES]"),
        ("retry_after: 30", "retry: 30"),
        ("for: 90s, lease: 5s", "for: 90s"),
        ("for: 90s, lease: 5s", "for: 90s, lease: 60s"),
        ("for: 90s, lease: 5s", "for: 0s, lease: 5s"),
        ("at: 90s", "at: 10s"),
        ("from: fault.first.applied, tolerate", "from: fault.firsts.applied, tolerate"),
        ("tolerate: 30s, max: 120s", "tolerate: 130s, max: 120s"),
        ("tolerate: 30s, max: 120s", "tolerate: 30s, max: 1h"),
        ("when: \"calls.failed_ratio[10s] > 0.5\"", "when: \"calls.failed_ratio > 0.5\""),
        ("when: \"calls.failed_ratio[10s] > 0.5\"", "when: \"calls.failed_ratio[10s] above 0.5\""),
        ("not_before: 30s", "not_before: 1h"),
        ("every: 100ms", "every: 1ms"),
        ("no_data_after: 2s", "no_data_after: 50ms"),
        ("good: \"calls.answer_ratio >= 0.99\"", "good: \"calls.answer_ratio[5s] >= 0.99\""),
        ("read: backup.kv", "read: primary.kv"),
        ("metric: restore.seconds", "metric: restore.secs"),
        ("severity: warn", "severity: warning"),
        ("abort_defaults:", "aborts:"),
        ("\nfaults:", "\nfaults: []\nfault:"),
    ];
    let mut text = String::new();
    for (from, to) in changes {
        assert!(GOOD.contains(from), "{from}");
        text += &format!("== {from} → {to}\n{}\n\n", told(&GOOD.replacen(from, to, 1)));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_a_file_of_another_form_is_answered() {
    let list = (0..300).map(|index| format!("{{name: f{index}}}, ")).collect::<String>();
    let files = [
        "".to_owned(),
        "# only a comment\n".to_owned(),
        "- a\n- b\n".to_owned(),
        "a: [b\n".to_owned(),
        "a: &x 1\nb: *x\n".to_owned(),
        format!("{GOOD}\n---\n{GOOD}"),
        GOOD.replace("environment: lab", "environment: lab\nenvironment: staging"),
        format!("a: {}1{}", "[".repeat(40), "]".repeat(40)),
        format!("# {}", "x".repeat(EXPERIMENT_BYTES_MAX)),
        "kind: Experiment\n".to_owned(),
        // Where it runs decides what it must say.
        GOOD.replace("environment: lab", "environment: production").replace("allow: [\"Mon-Thu 09:00-16:00Z\"], ", ""),
        GOOD.replace("environment: lab", "environment: staging").replace("on_no_data: abort", "on_no_data: continue"),
    ];
    let told: Vec<String> = files.iter().map(|text| told(text)).collect();
    insta::assert_snapshot!(told.join("\n\n"));
    let invalid = load_experiment("e.yaml", &format!("faults: [{list}]")).unwrap_err();
    assert_eq!(invalid.problems.len(), PROBLEMS_MAX);
}

#[test]
fn everything_is_told_at_once_and_nothing_that_only_follows() {
    let bad = GOOD
        .replace("id: trunk-503", "id: 503")
        .replace("type: sip-trunk, ref: trunk-a", "type: trunk, ref: trunk-a")
        .replace("rate: 2/s", "rate: often")
        .replace("do: sip.respond", "do: sip.say")
        .replace("max: 120s", "max: soon")
        .replace("max_cps: 5", "max_cpm: 5")
        .replace("severity: warn", "severity: mild");
    insta::assert_snapshot!(told(&bad));
}

#[test]
fn a_situation_is_read_with_what_is_not_known_of_it() {
    let read = |text: &str| load_situation("s.yaml", text, monday()).map_err(|invalid| invalid.to_string());
    let head = "apiVersion: steadyline/v1\nkind: Situation\nenvironment: staging\n";
    let situation = read(&format!("{head}maintenance: false\nthings: [{{type: queue, ref: q}}]\n")).unwrap();
    assert_eq!(situation.standing.len(), 1);
    assert_eq!((situation.is_dirty, situation.approved_by.as_ref()), (None, None));
    assert_eq!(situation.things[&(drill::Kind::Queue, "q".to_owned())].live_traffic, None);
    insta::assert_snapshot!(
        read(&format!("{head}maintenance: no\nincident: false\nthings: [{{type: queue}}]\n")).unwrap_err()
    );
}

#[test]
fn the_checked_in_schema_is_the_one_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/experiment.schema.json");
    let now = format!("{:#}\n", config::experiment_schema());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == now, "docs/experiment.schema.json is old: run the tests with UPDATE_DOCS=1");
}

#[test]
fn the_schema_agrees_with_the_reader() {
    let schema = jsonschema::validator_for(&config::experiment_schema()).unwrap();
    let mut texts: Vec<String> = examples().iter().map(|path| read(path)).collect();
    texts.push(GOOD.to_owned());
    for text in texts {
        let value: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        let wrong: Vec<String> =
            schema.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
    for (from, to) in [
        ("code: 503, ", ""),
        ("retry_after: 30", "retry: 30"),
        ("environment: lab", "environment: x"),
        (", owner: voice", ""),
    ] {
        let value: serde_json::Value = serde_saphyr::from_str(&GOOD.replace(from, to)).unwrap();
        assert!(!schema.is_valid(&value), "{from} → {to}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}|[a-z:{}\\[\\], \\n\"'-]{0,200}") {
        match load_experiment("e.yaml", &text) {
            Ok(_) => {}
            Err(invalid) => prop_assert!(!invalid.problems.is_empty() && invalid.problems.len() <= PROBLEMS_MAX),
        }
    }

    /// A good file of which a part is missing, doubled, or in another place.
    #[test]
    fn a_damaged_experiment_is_read_or_refused(from in 0usize..3_000, length in 0usize..400, to in 0usize..3_000, put in "\\PC{0,12}") {
        let chars: Vec<char> = GOOD.chars().collect();
        let at = |index: usize| index.min(chars.len());
        let (start, end, to) = (at(from), at(from + length), at(to));
        let mut text: String = chars[..start].iter().chain(&chars[end..]).collect();
        let place = text.char_indices().nth(to).map_or(text.len(), |(place, _)| place);
        text.insert_str(place, &put);
        if let Err(invalid) = load_experiment("e.yaml", &text) {
            prop_assert!(!invalid.problems.is_empty());
            let lines = text.lines().count() as u32 + 1;
            prop_assert!(invalid.problems.iter().all(|problem| problem.line <= lines), "{}", invalid);
        }
    }
}
