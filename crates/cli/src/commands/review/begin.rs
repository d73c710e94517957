//! `steadyline review init`: a first plan, from what an organisation has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use api::Exit;
use clap::Args;
use genesys::{Client, dependencies, flows, integrations, organisation};
use miette::Report;

use crate::failure::Failure;
use crate::settings::Global;
use crate::target::{self, failed};
use crate::{Ended, output};

/// More flows are named by whoever wants them.
const FLOWS_MAX: usize = 20;
/// What the index of dependencies calls a Data Action, in the one spelling or the other.
const DATA_ACTION: &str = "DATAACTION";

/// Writes a plan to stdout: flows, and the integrations that they use by the platform's own dependency tracking.
///
/// Nothing is changed; a login that may only look is enough.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  steadyline review init --target sandbox --flow 'Main IVR' > launch.yaml")]
pub(super) struct Init {
    /// The organisation, by its name under `review.targets`; else the one of the section `platform`.
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// A flow of the launch; may be repeated. All that are published unless something is named.
    #[arg(long, value_name = "NAME")]
    flow: Vec<String>,
}

pub(super) async fn run(init: &Init, global: &Global) -> Ended {
    let chosen = target::choose(init.target.as_deref(), global)?;
    let client = &chosen.client;
    let known = flows::list(client, None).await.map_err(|error| failed("its flows cannot be listed", error))?;
    let flows = wanted(init, &known)?;
    let integrations = used(client, &flows).await?;
    let licences = organisation::licences(client).await.unwrap_or_default();
    output::raw(plan(&chosen.target.name, &flows, &integrations, licences.keys()).as_bytes());
    Ok(Exit::Done)
}

fn wanted<'a>(init: &Init, known: &'a [flows::Flow]) -> Result<Vec<&'a flows::Flow>, Report> {
    let live = known.iter().filter(|flow| flow.published_version.is_some() && !flow.deleted);
    if init.flow.is_empty() {
        return Ok(live.take(FLOWS_MAX).collect());
    }
    let mut wanted = Vec::new();
    for name in &init.flow {
        let found = known.iter().find(|flow| flow.name == *name || flow.id == *name);
        wanted.push(found.ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|flow| flow.name.as_str()).take(FLOWS_MAX).collect();
            Failure::new(Exit::Usage, format!("there is no flow `{name}`"), format!("there are {}", names.join(", ")))
        })?);
    }
    Ok(wanted)
}

/// The integrations behind the Data Actions that flows use, each with one of those Data Actions.
async fn used(client: &Client, flows: &[&flows::Flow]) -> Result<BTreeMap<String, String>, Report> {
    let cannot = |error| failed("its integrations cannot be listed", error);
    let integrations_known = integrations::list(client).await.map_err(cannot)?;
    let actions = integrations::actions(client, None).await.map_err(cannot)?;
    let mut asked = BTreeSet::new();
    for flow in flows {
        let Some(version) = &flow.published_version else { continue };
        let kind = dependencies::object_type(&flow.kind);
        let used = dependencies::consumed(client, &flow.id, &version.id, &kind).await;
        let used = used.map_err(|error| failed(format!("what {} uses cannot be told", flow.name), error))?;
        // By their ids: the index calls them otherwise than the list of Data Actions does.
        asked.extend(used.into_iter().filter(|item| item.kind.ends_with(DATA_ACTION)).map(|item| item.id));
    }
    let mut used = BTreeMap::new();
    for action in actions.iter().filter(|action| asked.contains(&action.id)) {
        let integration = integrations_known.iter().find(|it| action.integration_id.as_ref() == Some(&it.id));
        if let Some(integration) = integration {
            used.entry(integration.name.clone()).or_insert_with(|| action.name.clone());
        }
    }
    Ok(used)
}

fn plan<'a>(
    target: &str,
    flows: &[&flows::Flow],
    integrations: &BTreeMap<String, String>,
    licences: impl Iterator<Item = &'a String>,
) -> String {
    let mut text = format!(
        "# What is to be launched, and what it is held to: `steadyline review PLAN --target {target}`.\n\
         name: My launch\n\
         # Who is told when it must not go ahead.\n\
         owner: architects\n\
         flows:\n"
    );
    for flow in flows {
        let _ = writeln!(text, "  - name: {}", quoted(&flow.name));
    }
    if !integrations.is_empty() {
        text.push_str("integrations:\n");
    }
    for (name, action) in integrations {
        let (name, action) = (quoted(name), quoted(action));
        let _ = writeln!(
            text,
            "  - name: {name}\n    # Carried out to see how fast it is: it must change nothing, and get the inputs that it needs."
        );
        let _ = writeln!(text, "    action: {action}\n    inputs: {{}}");
        text.push_str("    # Who mends what is behind it, and the objective that it is measured by.\n");
        text.push_str("    # owner: crm-team\n    # objective: crm-lookup\n");
    }
    text.push_str("# Calls once the launch is out, and those of them that are new.\n");
    text.push_str("load: { callsPerMinute: 10, addedPerMinute: 1, handleTime: 5m, patience: 8s }\n");
    let licences: Vec<&String> = licences.collect();
    if !licences.is_empty() {
        text.push_str("# How many of each licence were bought, and how many more the launch needs: remove what does not matter.\n");
        text.push_str("# licences:\n");
        for id in licences {
            let _ = writeln!(text, "#   {}: {{ bought: 0, added: 0 }}", quoted(id));
        }
    }
    text
}

/// A name as YAML takes it, whatever is in it: JSON is YAML.
fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}
