//! `steadyline integration check`: is an integration up, and does what is behind it answer in time?
//!
//! Time counts as much as the status: an answer that comes too late is none for the caller who waits.

use std::collections::BTreeMap;
use std::time::Duration;

use api::Exit;
use clap::Args;
use config::{Platform, SAMPLES, SAMPLES_MAX, SLA};
use genesys::integrations::{self, Integration};
use genesys::{Client, Error};
use miette::Report;
use serde_json::{Value, json};

use super::asked::{self, Answer, Asked};
use super::measured::{self, Sample};
use crate::commands::flow::like;
use crate::failure::Failure;
use crate::settings::{Format, Global};
use crate::target::{self, Chosen};
use crate::{Ended, block_on, output, platform};

/// Requests a minute while it is asked, so that no question waits for our own budget and is measured with that.
const REQUESTS: u32 = 240;
/// How long an address may take; the platform gives no Data Action longer.
const TIMEOUT_MAX: Duration = Duration::from_secs(60);
/// An address that takes longer than the SLA is waited for a little more, to see by how much.
const TIMES_SLA: u32 = 2;

/// Asks an integration for its health, and how long the answers take.
///
/// It must be active, and one of its Data Actions, or an address behind it, must answer within the SLA. Without `--action`
/// or `--url` it is asked as `review.integrations` says, else by a Data Action that only reads. Ends with 1 when it is not
/// healthy, also for answers that are right and late; with 3 when it could not be judged.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  steadyline integration check --integration-id crm-integration
  steadyline integration check --integration-id crm-integration --action 'CRM Lookup' --input ani=+15550100
  steadyline integration check --integration-id crm-integration --url https://crm.example.com/status --sla 2s")]
pub(crate) struct Check {
    /// The integration, by its id or name.
    #[arg(long, value_name = "INTEGRATION")]
    integration_id: String,
    #[command(flatten)]
    target: target::Which,
    /// The Data Action that is executed, by its id or name.
    #[arg(long, value_name = "NAME", conflicts_with = "url")]
    action: Option<String>,
    /// An input of the Data Action; may be repeated.
    #[arg(long = "input", value_name = "KEY=VALUE", value_parser = input)]
    inputs: Vec<(String, String)>,
    /// An address that is asked from the platform's own network instead.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// How often it is asked. Default 5.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(SAMPLES_MAX)))]
    samples: Option<u16>,
    /// The longest that 95 of 100 answers may take. Default 4s.
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    sla: Option<Duration>,
}

/// What came of it.
struct Judged {
    state: Option<String>,
    asked: Option<Asked>,
    samples: Vec<Sample>,
    sla: Duration,
    /// Why it is not healthy.
    bad: Vec<String>,
    /// Why it is not known.
    unknown: Vec<String>,
}

/// Asks, measures and judges.
pub(crate) fn run(args: &Check, global: &Global) -> Ended {
    block_on(check(args, global))
}

fn input(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("write it as name=value")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn length(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no length of time: write 4s, 800ms or PT4S");
    let span: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(span).ok().filter(|span| !span.is_zero()).ok_or_else(wrong)
}

async fn check(args: &Check, global: &Global) -> Ended {
    let Chosen { config, target, client } = target::choose(args.target.target.as_deref(), global)?;
    let requests_per_minute = target.platform.requests_per_minute.max(REQUESTS);
    let hurried = Platform { requests_per_minute, ..target.platform.clone() };
    let client = platform::client(&hurried, client.clock().clone())?;
    let integration = find(&client, &args.integration_id, &target.name).await?;
    let is_it = |health: &&config::Health| health.name == integration.name || health.name == integration.id;
    let written = config.review.integrations.iter().find(is_it);
    let judged = judge(&client, &integration, args, written).await?;
    let exit = judged.exit();
    match global.format {
        Format::Json => output::json(&judged.document(&integration, &target.name)),
        Format::Text => judged.tell(&integration, &target.name),
    }
    Ok(exit)
}

/// The integration of this id or name.
async fn find(client: &Client, wanted: &str, target: &str) -> Result<Integration, Failure> {
    let doing = || format!("the integration `{wanted}` could not be looked up in {target}");
    let all = integrations::list(client).await.map_err(|error| target::failed(doing(), error))?;
    let found: Vec<&Integration> = all.iter().filter(|one| one.id == wanted || one.name == wanted).collect();
    match found[..] {
        [one] => Ok(one.clone()),
        [] => {
            let near = like(wanted, all.iter().map(|one| one.name.as_str()));
            let hint = if near.is_empty() {
                "`steadyline doctor` says whether the OAuth client sees the integrations".to_owned()
            } else {
                format!("did you mean {}?", near.join(" or "))
            };
            Err(Failure::new(Exit::Usage, format!("there is no integration `{wanted}` in {target}"), hint))
        }
        _ => {
            let ids: Vec<&str> = found.iter().map(|one| one.id.as_str()).collect();
            let message = format!("{} integrations are called `{wanted}` in {target}", found.len());
            Err(Failure::new(Exit::Usage, message, format!("name one by its id: {}", ids.join(", "))))
        }
    }
}

async fn judge(
    client: &Client,
    integration: &Integration,
    args: &Check,
    written: Option<&config::Health>,
) -> Result<Judged, Report> {
    let sla = args.sla.or(written.map(|health| health.sla)).unwrap_or(SLA);
    let count = args.samples.or(written.map(|health| health.samples)).unwrap_or(SAMPLES);
    let state = integration.reported_state.as_ref().and_then(|state| state.code.clone());
    let mut judged = Judged { state, asked: None, samples: Vec::new(), sla, bad: Vec::new(), unknown: Vec::new() };
    match judged.state.as_deref() {
        Some("ACTIVE") => {}
        Some(state) => {
            // All of its Data Actions fail meanwhile: there is nothing to measure.
            judged.bad.push(format!("it is {state}, and callers need it ACTIVE"));
            return Ok(judged);
        }
        None => judged.unknown.push("the platform does not tell its state".to_owned()),
    }
    let asked = way(client, integration, args, written).await?;
    for _ in 0..count {
        judged.samples.push(once(client, integration, &asked, sla).await?);
    }
    judged.asked = Some(asked);
    judged.weigh();
    Ok(judged)
}

/// What the command line says, else what is written down, else what can do no harm.
async fn way(
    client: &Client,
    integration: &Integration,
    args: &Check,
    written: Option<&config::Health>,
) -> Result<Asked, Failure> {
    let mut inputs: BTreeMap<String, String> = written.map(|health| health.inputs.clone()).unwrap_or_default();
    inputs.extend(args.inputs.iter().cloned());
    let (action, url) = match (&args.action, &args.url) {
        (None, None) => written.map_or((None, None), |health| (health.action.as_ref(), health.url.as_ref())),
        (action, url) => (action.as_ref(), url.as_ref()),
    };
    match (action, url) {
        (Some(action), _) => asked::action(client, integration, action, &inputs).await,
        (None, Some(url)) => Ok(Asked::Url(url.clone())),
        (None, None) => asked::harmless(client, integration, &inputs).await,
    }
}

async fn once(client: &Client, integration: &Integration, asked: &Asked, sla: Duration) -> Result<Sample, Failure> {
    let began = client.clock().mono();
    let (answer, took) = match asked {
        Asked::Action { id, inputs, .. } => {
            let executed = integrations::execute(client, id, inputs).await;
            let took = client.clock().mono().since(began);
            (executed.map(|_| Answer::Status(200)).or_else(answered), took)
        }
        Asked::Url(url) => {
            let patience = sla.saturating_mul(TIMES_SLA).min(TIMEOUT_MAX);
            match integrations::probe(client, &integration.id, "GET", url, patience).await {
                Ok(probed) => {
                    let status = probed.tested.status();
                    (Ok(status.map_or(Answer::Unreached, Answer::Status)), probed.took)
                }
                Err(error) => (answered(error), client.clock().mono().since(began)),
            }
        }
    };
    let answer = answer.map_err(|error| target::failed(format!("{} could not be asked", integration.name), error))?;
    Ok(Sample { answer, took })
}

/// What an error says of what is behind the platform; one that says something of ourselves stays an error.
fn answered(error: Error) -> Result<Answer, Error> {
    match &error {
        Error::Api(said) if said.status == 401 || !said.missing_permissions.is_empty() => Err(error),
        Error::Api(said) if matches!(said.status, 408 | 504) => Ok(Answer::TimedOut),
        Error::Api(said) => Ok(Answer::Status(said.status)),
        Error::Login { status: Some(400..=499), .. } => Err(error),
        _ => Ok(Answer::Unknown(error)),
    }
}

impl Judged {
    fn weigh(&mut self) {
        let total = self.samples.len();
        let failed = self.samples.iter().filter(|sample| sample.is_good() == Some(false)).count();
        if failed > 0 {
            self.bad.push(format!("{failed} of {total} answers were not good: {}", measured::counted(&self.samples)));
        }
        if let Some(latency) = measured::latency(&self.samples).filter(|latency| self.sla < latency.p95) {
            let (p95, sla) = (latency.p95.as_millis(), self.sla.as_millis());
            self.bad.push(format!("95 of 100 answers take up to {p95} ms, and the SLA is {sla} ms"));
        }
        let why = self.samples.iter().find_map(|sample| match &sample.answer {
            Answer::Unknown(error) => Some(format!("{error}. {}", error.hint())),
            Answer::Status(_) | Answer::TimedOut | Answer::Unreached => None,
        });
        self.unknown.extend(why);
    }

    fn exit(&self) -> Exit {
        match (self.bad.is_empty(), self.unknown.is_empty()) {
            (false, _) => Exit::Blocked,
            (true, false) => Exit::Unknown,
            (true, true) => Exit::Done,
        }
    }

    fn document(&self, integration: &Integration, target: &str) -> Value {
        let healthy = match self.exit() {
            Exit::Done => Some(true),
            Exit::Blocked => Some(false),
            _ => None,
        };
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let latency = measured::latency(&self.samples);
        let asked = self.asked.as_ref().map(|asked| match asked {
            Asked::Action { name, .. } => json!({ "action": name }),
            Asked::Url(url) => json!({ "url": url }),
        });
        let sample = |sample: &Sample| json!({ "answer": sample.word(), "latencyMs": ms(sample.took) });
        json!({
            "integration": { "id": integration.id, "name": integration.name }, "target": target, "state": self.state,
            "asked": asked, "samples": self.samples.iter().map(sample).collect::<Vec<_>>(),
            "p50Ms": latency.map(|latency| ms(latency.p50)), "p95Ms": latency.map(|latency| ms(latency.p95)),
            "maxMs": latency.map(|latency| ms(latency.max)), "slaMs": ms(self.sla), "healthy": healthy,
            "reasons": self.bad.iter().chain(&self.unknown).collect::<Vec<_>>(),
        })
    }

    fn tell(&self, integration: &Integration, target: &str) {
        let verdict = match self.exit() {
            Exit::Done => "healthy",
            Exit::Blocked => "not healthy",
            _ => "not judged",
        };
        output::line(format_args!("{} in {target}: {verdict}", integration.name));
        output::line(format_args!("  state    {}", self.state.as_deref().unwrap_or("unknown")));
        let what = match &self.asked {
            Some(Asked::Action { name, .. }) => name.clone(),
            Some(Asked::Url(url)) => format!("{url}, from the platform's network"),
            None => String::new(),
        };
        if !self.samples.is_empty() {
            output::line(format_args!("  asked    {what}"));
            output::line(format_args!("  answers  {}", measured::counted(&self.samples)));
        }
        if let Some(latency) = measured::latency(&self.samples) {
            let (p50, p95, max) = (latency.p50.as_millis(), latency.p95.as_millis(), latency.max.as_millis());
            let sla = self.sla.as_millis();
            output::line(format_args!("  latency  p50 {p50} ms, p95 {p95} ms, max {max} ms; SLA {sla} ms"));
        }
        for reason in self.bad.iter().chain(&self.unknown) {
            output::line(format_args!("  {reason}"));
        }
    }
}
