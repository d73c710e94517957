//! The pipelines in deploy/ci: their shell steps, taken out of the files and run against an organisation.

use std::path::Path;

use serde_json::{Value, json};
use twin::Mode;

use crate::organisation::{FLOW, Organisation, token};
use crate::setup::{Running, get, shell};

/// What the pipelines call their flow, integration and folder.
const VARIABLES: &str = "export FLOW=new-feature-flow INTEGRATION=crm-integration FLOWS=flows PLAN=review.yaml\n";
/// How the steps that reach callers of production begin.
const PRODUCTION: &str = "steadyline deployment approve --target production";

/// What the launch is held to.
const PLAN: &str = r#"
name: New feature
owner: architects
flows: [{ name: new-feature-flow }]
integrations:
  - { name: crm-integration, action: CRM Lookup, inputs: { ani: "+15550100" } }
load: { callsPerMinute: 10 }
probes: { samples: 3, pace: 1ms }
skip: { observability: the objectives stand with another controller }
"#;

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/ci").join(name)).unwrap()
}

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&file(name)).unwrap()
}

/// Every text under one of these keys, in the order of the file.
fn texts(tree: &Value, keys: &[&str], found: &mut Vec<String>) {
    match tree {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(text) if keys.contains(&key.as_str()) => found.push(text.trim().to_owned()),
                    Value::Array(list) if keys.contains(&key.as_str()) => {
                        found.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    _ => texts(value, keys, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|item| texts(item, keys, found)),
        _ => {}
    }
}

fn steps_of(tree: &Value, keys: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    texts(tree, keys, &mut found);
    found
}

/// The steps of each pipeline; those of GitLab by job, for its jobs have an order of their own.
fn pipelines() -> Vec<(&'static str, Vec<String>)> {
    let gitlab = yaml("gitlab-ci.yml");
    let jobs = ["validate", "deploy_sandbox", "review", "deploy_production"];
    let jenkins = file("Jenkinsfile");
    let quoted = jenkins.lines().filter_map(|line| line.split_once("sh '")?.1.rsplit_once('\'').map(|(step, _)| step));
    vec![
        ("github", steps_of(&yaml("github/action.yml"), &["run"])),
        ("gitlab", jobs.iter().flat_map(|job| steps_of(&gitlab[job], &["script"])).collect()),
        ("jenkins", quoted.map(|step| step.trim_end_matches("' }").to_owned()).collect()),
        ("azure", steps_of(&yaml("azure-pipelines.yml"), &["script"])),
    ]
}

fn organisation() -> Organisation {
    let organisation = Organisation::new();
    let flow = FLOW.replace("name: Main IVR", "name: new-feature-flow");
    organisation.twin.load_flow(&flow).unwrap();
    let action = include_str!("../../../../examples/flows/crm-lookup.custom.json");
    organisation.twin.load_action("crm-integration", action, &[("baseUrl", &organisation.crm.base_url())]).unwrap();
    let health = json!({ "crm-integration": { "action": "CRM Lookup", "inputs": { "ani": "+15550100" } } });
    organisation.configure(&json!({ "integrations": health }));
    organisation.write("review.yaml", PLAN);
    organisation.write("flows/new-feature.yaml", &flow.replace("Thank you for calling.", "Welcome."));
    organisation
}

/// A controller, and what a pipeline's job knows of it.
fn controller(organisation: &Organisation) -> (Running, String, String) {
    let (server, url) = organisation.controller(&json!({}));
    let variables = format!("{VARIABLES}export STEADYLINE_SERVER={url} STEADYLINE_TOKEN={}\n", token("pipeline"));
    (server, url, variables)
}

#[test]
fn every_step_runs_and_production_waits_for_a_second_person() {
    for (name, steps) in pipelines() {
        let organisation = organisation();
        let (_server, url, variables) = controller(&organisation);
        assert!(6 <= steps.len(), "{name}: {steps:#?}");
        assert!(steps.iter().any(|step| step.starts_with(PRODUCTION)), "{name}: {steps:#?}");
        for step in steps.iter().filter(|step| !step.starts_with(PRODUCTION)) {
            let ended = shell(organisation.path(), &format!("{variables}{step}"));
            assert_eq!(ended.code, 0, "{name}: {step}: {}", ended.whole());
        }
        let reviews: Value = serde_json::from_str(&get(&format!("{url}/api/v1/reviews")).1).unwrap();
        let handed_in = &reviews["plans"][0];
        assert_eq!((&handed_in["verdict"], &handed_in["kept"]), (&"pass".into(), &1.into()), "{name}: {reviews:#}");
        // The last step waits for a second person, and runs again when somebody has approved.
        let step = steps.iter().find(|step| step.starts_with(PRODUCTION)).unwrap();
        let last = || shell(organisation.path(), &format!("{variables}{step}"));
        let waits = last();
        assert_eq!(waits.code, 4, "{name}: {step}: {}", waits.whole());
        let approve = ["deployment", "approve", "--target", "production", "--server", &url, "--token", &token("ben")];
        assert_eq!(organisation.run(&approve).code, 0, "{name}");
        let goes = last();
        assert_eq!(goes.code, 0, "{name}: {step}: {}", goes.whole());
        let live = organisation.run(&["flow", "versions", "new-feature-flow", "--format", "json"]).json();
        assert_eq!(
            (&live["versions"][0]["id"], &live["versions"][0]["status"]),
            (&"2.0".into(), &"active".into()),
            "{name}"
        );
    }
}

#[test]
fn a_review_that_halts_a_pipeline_is_told_to_the_owner_of_the_launch() {
    for (name, steps) in pipelines() {
        let organisation = organisation();
        let (_server, url, variables) = controller(&organisation);
        organisation.crm.set_mode(Mode::Unavailable(None));
        let step = steps.iter().find(|step| step.starts_with("steadyline review")).unwrap();
        let halted = shell(organisation.path(), &format!("{variables}{step}"));
        assert_eq!(halted.code, 1, "{name}: {}", halted.whole());
        let incidents = organisation.run(&["incidents", "list", "--server", &url, "--format", "json"]).json();
        let one = &incidents["incidents"][0];
        assert!(one["title"].as_str().unwrap().contains("New feature must not go ahead"), "{name}: {one:#}");
        assert!(one.to_string().contains("architects"), "{name}: {one:#}");
    }
}

#[test]
fn the_workflow_gives_the_action_what_it_asks_for() {
    let (action, workflow) = (yaml("github/action.yml"), yaml("github/workflow.yml"));
    let known = action["inputs"].as_object().unwrap();
    for (job, with) in workflow["jobs"].as_object().unwrap() {
        let given = with["steps"][1]["with"].as_object().unwrap();
        assert!(given.keys().all(|key| known.contains_key(key)), "{job}");
        let missing = known.iter().find(|(key, input)| input["required"] == true && !given.contains_key(*key));
        assert_eq!(missing, None, "{job}");
    }
}
