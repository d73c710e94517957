//! What is deployed: the flows in some files, as they will be sent, or a version that an organisation has already; and one
//! digest over all of them.

use std::path::{Path, PathBuf};

use api::Exit;
use clap::Args;
use flow::chart::{Chart, FlowKind};
use genesys::flows::Flow;
use miette::Report;
use sha2::{Digest as _, Sha256};

use crate::commands::flow::files::{self, Content as Holds, Input};
use crate::failure::Failure;

/// The folder that is deployed unless another is named.
const FOLDER: &str = "flows";

/// Which files.
#[derive(Debug, Clone, Args)]
pub(super) struct Files {
    /// Files and folders with flows as Archy YAML; else the folder `flows`.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// A value for a template parameter.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = files::substitution)]
    set: Vec<(String, String)>,
}

/// What is deployed.
pub(crate) struct Content {
    /// The files, as they were read.
    pub(super) inputs: Vec<Input>,
    /// The flows in them, by type and name.
    pub(super) flows: Vec<Artifact>,
    /// Files with Data Actions and others, which are not deployed.
    pub(super) others: Vec<String>,
}

/// One flow.
pub(super) struct Artifact {
    /// Its file.
    pub(super) file: String,
    /// Its name.
    pub(super) name: String,
    /// Its type as the platform writes it.
    pub(super) kind: String,
    /// What is sent.
    pub(super) yaml: String,
}

impl Files {
    /// Reads them.
    pub(super) fn read(&self) -> Result<Content, Report> {
        let paths = match &self.paths[..] {
            [] if !Path::new(FOLDER).is_dir() => {
                let hint = "name the files or the folder with the flows";
                return Err(Failure::new(Exit::Usage, format!("there is no folder `{FOLDER}` here"), hint).into());
            }
            [] => vec![PathBuf::from(FOLDER)],
            paths => paths.to_vec(),
        };
        let substitutions = files::substitutions(&self.set);
        let inputs = files::read(&paths, &substitutions)?.list;
        let (mut flows, mut others): (Vec<Artifact>, Vec<String>) = (Vec::new(), Vec::new());
        for input in &inputs {
            match &input.content {
                Holds::Flow(chart) => flows.push(artifact(input, chart, substitutions.fill(&input.text))?),
                Holds::Action | Holds::RetryPolicy => others.push(input.name.clone()),
                // The lint tells what is wrong with it.
                Holds::Unreadable(_) => {}
            }
        }
        flows.sort_by(|one, other| (&one.kind, &one.name).cmp(&(&other.kind, &other.name)));
        if let Some(pair) =
            flows.windows(2).find(|pair| (&pair[0].kind, &pair[0].name) == (&pair[1].kind, &pair[1].name))
        {
            let message = format!("{} and {} hold the same flow, {}", pair[0].file, pair[1].file, pair[0].name);
            return Err(Failure::new(Exit::Usage, message, "remove one of the two").into());
        }
        if inputs.iter().all(|input| matches!(input.content, Holds::Action | Holds::RetryPolicy)) {
            let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            let message = format!("there is no flow in {}", names.join(", "));
            return Err(
                Failure::new(Exit::Usage, message, "name files with Archy YAML, or a folder that holds some").into()
            );
        }
        Ok(Content { inputs, flows, others })
    }
}

fn artifact(
    input: &Input,
    chart: &Chart,
    (yaml, missing): (String, Vec<(String, flow::Place)>),
) -> Result<Artifact, Failure> {
    let file = &input.name;
    let refused = |message: String, hint: String| Err(Failure::new(Exit::Usage, message, hint));
    let top = format!("{}:", chart.kind.key());
    if !yaml.lines().any(|line| line.trim_end() == top) {
        let hint = "export the flow as YAML (Archy, or Architect's export as YAML) and push that".to_owned();
        return refused(format!("{file} is an export of Architect, which cannot be pushed"), hint);
    }
    if let Some((name, place)) = missing.first() {
        let message = format!("{file}:{}:{}: the template parameter `{name}` has no value", place.line, place.column);
        return refused(message, format!("give it with `--set {name}=…`"));
    }
    if chart.name.is_empty() {
        return refused(format!("{file}: the flow has no name"), format!("write `name` under `{top}`"));
    }
    Ok(Artifact { file: file.clone(), name: chart.name.clone(), kind: kind(&chart.kind), yaml })
}

/// The type as the platform writes it: `INBOUNDCALL` for `inboundCall`.
fn kind(kind: &FlowKind) -> String {
    let key = kind.key();
    key.strip_suffix("Flow").unwrap_or(key).to_ascii_uppercase()
}

impl Content {
    /// A version that the organisation has already, as the platform exports it.
    pub(crate) fn of_version(flow: &Flow, version: &str, yaml: String) -> Self {
        let file = format!("version {version} of {}", flow.name);
        let input = Input::of_text(file.clone(), yaml.clone());
        // What the lint does not read is for the second person to judge.
        let inputs = if input.is_other() { Vec::new() } else { vec![input] };
        let flows = vec![Artifact { file, name: flow.name.clone(), kind: flow.kind.clone(), yaml }];
        Self { inputs, flows, others: Vec::new() }
    }

    /// SHA-256 over all flows, whatever the files are called and wherever they lie.
    pub(super) fn digest(&self) -> String {
        let mut all = Sha256::new();
        for Artifact { kind, name, yaml, .. } in &self.flows {
            // Each part by its length, so that no two contents read the same.
            for part in [kind, name, yaml] {
                all.update(part.len().to_be_bytes());
                all.update(part.as_bytes());
            }
        }
        all.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(flows: &[(&str, &str)]) -> Content {
        let artifact = |(name, yaml): &(&str, &str)| Artifact {
            file: "f.yaml".into(),
            name: (*name).into(),
            kind: "INBOUNDCALL".into(),
            yaml: (*yaml).into(),
        };
        Content { inputs: Vec::new(), flows: flows.iter().map(artifact).collect(), others: Vec::new() }
    }

    #[test]
    fn a_digest_changes_with_every_byte_and_with_what_belongs_to_what() {
        let digest = |flows: &[(&str, &str)]| content(flows).digest();
        assert_eq!(digest(&[("a", "x")]), digest(&[("a", "x")]));
        assert_eq!(digest(&[("a", "x")]).len(), 64);
        let different =
            [&[("a", "x")][..], &[("a", "y")], &[("ax", "")], &[("a", "x"), ("b", "")], &[("a", ""), ("b", "x")]];
        for (place, one) in different.iter().enumerate() {
            assert!(different.iter().skip(place + 1).all(|other| digest(one) != digest(other)), "{place}");
        }
    }

    #[test]
    fn types_are_written_as_the_platform_does() {
        for (key, expected) in [("inboundCall", "INBOUNDCALL"), ("botFlow", "BOT"), ("workflow", "WORKFLOW")] {
            assert_eq!(kind(&FlowKind::of(key)), expected);
        }
    }
}
