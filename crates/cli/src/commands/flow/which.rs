//! The flow that is meant, in the organisation that is meant.

use std::cmp::Reverse;

use api::Exit;
use clap::Args;
use genesys::Client;
use genesys::flows::{self, Flow};
use miette::Report;

use crate::failure::Failure;
use crate::settings::Global;
use crate::target::{self, Chosen};

/// The most names that a hint offers.
const OFFERED_MAX: usize = 3;
/// Names that share less than this are not alike.
const LIKE_MIN: f64 = 0.5;

/// A flow of an organisation.
#[derive(Debug, Clone, Args)]
pub(crate) struct WhichFlow {
    /// The flow, by its id or name.
    #[arg(value_name = "FLOW", required_unless_present = "flow_id", conflicts_with = "flow_id")]
    flow: Option<String>,
    /// The same, as guides write it.
    #[arg(long, value_name = "FLOW")]
    flow_id: Option<String>,
    #[command(flatten)]
    target: target::Which,
}

impl WhichFlow {
    /// Chooses the organisation and finds the flow in it.
    pub(super) async fn find(&self, global: &Global) -> Result<(Chosen, Flow), Report> {
        let chosen = target::choose(self.target.target.as_deref(), global)?;
        let wanted = self.flow.as_deref().or(self.flow_id.as_deref()).unwrap_or_default();
        let flow = find(&chosen.client, wanted, &chosen.target.name).await?;
        Ok((chosen, flow))
    }
}

/// The flow of this id or name; what is deleted is not there.
pub(crate) async fn find(client: &Client, wanted: &str, target: &str) -> Result<Flow, Failure> {
    let doing = || format!("the flow `{wanted}` could not be looked up in {target}");
    let mut all = flows::list(client, None).await.map_err(|error| target::failed(doing(), error))?;
    all.retain(|flow| !flow.deleted);
    let mut found: Vec<&Flow> = all.iter().filter(|flow| flow.id.eq_ignore_ascii_case(wanted)).collect();
    if found.is_empty() {
        found = all.iter().filter(|flow| flow.name == wanted).collect();
    }
    match found[..] {
        [flow] => Ok(flow.clone()),
        [] => Err(unknown(wanted, target, &all)),
        _ => {
            let ids: Vec<String> = found.iter().map(|flow| format!("{} ({})", flow.id, flow.kind)).collect();
            let message = format!("{} flows are called `{wanted}` in {target}", found.len());
            Err(Failure::new(Exit::Usage, message, format!("name one by its id: {}", ids.join(", "))))
        }
    }
}

fn unknown(wanted: &str, target: &str, all: &[Flow]) -> Failure {
    let message = format!("there is no flow `{wanted}` in {target}");
    let near = like(wanted, all.iter().map(|flow| flow.name.as_str()));
    let hint = if near.is_empty() {
        "`steadyline doctor` says whether the OAuth client sees the flows of its organisation".to_owned()
    } else {
        format!("did you mean {}?", near.join(" or "))
    };
    Failure::new(Exit::Usage, message, hint)
}

/// Names that may have been meant, the likeliest first.
pub(crate) fn like<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let plain = |name: &str| name.to_lowercase().replace(['-', '_', ' '], "");
    let wanted = plain(wanted);
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(&plain(name), &wanted);
    // Per mille, so that they can be put in order.
    let ranked = known.map(|name| ((likeness(name) * 1_000.0) as u32, name));
    let mut near: Vec<(u32, &str)> = ranked.filter(|(rank, _)| (LIKE_MIN * 1_000.0) as u32 <= *rank).collect();
    near.sort_by_key(|(rank, name)| (Reverse(*rank), *name));
    near.dedup();
    near.iter().take(OFFERED_MAX).map(|(_, name)| format!("`{name}`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_offered_and_nothing_else() {
        let known = || ["Main IVR", "Main IVR 2", "Billing", "Callback"].into_iter();
        assert_eq!(like("main-ivr", known()), ["`Main IVR`", "`Main IVR 2`"]);
        assert_eq!(like("biling", known()), ["`Billing`"]);
        assert!(like("zzz", known()).is_empty());
    }
}
