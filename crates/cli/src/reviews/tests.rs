use std::fs;
use std::time::Duration;

use jiff::tz::TimeZone;
use twin::{Options, Twin};

use super::*;
use crate::shared_gateway::SharedGateway;
use crate::{budgets, controller};

const MAIN_IVR: &str = include_str!("../../../../examples/flows/main-ivr.yaml");
/// So much of the clock's time passes in a second: the night is near.
const SPEED: u32 = 20;
/// The longest that a review of the night is waited for, by the clock.
const NIGHT_MAX: Duration = Duration::from_secs(1_200);

/// Everything but who has the flow, which is asked.
const PLAN: &str = include_str!("../../tests/journeys/only-the-lock.yaml");

#[test]
fn a_plan_is_read_with_the_flows_that_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("launch.yaml");
    let why = |plan: &Path| read(plan).map(|_| ()).unwrap_err().why;
    assert!(why(&plan).starts_with(&format!("{} cannot be read: ", plan.display())));
    let text = "name: Launch\nflows: [{ name: Main IVR, file: main.yaml }]\nload: { callsPerMinute: 1 }\n";
    std::fs::write(&plan, text).unwrap();
    assert!(why(&plan).contains("main.yaml cannot be read: "), "{}", why(&plan));
    std::fs::write(folder.path().join("main.yaml"), "inboundCall: {}").unwrap();
    let read = read(&plan).unwrap_or_else(|gap| panic!("{gap:?}"));
    assert_eq!((read.text.as_str(), read.texts["Main IVR"].as_str()), (text, "inboundCall: {}"));
    std::fs::write(&plan, "name: [").unwrap();
    assert!(why(&plan).contains("launch.yaml cannot be read: "), "{}", why(&plan));
}

#[tokio::test]
async fn a_plan_is_reviewed_at_its_time_against_its_target() {
    let clock = Clock::scaled(SPEED);
    let twin = Twin::start(Options::new(clock.clone())).await.unwrap();
    twin.load_flow(MAIN_IVR).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("launch.yaml"), PLAN).unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "twin-secret").unwrap();
    // The next minute may be over before anybody looks.
    let at = (clock.now().wall + Duration::from_secs(90)).to_zoned(TimeZone::UTC).strftime("%H:%M").to_string();
    let text = serde_json::json!({
        "review": {
            "targets": { "sandbox": {
                "gateway": { "url": twin.base_url() }, "client": { "id": "twin-client", "secret": { "file": secret } },
            } },
            "plans": [{ "file": "launch.yaml", "target": "sandbox", "at": at, "zone": "UTC" }],
        },
    });
    let config = config::load("steadyline.yaml", &text.to_string(), &config::Process).unwrap();
    let config_file = folder.path().join("steadyline.yaml");
    let store = folder.path().join("steadyline.db");
    let order = controller::Order { org: "Acme", store: &store, alerts: &[], clock: clock.clone(), seed: 1 };
    let (engine, store) = controller::start(order).await.unwrap();
    let gateway = Arc::new(SharedGateway::new(None));
    let budgets = budgets::start(budgets::Order {
        config: &config,
        config_file: Some(&config_file),
        store: Arc::clone(&store),
        engine: &engine,
        gateway: &gateway,
        platform: None,
        clock: clock.clone(),
    });
    let budgets = budgets.await.unwrap();
    let reviews = start(Order {
        config: &config,
        config_file: Some(&config_file),
        store,
        engine: &engine,
        budgets: &budgets.budgets,
        platform: None,
        clock: clock.clone(),
    });
    let reviews = reviews.await.unwrap();
    let until = clock.mono() + NIGHT_MAX;
    let kept = loop {
        let plan = reviews.list().plans.remove(0);
        if plan.kept > 0 {
            break plan;
        }
        assert!(clock.mono() < until, "nobody has reviewed: {plan:?}");
        clock.sleep(Duration::from_secs(1)).await;
    };
    assert_eq!((kept.plan.as_str(), kept.verdict.as_deref()), ("Order status", Some("pass")), "{kept:?}");
    assert_eq!(kept.owner.as_deref(), Some("architects"));
    reviews.shutdown().await;
    budgets.shutdown().await;
    engine.shutdown().await;
}
