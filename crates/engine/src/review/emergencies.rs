//! What must be there when the region is lost.

use std::collections::BTreeSet;

use genesys::routes::EmergencyGroup;
use genesys::{flow_jobs, flows, routes, telephony, tokens};
use review::{Emergency, EmergencyFlow, Known, Number, Recovery};

use super::{Asking, JOB_TIME_MAX, gap};

type Learned = (Known<Vec<Emergency>>, Known<Vec<Number>>, Known<Option<bool>>);

pub(super) async fn learn(asking: &Asking<'_>) -> Learned {
    let Some(planned) = &asking.setup.launch.plan.recovery else { return (Ok(Vec::new()), Ok(Vec::new()), Ok(None)) };
    tokio::join!(
        asking.part("emergency groups", 1, groups(asking, planned)),
        asking.part("numbers", 1, numbers(asking, planned)),
        asking.part("backup credential", 1, backup(asking)),
    )
}

async fn groups(asking: &Asking<'_>, planned: &Recovery) -> Known<Vec<Emergency>> {
    let known = routes::emergency_groups(asking.client).await.map_err(|error| gap(&error))?;
    let all = flows::list(asking.client, None).await.map_err(|error| gap(&error))?;
    let mut learned = Vec::new();
    for group in known.iter().filter(|group| planned.groups.contains(&group.name)) {
        learned.push(emergency(asking, group, &all).await);
    }
    Ok(learned)
}

async fn emergency(asking: &Asking<'_>, group: &EmergencyGroup, all: &[flows::Flow]) -> Emergency {
    let led: BTreeSet<&str> =
        group.emergency_call_flows.iter().flat_map(|flow| &flow.ivrs).map(|ivr| ivr.id.as_str()).collect();
    let mut to = Vec::new();
    for named in group.emergency_call_flows.iter().filter_map(|flow| flow.emergency_flow.as_ref()) {
        let flow = all.iter().find(|flow| flow.id == named.id);
        let version = flow.and_then(|flow| flow.published_version.as_ref());
        let id = version.map(|version| version.id.as_str());
        let text = flow_jobs::export(asking.client, &named.id, id, JOB_TIME_MAX).await;
        to.push(EmergencyFlow {
            name: flow.map_or_else(|| named.name.clone(), |flow| flow.name.clone()),
            is_published: version.is_some(),
            text: text.map_err(|error| gap(&error)),
        });
    }
    Emergency { name: group.name.clone(), is_on: group.enabled, routes: led.len(), flows: to }
}

async fn numbers(asking: &Asking<'_>, planned: &Recovery) -> Known<Vec<Number>> {
    if planned.numbers.is_empty() {
        return Ok(Vec::new());
    }
    let known = telephony::dids(asking.client).await.map_err(|error| gap(&error))?;
    let one = |number: &String| {
        let found = known.iter().find(|did| did.number == *number);
        let is_assigned = found.is_some_and(|did| did.assigned);
        Number { number: number.clone(), exists: found.is_some(), is_assigned }
    };
    Ok(planned.numbers.iter().map(one).collect())
}

async fn backup(asking: &Asking<'_>) -> Known<Option<bool>> {
    let Some(backup) = &asking.setup.backup else { return Ok(None) };
    match tokens::me(backup).await {
        Ok(_) => Ok(Some(true)),
        Err(genesys::Error::Login { status: Some(_), .. }) => Ok(Some(false)),
        Err(error) => Err(gap(&error)),
    }
}
