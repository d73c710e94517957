//! An organisation in this process, and a folder with a configuration that knows it under three names.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use clock::Clock;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot::{self, Sender};
use twin::{Crm, CrmHandle, CrmOptions, FlowSeen, Options, Settings, Twin, TwinHandle};

use crate::setup::{Ended, Running, get, run_in};

/// How often the organisation is looked at for something to happen; each look is a request.
const LOOKS_MAX: u32 = 100_000;

pub(crate) const FLOW: &str = include_str!("../../../../examples/flows/main-ivr.yaml");
const ACTION: &str = include_str!("../../../../examples/flows/crm-lookup.custom.json");

/// Who the controller knows.
const PEOPLE: [(&str, &str); 4] = [("pipeline", "ci"), ("ann", "operator"), ("ben", "approver"), ("eve", "approver")];

/// What proves who somebody is.
pub(crate) fn token(who: &str) -> String {
    format!("token-of-{who}-0123456789")
}

/// An organisation, its CRM, and a folder to run commands in.
pub(crate) struct Organisation {
    pub(crate) twin: TwinHandle,
    pub(crate) crm: CrmHandle,
    /// The id of the flow `Main IVR`.
    pub(crate) flow: String,
    dir: TempDir,
    runtime: Handle,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Organisation {
    /// With the flow `Main IVR` published as 1.0, and the Data Action that it asks.
    pub(crate) fn new() -> Self {
        let (told, started) = channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let clock = Clock::real();
                let crm = Crm::start(CrmOptions::new(clock.clone())).await.unwrap();
                let twin = Twin::start(Options::new(clock)).await.unwrap();
                told.send((twin, crm, Handle::current())).unwrap();
                stopped.await.ok();
            });
        });
        let (twin, crm, runtime) = started.recv().unwrap();
        twin.settings(|settings| {
            (settings.publish_state_ms, settings.job_state_ms) = (1, 1);
            settings.requests_per_minute = 100_000;
        });
        crm.set_mode(twin::Mode::Healthy(std::time::Duration::ZERO));
        let flow = twin.load_flow(FLOW).unwrap().id;
        twin.load_action("CRM", ACTION, &[("baseUrl", &crm.base_url())]).unwrap();
        let dir = TempDir::new().unwrap();
        let organisation = Self { twin, crm, flow, dir, runtime, stop: Some(stop), thread: Some(thread) };
        organisation.write("secret", "twin-secret");
        organisation.configure(&json!({}));
        organisation
    }

    /// The same, with `more` in the section `review`.
    pub(crate) fn configure(&self, more: &Value) {
        let mut review = json!({
            "owner": "#contact-centre",
            "targets": { "sandbox": self.target("twin-client"), "production": self.target("twin-client") },
        });
        for (key, value) in more.as_object().unwrap() {
            review[key] = value.clone();
        }
        let mut platform = self.target("twin-client");
        platform["isProduction"] = false.into();
        self.write("steadyline.yaml", &json!({ "platform": platform, "review": review }).to_string());
    }

    /// A target that asks this organisation as `client`.
    pub(crate) fn target(&self, client: &str) -> Value {
        json!({
            "gateway": { "url": self.twin.base_url() }, "requestsPerMinute": 10_000,
            "client": { "id": client, "secret": { "file": "secret" } },
        })
    }

    /// An OAuth client that may do only this; it becomes the one of the target `sandbox`.
    pub(crate) fn allow(&self, permissions: &[&str]) {
        self.twin.register_client("limited", "twin-secret", permissions);
        self.configure(&json!({ "targets": { "sandbox": self.target("limited") } }));
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn settings(&self, change: impl FnOnce(&mut Settings)) {
        self.twin.settings(change);
    }

    /// Starts a controller that knows people by their tokens, with `more` in its configuration; gives its URL too.
    pub(crate) fn controller(&self, more: &Value) -> (Running, String) {
        let text = std::fs::read_to_string(self.path().join("steadyline.yaml")).unwrap();
        let mut config: Value = serde_json::from_str(&text).unwrap();
        for (name, role) in PEOPLE {
            self.write(name, &token(name));
            config["access"]["people"][name] = json!({ "role": role, "token": { "file": name } });
        }
        for (key, value) in more.as_object().unwrap() {
            config[key] = value.clone();
        }
        self.write("steadyline.yaml", &config.to_string());
        let mut server = self.start(&["serve", "--role", "controller", "--listen", "127.0.0.1:0"]);
        let url = server.url("console");
        (server, url)
    }

    /// Runs a command to its end in the folder.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        run_in(self.path(), args, "")
    }

    /// Starts a command in the folder.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::start_in(self.path(), args)
    }

    /// The flow as it truly is.
    pub(crate) fn seen(&self) -> FlowSeen {
        self.twin.flow(&self.flow).unwrap()
    }

    /// Somebody takes the flow.
    pub(crate) fn lock(&self, holder: &str) {
        let _runtime = self.runtime.enter();
        assert!(self.twin.lock_flow(&self.flow, holder));
    }

    /// A further version of the flow that nobody runs yet.
    pub(crate) fn save(&self, yaml: &str) -> String {
        self.twin.save_flow(yaml).unwrap().unwrap().version
    }

    /// From now on nobody can publish: whoever tries is told to wait.
    pub(crate) fn hold_publishes(&self, is_held: bool) {
        self.settings(|settings| {
            settings.operations_per_minute.clear();
            if is_held {
                settings.operations_per_minute.insert("POST /api/v2/flows/actions/publish".to_owned(), 0);
            }
        });
    }

    /// Waits until the flow is as `wanted`.
    pub(crate) fn when(&self, wanted: impl Fn(&FlowSeen) -> bool) {
        let url = format!("{}/twin/clock", self.twin.base_url());
        for _ in 0..LOOKS_MAX {
            if wanted(&self.seen()) {
                return;
            }
            get(&url);
        }
        panic!("it never came so far: {:?}", self.seen());
    }
}

impl Drop for Organisation {
    fn drop(&mut self) {
        self.stop.take().unwrap().send(()).ok();
        self.thread.take().unwrap().join().ok();
    }
}
