//! Every example loads, and the one that promises to start as it is starts.

use std::path::{Path, PathBuf};

use config::Secrets;

use crate::setup::{Running, get};

/// Has every secret.
struct Known;

impl Secrets for Known {
    fn env(&self, _name: &str) -> Option<String> {
        Some("whsec_a2VwdCBpbiB0aGUgdGVzdCwgbm90IHNlY3JldA==".to_owned())
    }

    fn file(&self, _path: &Path) -> std::io::Result<String> {
        Ok("kept in the test".to_owned())
    }
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

#[test]
fn every_example_loads() {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(examples()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if let Err(invalid) = config::load(&name, &text, &Known) {
                panic!("{invalid}");
            }
            names.push(name);
        }
    }
    names.sort();
    assert_eq!(names, ["gateway.yaml", "steadyline.yaml"]);
}

#[test]
fn the_example_gateway_starts_as_it_is_and_serves_fallbacks_without_its_crm() {
    let file = examples().join("gateway.yaml");
    let args = ["serve", "--role", "gateway", "--config", file.to_str().unwrap(), "--gateway-listen", "127.0.0.1:0"];
    let mut gateway = Running::start(&args);
    let url = gateway.url("gateway");
    let (status, body) = get(&format!("{url}/crm/lookup?ani=%2B15550100"));
    assert_eq!(status, 200);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((body["accountTier"].as_str(), body["dataActionFailed"].as_bool()), (Some("standard"), Some(true)));
}
