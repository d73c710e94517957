//! Conversations that an integration leaves open, hour after hour of virtual time.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use clock::Clock;
use serde_json::{Value as Json, json};
use twin::{Options, Twin, TwinHandle};

/// The client that every twin knows, as a header has it.
const CREDENTIAL: &str = "Basic dHdpbi1jbGllbnQ6dHdpbi1zZWNyZXQ=";

/// Somebody who asks without a socket: those know no virtual time.
struct Asker {
    twin: TwinHandle,
    authorization: String,
}

impl Asker {
    async fn of(twin: TwinHandle) -> Self {
        let mut asker = Self { twin, authorization: CREDENTIAL.to_owned() };
        let (form, kind) = ("grant_type=client_credentials".to_owned(), "application/x-www-form-urlencoded");
        let (_, token) = asker.ask("POST", "/oauth/token", kind, form).await;
        asker.authorization = format!("Bearer {}", token["access_token"].as_str().unwrap());
        asker
    }

    async fn ask(&self, method: &str, path: &str, kind: &str, body: String) -> (u16, Json) {
        let request = Request::builder().method(method).uri(path).header("content-type", kind);
        let request = request.header("authorization", &self.authorization);
        let response = self.twin.answer(request.body(Body::from(body)).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Json {
        self.ask("GET", path, "application/json", String::new()).await.1
    }

    /// Voice conversations without an end, by their ids; or those of another medium.
    async fn open(&self, media: &str) -> Vec<String> {
        let filter = |dimension: &str, operator: &str, value: Json| {
            let predicate = json!({"dimension": dimension, "operator": operator, "value": value});
            json!([{"type": "and", "predicates": [predicate]}])
        };
        let body = json!({
            "interval": format!("2026-01-01T00:00:00Z/{}", self.twin.now()),
            "segmentFilters": filter("mediaType", "matches", json!(media)),
            "conversationFilters": filter("conversationEnd", "notExists", Json::Null),
        });
        let path = "/api/v2/analytics/conversations/details/query";
        let (_, found) = self.ask("POST", path, "application/json", body.to_string()).await;
        let ids = found["conversations"].as_array().into_iter().flatten().inspect(|one| {
            assert_eq!(
                (&one["conversationEnd"], &one["participants"][0]["purpose"]),
                (&Json::Null, &json!("external"))
            );
        });
        ids.map(|one| one["conversationId"].as_str().unwrap().to_owned()).collect()
    }

    async fn sessions(&self) -> u64 {
        self.get("/api/v2/telephony/calls/metrics").await["concurrentCallSessionCount"].as_u64().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_open_is_there_until_somebody_ends_it() {
    let clock = Clock::starting_at(jiff::Timestamp::from_second(1_790_000_000).unwrap(), 1);
    let twin = Twin::start(Options::new(clock.clone())).await.unwrap();
    twin.settings(|settings| (settings.leaked_sessions_per_hour, settings.disconnect_refusals) = (4, 1));
    clock.sleep(Duration::from_secs(3_700)).await;
    let asker = Asker::of(twin).await;
    assert_eq!(asker.sessions().await, 4);
    let open = asker.open("voice").await;
    assert_eq!((open.len(), asker.open("email").await.len()), (4, 0));

    let path = format!("/api/v2/conversations/{}/disconnect", open[0]);
    let disconnect = async || asker.ask("POST", &path, "application/json", String::new()).await.0;
    assert_eq!(disconnect().await, 503, "the one that is refused");
    assert_eq!((disconnect().await, disconnect().await), (202, 404), "it is over once");
    assert_eq!(asker.sessions().await, 3);
    let one = asker.get(&format!("/api/v2/analytics/conversations/{}/details", open[0])).await;
    assert!(one["conversationEnd"].is_string(), "{one}");
    assert_eq!(asker.open("voice").await.len(), 4, "it is not ingested yet");
    clock.sleep(Duration::from_secs(11)).await;
    assert_eq!(asker.open("voice").await, open[1..]);
    asker.twin.shutdown().await;
}
