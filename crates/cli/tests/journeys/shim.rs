//! The command `genesys` of the guides.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::organisation::{FLOW, Organisation, token};
use crate::setup::shell;

/// The steps of the guide's pipeline, but for its tests and for the approval.
const STEPS: [&str; 4] = [
    "genesys flow validate --flow-id new-feature-flow",
    "genesys integration check --integration-id crm-integration",
    "genesys deployment push --target sandbox",
    "genesys flow publish --flow-id new-feature-flow",
];

#[test]
fn the_steps_of_the_guides_pipeline_run_as_they_are_written() {
    let organisation = Organisation::new();
    let flow = FLOW.replace("name: Main IVR", "name: new-feature-flow");
    organisation.twin.load_flow(&flow).unwrap();
    let action = include_str!("../../../../examples/flows/crm-lookup.custom.json");
    organisation.twin.load_action("crm-integration", action, &[("baseUrl", &organisation.crm.base_url())]).unwrap();
    let health = serde_json::json!({ "crm-integration": { "action": "CRM Lookup", "inputs": { "ani": "+15550100" } } });
    organisation.configure(&serde_json::json!({ "integrations": health }));
    organisation.write("flows/new-feature.yaml", &flow.replace("Thank you for calling.", "Welcome."));
    assert_eq!(organisation.run(&["shim", "install", "--dir", "bin"]).code, 0);
    for step in STEPS {
        let ended = shell(organisation.path(), step);
        assert_eq!(ended.code, 0, "{step}: {}", ended.whole());
    }
    // The last step of the guide: without a second person nothing goes to production.
    let (_server, url) = organisation.controller(&serde_json::json!({}));
    let variables = format!("export STEADYLINE_SERVER={url} STEADYLINE_TOKEN={}\n", token("pipeline"));
    let approve = || shell(organisation.path(), &format!("{variables}genesys deployment approve --target production"));
    assert_eq!(approve().code, 4);
    let second = ["deployment", "approve", "--target", "production", "--server", &url, "--token", &token("ben")];
    assert_eq!(organisation.run(&second).code, 0);
    let ended = approve();
    assert_eq!(ended.code, 0, "{}", ended.whole());
    let live = organisation.run(&["flow", "versions", "new-feature-flow", "--format", "json"]).json();
    assert_eq!(live["versions"][0]["status"], "active");
}

#[test]
fn what_ends_badly_ends_with_the_same_code() {
    let organisation = Organisation::new();
    assert_eq!(organisation.run(&["shim", "install", "--dir", "bin"]).code, 0);
    for (step, code) in [
        ("genesys flow validate --flow-id nobody", 2),
        ("genesys frobnicate", 2),
        ("genesys", 2),
        ("genesys --help", 0),
        ("genesys init there", 0),
    ] {
        let ended = shell(organisation.path(), step);
        assert_eq!(ended.code, code, "{step}: {}", ended.whole());
    }
    assert!(organisation.path().join("there/steadyline.yaml").exists());
}

#[test]
fn a_file_that_is_somebody_elses_stays() {
    let organisation = Organisation::new();
    let path = organisation.write("bin/genesys", "#!/bin/sh\nexit 7\n");
    let install = ["shim", "install", "--dir", "bin"];
    let refused = organisation.run(&install);
    assert_eq!((refused.code, refused.said().contains("--force")), (2, true), "{}", refused.whole());
    assert_eq!(fs::read_to_string(&path).unwrap(), "#!/bin/sh\nexit 7\n");
    assert_eq!(organisation.run(&[&install[..], &["--force"]].concat()).code, 0);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o111, 0o111);
    // Our own is written anew without a word.
    assert_eq!(organisation.run(&install).code, 0);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
}
