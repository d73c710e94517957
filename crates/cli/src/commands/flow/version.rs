//! A version of a flow: the one that is meant, and its text.

use std::time::Duration;

use api::Exit;
use genesys::Client;
use genesys::flow_jobs;
use genesys::flows::{self, Flow, Version};

use crate::failure::Failure;
use crate::target::{self, Chosen};

/// How long an export may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The version that is meant, which must be there: a publish of one that is not may be answered with success.
pub(crate) async fn wanted(client: &Client, flow: &Flow, named: Option<&str>) -> Result<Version, Failure> {
    let Some(id) = named.map(str::to_owned).or_else(|| super::newest(flow)) else {
        let message = format!("{} has no version that was checked in", flow.name);
        return Err(Failure::new(
            Exit::Usage,
            message,
            "check one in, or push a file with `steadyline deployment push`",
        ));
    };
    flows::version(client, &flow.id, &id).await.map_err(|error| match error.status() {
        Some(404) => {
            let hint = format!("`steadyline flow versions {}` shows them", flow.id);
            Failure::new(Exit::Usage, format!("{} has no version {id}", flow.name), hint)
        }
        _ => target::failed(format!("version {id} of {} could not be looked up", flow.name), error),
    })
}

/// Its Archy YAML, as the platform exports it.
pub(crate) async fn exported(chosen: &Chosen, flow: &Flow, version: &str) -> Result<String, Failure> {
    let yaml = flow_jobs::export(&chosen.client, &flow.id, Some(version), PATIENCE).await;
    yaml.map_err(|error| {
        let doing = format!("version {version} of {} in {} could not be exported", flow.name, chosen.target.name);
        target::failed(doing, error)
    })
}
