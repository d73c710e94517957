//! Getting in: which token is used, who renews it, and with which credential.

use std::sync::PoisonError;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{ATTEMPT_MAX, Client, Connection, Credential, Held, body_of};
use crate::error::Error;
use crate::token::{self, Action, Life};

#[derive(Deserialize)]
struct Issued {
    access_token: String,
    expires_in: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refused {
    error: String,
    error_description: String,
}

impl Client {
    /// The token to use now; a new one when there is none that holds.
    pub(super) async fn token(&self) -> Result<(SecretString, u64), Error> {
        match self.present() {
            (Action::Use, Some(held)) => return Ok(held),
            (Action::UseAndRenew, Some(held)) => {
                // One caller renews; it takes the old token if that fails, as everyone else does meanwhile.
                let Ok(_mine) = self.shared.renewal.try_lock() else { return Ok(held) };
                return match self.renew().await {
                    Ok(new) => Ok(new),
                    Err(_) => {
                        self.note_failure();
                        Ok(held)
                    }
                };
            }
            _ => {}
        }
        let _mine = self.shared.renewal.lock().await;
        // Somebody else may have been faster.
        match self.present() {
            (Action::Use | Action::UseAndRenew, Some(held)) => Ok(held),
            _ => self.renew().await,
        }
    }

    fn present(&self) -> (Action, Option<(SecretString, u64)>) {
        let held = self.shared.held.lock().unwrap_or_else(PoisonError::into_inner);
        let action = token::action(held.as_ref().map(|held| &held.life), self.shared.clock.mono());
        (action, held.as_ref().map(|held| (held.token.clone(), held.serial)))
    }

    fn note_failure(&self) {
        let mut held = self.shared.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_mut() {
            held.life.failed = Some(self.shared.clock.mono());
        }
    }

    /// The platform rejected the token with this number. A late rejection of an older one says nothing about the new.
    pub(super) fn drop_token(&self, serial: u64) {
        let mut held = self.shared.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.as_ref().is_some_and(|held| held.serial == serial) {
            *held = None;
        }
    }

    async fn renew(&self) -> Result<(SecretString, u64), Error> {
        let Connection { credential, backup, .. } = &self.shared.connection;
        let (issued, by) = match (self.ask_token(credential).await, backup) {
            (Err(Error::Login { status: Some(400 | 401), .. }), Some(backup)) => {
                (self.ask_token(backup).await?, backup)
            }
            (issued, _) => (issued?, credential),
        };
        let token = SecretString::from(issued.access_token);
        let life =
            Life { issued: self.shared.clock.mono(), length: Duration::from_secs(issued.expires_in), failed: None };
        let mut held = self.shared.held.lock().unwrap_or_else(PoisonError::into_inner);
        let serial = held.as_ref().map_or(0, |held| held.serial) + 1;
        *held = Some(Held { token: token.clone(), credential: by.id.clone(), life, serial });
        Ok((token, serial))
    }

    async fn ask_token(&self, credential: &Credential) -> Result<Issued, Error> {
        let failed = |status, message: String| Error::Login { status, message };
        let url = format!("{}/oauth/token", self.shared.connection.hosts.login);
        let request = self.shared.composer.post(url).form(&[("grant_type", "client_credentials")]);
        let request = request.basic_auth(&credential.id, Some(credential.secret.expose_secret()));
        let answered = async {
            let response = self.carry(request).await.map_err(|message| failed(None, message))?;
            let status = response.status();
            let body = body_of(response).await.map_err(|message| failed(Some(status.as_u16()), message))?;
            if !status.is_success() {
                let Refused { error, error_description } = serde_json::from_slice(&body).unwrap_or_default();
                return Err(failed(
                    Some(status.as_u16()),
                    format!("{status} {error} {error_description}").trim().to_owned(),
                ));
            }
            serde_json::from_slice(&body)
                .map_err(|_| failed(Some(status.as_u16()), "its answer is no token".to_owned()))
        };
        let answer = self.shared.clock.timeout(ATTEMPT_MAX, answered).await;
        answer.unwrap_or_else(|| Err(failed(None, format!("nothing came within {} s", ATTEMPT_MAX.as_secs()))))
    }
}
