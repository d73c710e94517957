//! A twin with the example flow, asking a CRM.

use clock::Clock;
use serde_json::Value as Json;
use twin::{Crm, CrmHandle, CrmOptions, DEFAULT_CLIENT, Options, Organisation, Twin, TwinHandle};

pub(crate) const MAIN_IVR: &str = include_str!("../../../../examples/flows/main-ivr.yaml");
pub(crate) const MAIN_IVR_12: &str = include_str!("../../../../examples/flows/main-ivr-12.yaml");
pub(crate) const CRM_LOOKUP: &str = include_str!("../../../../examples/flows/crm-lookup.custom.json");

/// A twin and its CRM, both on `clock`, and the id of the look-up.
pub(crate) async fn twin_and_crm(clock: Clock) -> (TwinHandle, CrmHandle, String) {
    founded(clock, Organisation::default()).await
}

/// The same for an organisation of one's own.
pub(crate) async fn founded(clock: Clock, organisation: Organisation) -> (TwinHandle, CrmHandle, String) {
    let crm = Crm::start(CrmOptions::new(clock.clone())).await.unwrap();
    let twin = Twin::start(Options { organisation, ..Options::new(clock) }).await.unwrap();
    twin.load_flow(MAIN_IVR).unwrap();
    let action = twin.load_action("CRM", CRM_LOOKUP, &[("baseUrl", &crm.base_url())]).unwrap();
    (twin, crm, action)
}

/// Someone who talks to the platform with a token.
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    pub(crate) async fn of(twin: &TwinHandle) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.post(format!("{}/oauth/token", twin.base_url()));
        let request = request.basic_auth(DEFAULT_CLIENT.0, Some(DEFAULT_CLIENT.1));
        let response = request.form(&[("grant_type", "client_credentials")]).send().await.unwrap();
        let token: Json = response.json().await.unwrap();
        Self { http, base: twin.base_url(), token: token["access_token"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Json) {
        read(self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Json) -> (u16, Json) {
        read(self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.token).json(body)).await
    }
}

pub(crate) async fn read(request: reqwest::RequestBuilder) -> (u16, Json) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or_default())
}
