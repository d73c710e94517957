//! What the server knows of a content: who asked for it, who approved it, and whether the gate is open.
//!
//! There is no way round it: who cannot ask the server does not deploy to production.

use api::{BudgetList, DeploymentList, DeploymentView, Exit, GateView};
use miette::Report;

use super::content::Content;
use crate::client::Server;
use crate::failure::Failure;

/// Where a server has them.
pub(super) const PATH: &str = "/api/v1/deployments";

/// The request for exactly this content and this target that waits or is approved.
pub(super) async fn find(server: &Server, target: &str, digest: &str) -> Result<Option<DeploymentView>, Report> {
    let list: DeploymentList = server.get(PATH).await?;
    let is_it = |one: &DeploymentView| one.target == target && one.digest == digest && one.state != "expired";
    Ok(list.deployments.into_iter().find(is_it))
}

/// It is approved, and the gate is open; or why not. `ask` is the command by which it is asked for and approved.
pub(crate) async fn required(server: &Server, target: &str, content: &Content, ask: &str) -> Result<(), Report> {
    let digest = content.digest();
    match find(server, target, &digest).await? {
        Some(known) if known.state == "approved" => {}
        Some(known) => {
            let message = format!("{} waits for a second person to approve it for {target}", told(&known));
            return Err(Failure::new(Exit::Held, message, format!("an approver runs {ask}")).into());
        }
        None => {
            let message = format!("nobody has approved this content for {target} (digest {digest})");
            return Err(Failure::new(Exit::Held, message, format!("ask for it by {ask}")).into());
        }
    }
    is_open(server, content).await
}

/// The request in words.
pub(super) fn told(request: &DeploymentView) -> String {
    format!("{} ({}, asked for by {})", request.id, request.flows.join(", "), request.asked_by)
}

/// The gate of those flows that have budgets. Flows without any have nothing that could be spent.
async fn is_open(server: &Server, content: &Content) -> Result<(), Report> {
    let budgets: BudgetList = server.get("/api/v1/budget").await?;
    let is_ours = |flow: &&str| content.flows.iter().any(|ours| plain(&ours.name) == plain(flow));
    let flows: Vec<&str> = budgets.flows.iter().map(|flow| flow.flow.as_str()).filter(is_ours).collect();
    if flows.is_empty() {
        return Ok(());
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(flows.iter().map(|flow| ("flow", flow)));
    let gate: GateView = server.get(&format!("/api/v1/gate?{}", query.finish())).await?;
    let flows = flows.join(", ");
    let (exit, message) = match gate.allowed {
        Some(true) => return Ok(()),
        Some(false) => (Exit::Blocked, format!("the gate is shut for {flows}: {}", gate.reasons.join("; "))),
        None => {
            (Exit::Unknown, format!("nobody knows whether the gate of {flows} is open: {}", gate.reasons.join("; ")))
        }
    };
    let hint = format!("`steadyline gate` says more; ask again after {:.0}", gate.recheck_after);
    Err(Failure::new(exit, message, hint).into())
}

/// The configuration may write a flow's name otherwise than the platform: `main-ivr` for `Main IVR`.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['-', '_', ' '], "")
}
