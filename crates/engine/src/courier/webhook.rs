//! Signed webhooks, by the rules of Standard Webhooks (v1, HMAC-SHA256).
//!
//! The signature covers id, instant and body, so that a receiver can tell a forged, an old and a
//! repeated letter. While a secret is being changed, every valid secret signs. The body is in the
//! form of CloudEvents 1.0.

use std::fmt;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretSlice};
use serde::Serialize;
use sha2::Sha256;
use store::Action;

use super::http::{self, HttpError};
use super::{Courier, Letter, Receipt};
use crate::delivery::DeliveryError;
use crate::page::RollbackAlert;

/// What a secret begins with.
const SECRET_PREFIX: &str = "whsec_";
/// Fewest and most bytes of a secret.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The key that signs a webhook.
pub struct WebhookSecret(SecretSlice<u8>);

/// Why a webhook secret is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It does not begin as it should, or is no base64.
    #[error("read a webhook secret: it must be whsec_ followed by base64")]
    Format,
    /// Too short to be safe, or too long to be meant.
    #[error("use a webhook secret of {0} bytes: it must have 24 to 64")]
    Length(usize),
    /// There is none.
    #[error("sign webhooks without a secret")]
    Missing,
}

impl WebhookSecret {
    /// Reads the written form: `whsec_` and base64 of 24 to 64 bytes.
    ///
    /// # Errors
    /// When it is not of that form.
    pub fn parse(written: &str) -> Result<Self, SecretError> {
        let encoded = written.strip_prefix(SECRET_PREFIX).ok_or(SecretError::Format)?;
        let key = STANDARD.decode(encoded).map_err(|_| SecretError::Format)?;
        if !SECRET_BYTES.contains(&key.len()) {
            return Err(SecretError::Length(key.len()));
        }
        Ok(Self(key.into()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(hidden)")
    }
}

/// The value of `webhook-signature`: one `v1,…` per secret, with a space between.
pub fn sign(secrets: &[WebhookSecret], id: &str, at: Timestamp, body: &[u8]) -> String {
    let signatures = secrets.iter().map(|secret| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.0.expose_secret()).expect("HMAC takes a key of any length");
        mac.update(format!("{id}.{}.", at.as_second()).as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    });
    signatures.collect::<Vec<_>>().join(" ")
}

/// A signed webhook.
#[derive(Debug)]
pub struct Webhook {
    client: Client,
    url: Url,
    secrets: Vec<WebhookSecret>,
}

/// Why a webhook cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The address or the client.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The secrets.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl Webhook {
    /// A webhook at `url`, signed with every secret in `secrets`, the current one first.
    ///
    /// # Errors
    /// When the address is none, or when there is no secret.
    pub fn new(url: &str, secrets: Vec<WebhookSecret>) -> Result<Self, WebhookError> {
        if secrets.is_empty() {
            return Err(SecretError::Missing.into());
        }
        Ok(Self { url: http::url(url)?, client: http::client()?, secrets })
    }
}

#[async_trait]
impl Courier for Webhook {
    async fn deliver(&self, letter: &Letter) -> Result<Receipt, DeliveryError> {
        let body = serde_json::to_vec(&event(letter)).map_err(|_| DeliveryError::Defect)?;
        let request = self
            .client
            .post(self.url.clone())
            .header("webhook-id", &letter.id)
            .header("webhook-timestamp", letter.sent_at.as_second())
            .header("webhook-signature", sign(&self.secrets, &letter.id, letter.sent_at, &body))
            .header(CONTENT_TYPE, "application/cloudevents+json")
            .body(body);
        http::send(request, letter.sent_at).await?;
        Ok(Receipt::default())
    }
}

#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    subject: &'a str,
    time: String,
    datacontenttype: &'static str,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    incident: &'a str,
    dedup_key: &'a str,
    summary: &'a str,
    severity: api::Severity,
    circuit: Option<&'a str>,
    upstream: Option<&'a str>,
    failure_count: Option<u64>,
    cause: &'a str,
    opened_at: Timestamp,
    resolved_at: Option<Timestamp>,
    acknowledged_by: Option<&'a str>,
    #[serde(flatten)]
    alert: Option<&'a RollbackAlert>,
}

fn event(letter: &Letter) -> CloudEvent<'_> {
    let page = &letter.page;
    CloudEvent {
        specversion: "1.0",
        id: &letter.id,
        source: &page.source,
        kind: match letter.action {
            Action::Trigger => "steadyline.incident.opened",
            Action::Acknowledge => "steadyline.incident.acknowledged",
            Action::Resolve => "steadyline.incident.resolved",
        },
        subject: &page.subject,
        time: page.at().to_string(),
        datacontenttype: "application/json",
        data: Data {
            incident: &letter.incident_id,
            dedup_key: &letter.dedup_key,
            summary: &page.summary,
            severity: page.severity,
            circuit: page.circuit.as_deref(),
            upstream: page.upstream.as_deref(),
            failure_count: page.failures,
            cause: &page.cause,
            opened_at: page.opened_at,
            resolved_at: page.resolved_at,
            acknowledged_by: page.acknowledged_by.as_deref(),
            alert: page.alert.as_ref(),
        },
    }
}

#[cfg(test)]
mod tests {
    use sha2::Digest;

    use super::*;
    use crate::page::Page;

    const ID: &str = "msg_2Lh9KRb0pZX1";

    /// HMAC by its definition (RFC 2104), so that the test does not trust the crate it checks.
    fn hmac_by_definition(key: &[u8], message: &[u8]) -> Vec<u8> {
        let mut block = [0_u8; 64];
        block[..key.len()].copy_from_slice(key);
        let pad = |byte: u8| block.iter().map(|b| b ^ byte).collect::<Vec<u8>>();
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
        Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
    }

    fn secret(byte: u8) -> (Vec<u8>, WebhookSecret) {
        let key = vec![byte; 32];
        let written = format!("whsec_{}", STANDARD.encode(&key));
        (key, WebhookSecret::parse(&written).unwrap())
    }

    #[test]
    fn the_signature_is_the_hmac_of_id_instant_and_body() {
        let (key, secret) = secret(7);
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let body = br#"{"test": 2432232314}"#;
        let expected = hmac_by_definition(&key, br#"msg_2Lh9KRb0pZX1.1614265330.{"test": 2432232314}"#);
        assert_eq!(sign(&[secret], ID, at, body), format!("v1,{}", STANDARD.encode(expected)));
    }

    #[test]
    fn while_secrets_change_each_of_them_signs() {
        let ((_, old), (_, new)) = (secret(1), secret(2));
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let both = sign(&[new, old], ID, at, b"x");
        let parts: Vec<_> = both.split(' ').collect();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[1], sign(&[secret(1).1], ID, at, b"x"));
        assert!(parts.iter().all(|part| part.starts_with("v1,")));
    }

    #[test]
    fn weak_and_malformed_secrets_are_refused() {
        let short = format!("whsec_{}", STANDARD.encode([1_u8; 23]));
        assert_eq!(WebhookSecret::parse(&short).unwrap_err(), SecretError::Length(23));
        assert_eq!(WebhookSecret::parse("AAAA").unwrap_err(), SecretError::Format);
        assert_eq!(WebhookSecret::parse("whsec_???").unwrap_err(), SecretError::Format);
        assert!(matches!(Webhook::new("http://h/", vec![]), Err(WebhookError::Secret(SecretError::Missing))));
    }

    #[test]
    fn the_body_is_a_cloud_event() {
        let letter = Letter {
            id: "i1.trigger.hook".into(),
            incident_id: "i1".into(),
            dedup_key: "sdl:acme:circuit/crm:1".into(),
            action: Action::Trigger,
            page: Page::from_json(include_str!("../../samples/page-1.json")).unwrap(),
            sent_at: Timestamp::UNIX_EPOCH,
        };
        let event = serde_json::to_value(event(&letter)).unwrap();
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["type"], "steadyline.incident.opened");
        assert_eq!(event["subject"], "circuit/crm");
        assert_eq!(event["time"], "2026-06-01T00:00:01.007Z");
        assert_eq!(event["data"]["failureCount"], 5);
        assert_eq!(event["data"]["circuit"], "crm");
    }

    #[test]
    fn secrets_hide_in_debug_output() {
        let (_, secret) = secret(9);
        assert_eq!(format!("{secret:?}"), "WebhookSecret(hidden)");
    }
}
