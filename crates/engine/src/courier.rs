//! How letters leave the house.
//!
//! A [`Courier`] carries one letter to one receiver and says how that went. It keeps no state about
//! letters, does not retry and does not decide: [`crate::delivery`] does.

mod http;
mod pagerduty;
mod webhook;

use async_trait::async_trait;
use jiff::Timestamp;
use store::Action;

pub use http::{HttpError, RESPONSE_BYTES_MAX};
pub use pagerduty::{PAGERDUTY_URL, PagerDuty};
pub use webhook::{SecretError, Webhook, WebhookError, WebhookSecret, sign};

use crate::delivery::DeliveryError;
use crate::page::Page;

/// One letter, ready to be carried.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// Unique, and the same in every attempt.
    pub id: String,
    /// The incident it is about.
    pub incident_id: String,
    /// The incident's key at the receiver.
    pub dedup_key: String,
    /// What it tells.
    pub action: Action,
    /// What it says.
    pub page: Page,
    /// The moment of this attempt.
    pub sent_at: Timestamp,
}

/// A receiver's confirmation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The receiver's own name for what it took, when it gave one.
    pub reference: Option<String>,
}

/// Carries letters to one receiver.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Carries one letter.
    ///
    /// Returns when the receiver has confirmed it. The caller bounds the time; a call that is
    /// dropped half-way may have arrived.
    ///
    /// # Errors
    /// When it has not arrived, or when nobody knows whether it has.
    async fn deliver(&self, letter: &Letter) -> Result<Receipt, DeliveryError>;
}
