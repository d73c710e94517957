//! An organisation that is reviewed: a scenario, a plan, and what happens before the review.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http;
use clock::Clock;
use engine::review::{Evidence, Organisation, Setup, learn};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use genesys::budget::Policy;
use genesys::{Client, Connection, Credential, Hosts, Transport};
use review::{Gate, Known, Objective, Review, Verdict};
use secrecy::SecretString;
use twin::scenario::Scenario;
use twin::{DEFAULT_CLIENT, Twin, TwinHandle};

use crate::FIRST;

/// The plan that everything is held to, unless a case changes it.
pub(super) const PLAN: &str = r#"
name: Launch
owner: architects
flows: [{ name: Main IVR }]
integrations:
  - { name: CRM, action: CRM Lookup, inputs: { ani: "+13175550100" }, owner: crm-team, objective: crm-lookup }
load: { callsPerMinute: 20, addedPerMinute: 2, handleTime: 4m, patience: 8s }
probes: { samples: 20, pace: 100ms }
licences: { cloudCX3: { bought: 1000, added: 2 } }
objectives: [crm-lookup]
recovery: { groups: [Evacuation], numbers: ["+18005550100"] }
compare: production
sessions: 1h
"#;

/// The organisations, unless a case changes them: a sandbox, and the production that it is compared with.
pub(super) const SCENARIO: &str = r#"
name: review
organisations:
  - &sandbox
    name: Acme Sandbox
    clients:
      - { id: twin-backup, secret: twin-secret, permissions: ["*:*:*"] }
      - { id: looker, secret: twin-secret, permissions: ["*:*:view"] }
      - { id: stranger, secret: twin-secret, permissions: ["routing:queue:view"] }
    flows: [{ file: emergency.yaml }, { file: main.yaml }]
    actions:
      - category: CRM
        file: lookup.custom.json
        simulate:
          latency: [80ms, 400ms]
          outputs: { customerName: Ada, accountTier: standard, customerId: c-1, dataActionFailed: false }
    documents:
      emergencyGroups:
        - name: Evacuation
          emergencyCallFlows: [{ emergencyFlow: { $flow: Emergency }, ivrs: [{ $ivr: Main line }] }]
  - <<: *sandbox
    name: Acme Production
    region: us-west-2
"#;

/// The Data Actions of both.
pub(super) const ACTIONS: &str = r"    actions:
      - category: CRM
        file: lookup.custom.json
        simulate:
          latency: [80ms, 400ms]
          outputs: { customerName: Ada, accountTier: standard, customerId: c-1, dataActionFailed: false }
";

/// A flow that asks nobody.
const EMERGENCY: &str = r#"
inboundCall:
  name: Emergency
  division: Home
  startUpRef: "/inboundCall/tasks/task[Lead_10]"
  defaultLanguage: en-us
  supportedLanguages: { en-us: { defaultLanguageSkill: { noValue: true }, textToSpeech: { defaultEngine: { defaultVoice: true } } } }
  initialGreeting: { tts: We are having trouble and will be with you soon. }
  settingsErrorHandling: { errorHandling: { queue: { targetQueue: { lit: { name: Support } } } } }
  tasks:
    - task:
        name: Lead
        refId: Lead_10
        actions:
          - transferToAcd:
              name: To Support
              targetQueue: { lit: { name: Support } }
              priority: { lit: 0 }
              preTransferAudio: { tts: We are connecting you. }
              failureTransferAudio: { tts: All lines are busy. }
              outputs:
                failure:
                  actions:
                    - disconnect: { name: Nobody is there }
"#;

/// An organisation and how it is reviewed.
pub(super) struct House {
    pub(super) plan: String,
    pub(super) scenario: String,
    /// Files beside the scenario, by name.
    pub(super) files: BTreeMap<&'static str, String>,
    /// As which OAuth client.
    pub(super) client: (&'static str, &'static str),
    pub(super) backup: Option<(&'static str, &'static str)>,
    pub(super) gates: Known<Vec<Gate>>,
    pub(super) objectives: Known<Vec<Objective>>,
    /// What is done before the review, and how long ago.
    pub(super) before: Before,
    /// Whether anybody answers at all.
    pub(super) is_away: bool,
}

/// What is done before a review.
pub(super) type Before = fn(&TwinHandle, Client) -> BoxFuture<'static, Duration>;

/// An organisation with one fault.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) house: House,
    pub(super) expected: Verdict,
    /// The check that must find it ...
    pub(super) check: &'static str,
    /// ... and a part of what it says.
    pub(super) about: &'static str,
}

/// The organisations of a house, while they are there.
pub(super) struct Opened {
    pub(super) clock: Clock,
    pub(super) twins: Vec<Arc<TwinHandle>>,
}

impl Opened {
    pub(super) async fn close(self) {
        for twin in self.twins {
            if let Ok(twin) = Arc::try_unwrap(twin) {
                twin.shutdown().await;
            }
        }
    }
}

/// Requests that lead straight into a twin; into nothing where there is none.
struct Line(Option<Arc<TwinHandle>>);

impl Transport for Line {
    fn carry(&self, request: reqwest::Request) -> BoxFuture<'_, Result<reqwest::Response, String>> {
        async move {
            let Some(twin) = &self.0 else { return Err("connection refused".to_owned()) };
            let query = request.url().query().map(|query| format!("?{query}")).unwrap_or_default();
            let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec();
            let mut letter = http::Request::new(Body::from(body));
            *letter.method_mut() = request.method().clone();
            *letter.uri_mut() = format!("{}{query}", request.url().path()).parse().unwrap();
            *letter.headers_mut() = request.headers().clone();
            let (parts, body) = twin.answer(letter).await.map_err(|error| error.to_string())?.into_parts();
            let body = to_bytes(body, usize::MAX).await.map_err(|error| error.to_string())?;
            Ok(http::Response::from_parts(parts, body.to_vec()).into())
        }
        .boxed()
    }
}

impl House {
    pub(super) fn new() -> Self {
        let open = Gate { of: "crm-lookup".to_owned(), is_allowed: Some(true), reasons: Vec::new() };
        let defined = Objective { id: "crm-lookup".to_owned(), owner: None, has_alerts: true };
        Self {
            plan: PLAN.to_owned(),
            scenario: SCENARIO.to_owned(),
            files: [
                ("main.yaml", crate::MAIN_IVR.to_owned()),
                ("emergency.yaml", EMERGENCY.to_owned()),
                ("lookup.custom.json", crate::CRM_LOOKUP.to_owned()),
            ]
            .into(),
            client: DEFAULT_CLIENT,
            backup: Some(("twin-backup", "twin-secret")),
            gates: Ok(vec![open]),
            objectives: Ok(vec![defined]),
            before: |_, _| async { Duration::ZERO }.boxed(),
            is_away: false,
        }
    }

    /// Another plan: a part of it is replaced, which must be there.
    pub(super) fn plan(mut self, part: &str, by: &str) -> Self {
        assert!(self.plan.contains(part), "{part}");
        self.plan = self.plan.replace(part, by);
        self
    }

    /// Other organisations, likewise.
    pub(super) fn scenario(mut self, part: &str, by: &str) -> Self {
        assert!(self.scenario.contains(part), "{part}");
        self.scenario = self.scenario.replacen(part, by, 1);
        self
    }

    /// Another file beside the scenario, likewise.
    pub(super) fn file(mut self, name: &'static str, part: &str, by: &str) -> Self {
        let text = self.files.get_mut(name).unwrap();
        assert!(text.contains(part), "{part}");
        *text = text.replace(part, by);
        self
    }

    /// Its organisations begin.
    pub(super) async fn open(&self) -> Opened {
        let clock = Clock::starting_at(FIRST.start(), 1);
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in &self.files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let file = folder.path().join("organisation.yaml");
        std::fs::write(&file, &self.scenario).unwrap();
        let built = Scenario::read(&file).unwrap().build(clock.now()).unwrap();
        let twins = Twin::play(built, ([127, 0, 0, 1], 0).into(), clock.clone()).await.unwrap();
        Opened { clock, twins: twins.into_iter().map(Arc::new).collect() }
    }

    /// Reviews it, and holds the evidence to the same verdict.
    pub(super) async fn review(self) -> Review {
        let opened = self.open().await;
        let Opened { clock, twins } = &opened;
        let ago = (self.before)(&twins[0], client(Some(&twins[0]), self.client, clock)).await;
        clock.sleep(ago).await;
        let evidence = self.learned(&opened).await;
        // Judging is pure: what is read again as it was written is judged the same.
        let again = Evidence::read(&evidence.to_json()).unwrap();
        assert_eq!(again, evidence);
        let review = again.judge().unwrap();
        opened.close().await;
        review
    }

    /// What a review learns now.
    pub(super) async fn learned(&self, Opened { clock, twins }: &Opened) -> Evidence {
        let launch = config::load_plan(Path::new("plan.yaml"), &self.plan).unwrap();
        let at = |twin: Option<&Arc<TwinHandle>>, name: &str| Organisation {
            name: name.to_owned(),
            client: client(twin, self.client, clock),
            is_production: false,
        };
        let target = at(twins.first().filter(|_| !self.is_away), "sandbox");
        let other = launch.compare.as_deref().map(|name| at(twins.get(1), name));
        let backup = self.backup.map(|backup| client(Some(&twins[0]), backup, clock));
        let setup = Setup {
            launch: &launch,
            texts: BTreeMap::new(),
            target,
            other,
            backup,
            gates: self.gates.clone(),
            objectives: self.objectives.clone(),
            clock: clock.clone(),
            tell: Arc::new(|_| {}),
        };
        let facts = learn(&setup).await;
        Evidence { file: "plan.yaml".to_owned(), plan: self.plan.clone(), at: clock.now().wall, facts }
    }
}

fn client(twin: Option<&Arc<TwinHandle>>, (id, secret): (&str, &str), clock: &Clock) -> Client {
    let credential = Credential { id: id.to_owned(), secret: SecretString::from(secret) };
    let policy = Policy { ordinary_max: 100_000, reserved_percent: 0 };
    let connection = Connection { hosts: Hosts::behind("http://twin", "", ""), credential, backup: None, policy };
    Client::over(Arc::new(Line(twin.cloned())), connection, clock.clone(), 7).unwrap()
}
