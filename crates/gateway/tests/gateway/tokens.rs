//! Upstream credentials: one token for all, renewed ahead of time, used for as long as it holds.

use crate::support::{Act, GOOD, Puppet, Rig, header};

fn yaml(crm: &Puppet, login: &Puppet, more: &str) -> String {
    format!(
        r#"
degrade:
  upstreams:
    crm:
      url: http://{}
      auth: {{ tokenUrl: "http://{}/oauth/token", clientId: gateway, clientSecret: {{ env: CRM }}, wait: 300ms{more} }}
  routes:
    lookup: {{ path: /lookup, method: GET, upstream: crm, fallback: {{ dataActionFailed: true }} }}
"#,
        crm.address, login.address
    )
}

const TOKEN: Act = Act::Answer(200, "", r#"{"access_token":"first","token_type":"bearer","expires_in":3600}"#);

#[tokio::test]
async fn every_call_carries_the_one_token() {
    let (crm, login) = (Puppet::start(GOOD).await, Puppet::start(TOKEN).await);
    let rig = Rig::start(&yaml(&crm, &login, ""));
    for _ in 0..20 {
        assert_eq!(rig.get("/lookup").await.outcome(), "ok");
    }
    assert!(crm.heads().iter().all(|head| header(head, "authorization") == Some("Bearer first")));
    assert_eq!(login.heads().len(), 1, "one renewal for all callers");
    assert!(header(&login.heads()[0], "authorization").is_some_and(|basic| basic.starts_with("Basic ")));
}

#[tokio::test]
async fn the_token_is_used_while_the_token_service_is_down() {
    let (crm, login) = (Puppet::start(GOOD).await, Puppet::start(TOKEN).await);
    let rig = Rig::start(&yaml(&crm, &login, ""));
    assert_eq!(rig.get("/lookup").await.outcome(), "ok");
    login.act(Act::Close);
    assert_eq!(rig.get("/lookup").await.outcome(), "ok");
}

#[tokio::test]
async fn without_a_token_a_call_waits_a_bounded_time_and_is_covered() {
    let (crm, login) = (Puppet::start(GOOD).await, Puppet::start(Act::Hang).await);
    let rig = Rig::start(&yaml(&crm, &login, ""));
    let got = rig.get("/lookup").await;
    assert_eq!(got.outcome(), "fallback;reason=no_token");
    assert!(got.after.as_millis() >= 300 && got.after.as_millis() < 2_000, "{:?}", got.after);
    assert!(crm.heads().is_empty());
}

#[tokio::test]
async fn a_rejected_token_is_renewed_once_and_the_call_succeeds() {
    let (crm, login) = (Puppet::start(Act::Answer(401, "", "{}")).await, Puppet::start(TOKEN).await);
    let rig = Rig::start(&yaml(&crm, &login, ""));
    let switch = async {
        rig.until("the token was rejected", || login.heads().len() >= 2).await;
    };
    let (got, ()) = tokio::join!(rig.get("/lookup"), switch);
    assert_eq!(got.outcome(), "fallback;reason=unauthorized", "rejected twice: renewed once, then covered");
    assert_eq!(crm.heads().len(), 2);
    crm.act(GOOD);
    assert_eq!(rig.get("/lookup").await.outcome(), "ok");
}

#[tokio::test]
async fn the_backup_credential_takes_over_when_the_primary_is_refused() {
    let (crm, login) =
        (Puppet::start(GOOD).await, Puppet::start(Act::Answer(400, "", r#"{"error":"invalid_client"}"#)).await);
    let backup = ", backup: { clientId: spare, clientSecret: { env: SPARE } }";
    let rig = Rig::start(&yaml(&crm, &login, backup));
    rig.until("both were tried", || login.heads().len() >= 2).await;
    let used: Vec<_> =
        login.heads().iter().filter_map(|head| header(head, "authorization").map(str::to_owned)).collect();
    assert_ne!(used[0], used[1], "the second try is with the backup");
}

#[tokio::test]
async fn a_caller_who_hangs_up_while_a_token_is_awaited_does_not_take_the_probe_along() {
    let short = Act::Answer(200, "", r#"{"access_token":"short","token_type":"bearer","expires_in":1}"#);
    let (crm, login) = (Puppet::start(Act::Answer(503, "", "{}")).await, Puppet::start(short).await);
    let config = yaml(&crm, &login, "")
        .replace("wait: 300ms", "wait: 20s")
        .replace("auth:", "breaker: { recovery: 100ms, recoveryMax: 100ms }\n      auth:")
        .replace("upstream: crm,", "upstream: crm, retry: { max: 0 }, deadline: 30s,");
    let mut rig = Rig::start(&config);
    for _ in 0..5 {
        rig.get("/lookup").await;
    }
    assert_eq!(rig.record().await.to, degrade::Phase::Open);
    login.act(Act::Hang);
    // The token has run out when a caller is let through and gets no further.
    let hangs_up = std::time::Duration::from_millis(50);
    while rig.clock.timeout(hangs_up, rig.get("/lookup")).await.is_some() {}
    crm.act(GOOD);
    login.act(TOKEN);
    rig.get_until("/lookup", "ok").await;
}
