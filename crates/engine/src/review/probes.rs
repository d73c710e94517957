//! Integrations: whether they are on, and how fast they answer.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use genesys::integrations::{self, Action, Integration};
use genesys::{Client, Error};
use review::{Gap, Known, Probe, Sample};

use super::path::Looking;
use super::{Asking, Organisation, gap};

/// The longest that one try may take: the platform's own limit of a Data Action, and a little.
const TRY_TIME_MAX: Duration = Duration::from_secs(65);

/// So many tries of one integration are on their way at the same time.
const IN_FLIGHT_MAX: usize = 4;

/// The plan's integrations, and every Data Action.
pub(super) async fn integrations(asking: &Asking<'_>) -> Known<(Vec<review::Integration>, Vec<review::Action>)> {
    let (known, actions) = tokio::join!(integrations::list(asking.client), integrations::actions(asking.client, None));
    let (known, actions) = (known.map_err(|error| gap(&error))?, actions.map_err(|error| gap(&error))?);
    let planned = asking.setup.launch.plan.integrations.iter().map(|planned| {
        let found = known.iter().find(|it| it.name == planned.name);
        let state = found.and_then(|it| it.reported_state.as_ref()).and_then(|state| state.code.clone());
        review::Integration { name: planned.name.clone(), exists: found.is_some(), state }
    });
    let planned = planned.collect();
    let actions = actions.iter().map(|action| review::Action {
        name: action.name.clone(),
        integration: known.iter().find(|it| action.integration_id.as_ref() == Some(&it.id)).map(|it| it.name.clone()),
        timeout: action.timeout(),
    });
    Ok((planned, actions.collect()))
}

/// How fast the plan's integrations answer, in both organisations.
pub(super) async fn learn(asking: &Asking<'_>) -> Vec<Probe> {
    let setup = asking.setup;
    let steps = setup.launch.plan.integrations.len() * setup.launch.samples as usize;
    let steps = steps * (1 + usize::from(setup.other.is_some()));
    let done = std::sync::atomic::AtomicUsize::new(0);
    let step = || {
        let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        asking.tell("probes", (done, steps), None);
    };
    let organisations = [Some(&setup.target), setup.other.as_ref()].into_iter().flatten();
    let of = organisations.map(|organisation| in_organisation(asking, organisation, &step));
    let mut probes: Vec<Probe> = futures_util::future::join_all(of).await.into_iter().flatten().collect();
    // Both views of one integration stand beside each other.
    let order: BTreeMap<&str, usize> =
        setup.launch.plan.integrations.iter().enumerate().map(|(place, it)| (it.name.as_str(), place)).collect();
    probes.sort_by_key(|probe| order.get(probe.integration.as_str()).copied());
    probes
}

async fn in_organisation(asking: &Asking<'_>, organisation: &Organisation, step: &(impl Fn() + Sync)) -> Vec<Probe> {
    let planned = &asking.setup.launch.plan.integrations;
    if planned.is_empty() {
        return Vec::new();
    }
    let client = &organisation.client;
    let known = tokio::try_join!(integrations::list(client), integrations::actions(client, None));
    let looking = Looking::new(&asking.setup.clock);
    let one = async |name: &str| {
        let (samples, path) = match &known {
            Ok((integrations, actions)) => match question(asking, organisation, name, integrations, actions) {
                Ok(action) => {
                    let looked = async { looking.as_ref()?.to(action).await };
                    tokio::join!(tries(asking, client, name, action, step), looked)
                }
                Err(gap) => (Err(gap), None),
            },
            Err(error) => (Err(gap(error)), None),
        };
        Probe { integration: name.to_owned(), vantage: organisation.name.clone(), samples, path }
    };
    futures_util::future::join_all(planned.iter().map(|it| one(&it.name))).await
}

/// The Data Action to carry out: the one that the plan names, else the first, but never one that nobody has named where
/// callers may feel it.
fn question<'a>(
    asking: &Asking<'_>,
    organisation: &Organisation,
    name: &str,
    known: &[Integration],
    actions: &'a [Action],
) -> Known<&'a Action> {
    let missing = |why: String, fix: &str| Gap { why, fix: fix.to_owned() };
    let Some(integration) = known.iter().find(|it| it.name == name) else {
        let why = format!("{} has no integration of this name", organisation.name);
        return Err(missing(why, "correct its name in the plan"));
    };
    let named = asking.setup.launch.questions.get(name).and_then(|question| question.action.as_ref());
    if named.is_none() && organisation.is_production {
        let why = "nothing is carried out in production that the plan does not name".to_owned();
        return Err(missing(why, "name a Data Action that changes nothing, under `action`"));
    }
    let mut own = actions.iter().filter(|action| action.integration_id.as_ref() == Some(&integration.id));
    let found = own.find(|action| named.is_none_or(|named| action.name == *named));
    found.ok_or_else(|| {
        let what = named.map_or_else(|| "any Data Action".to_owned(), |named| format!("a Data Action `{named}`"));
        missing(format!("it does not have {what} in {}", organisation.name), "name one of its own under `action`")
    })
}

async fn tries(
    asking: &Asking<'_>,
    client: &Client,
    name: &str,
    action: &Action,
    step: &impl Fn(),
) -> Known<Vec<Sample>> {
    let launch = asking.setup.launch;
    let inputs = launch.questions.get(name).map(|question| question.inputs.clone()).unwrap_or_default();
    let (clock, began) = (&asking.setup.clock, asking.setup.clock.mono());
    let inputs = &inputs;
    let tried = (0..launch.samples).map(|number| async move {
        // Each begins at its own time, whether the one before has ended or not: whoever waits for slow answers asks
        // less often while it is slow, and sees less of it.
        clock.sleep((began + launch.pace * number).since(clock.mono())).await;
        let tried = clock.timeout(TRY_TIME_MAX, integrations::execute_timed(client, &action.id, inputs)).await;
        step();
        match tried {
            None => Ok(Sample { took: TRY_TIME_MAX, failed: Some("no answer".to_owned()) }),
            Some((Ok(_), took)) => Ok(Sample { took, failed: None }),
            // Whoever may not ask, or asks too often, learns nothing of the integration.
            Some((Err(error), _)) if is_about_us(&error) => Err(gap(&error)),
            Some((Err(error), took)) => Ok(Sample { took, failed: Some(error.to_string()) }),
        }
    });
    futures_util::stream::iter(tried).buffered(IN_FLIGHT_MAX).try_collect().await
}

fn is_about_us(error: &Error) -> bool {
    match error {
        Error::Api(error) => matches!(error.status, 401 | 403),
        Error::Login { .. } | Error::OutOfBudget(_) => true,
        _ => false,
    }
}
