//! The questions of a rollback, asked of an organisation.
//!
//! - Every request may use what is kept back for rollbacks.
//! - Nothing is waited for here: a platform that is busy is told as such, and the act waits, with its state kept and its
//!   lease held.
//! - That something was taken on is all that the answer to a change says. What has become of it is asked for.

use std::time::Duration;

use async_trait::async_trait;
use genesys::budget::Purpose;
use genesys::error::ApiError;
use genesys::{Client, Error, dependencies, flows};
use rollback::act::{Answer, Flow, Lock, Operation, Published, Question, Trouble, Version};

use super::{Platform, REQUEST_TIME_MAX};

/// A question is over a moment before whoever asks it would give up, so that a mere read is told apart.
const TIME_MAX: Duration = REQUEST_TIME_MAX.saturating_sub(Duration::from_secs(1));
/// The index of dependencies only helps to choose: it gets so long for its answer ...
const INDEX_TIME_MAX: Duration = Duration::from_secs(4);
/// ... and so long for each pause between its tries.
const INDEX_PATIENCE: Duration = Duration::from_secs(1);

/// An organisation of the platform, for rollbacks.
#[derive(Clone, Debug)]
pub struct GenesysPlatform {
    client: Client,
}

impl GenesysPlatform {
    /// An organisation, asked by a client: what its OAuth client has locked is ours, and so is what its backup has while
    /// that one steps in.
    pub fn new(client: &Client) -> Self {
        Self { client: client.with_purpose(Purpose::Rollback).with_patience(Duration::ZERO) }
    }

    async fn answer(&self, flow: &str, question: &Question) -> Result<Answer, Trouble> {
        match question {
            Question::Flow => self.look(flow).await.map(Answer::Flow),
            Question::Versions => {
                let versions = flows::versions(&self.client, flow).await.map_err(|error| unread(&error))?;
                Ok(Answer::Versions(versions.into_iter().filter_map(published).collect()))
            }
            Question::Dependencies(version) => self.deleted(flow, version).await.map(Answer::Dependencies),
            Question::Lock => self.lock(flow).await,
            Question::Unlock => done(flows::unlock(&self.client, flow).await),
            Question::Publish(version) => done(flows::begin_publish(&self.client, flow, version).await),
            Question::Release => self.release(flow).await,
        }
    }

    /// The flow, unless it is gone.
    async fn known(&self, flow: &str) -> Result<flows::Flow, Trouble> {
        let known = flows::one(&self.client, flow).await.map_err(|error| unread(&error))?;
        if known.deleted { Err(Trouble::Gone) } else { Ok(known) }
    }

    async fn look(&self, flow: &str) -> Result<Flow, Trouble> {
        let known = self.known(flow).await?;
        let lock = self.lock_of(&known);
        Ok(Flow {
            published: known.published_version.map(version),
            operation: operation(known.current_operation),
            lock,
        })
    }

    fn lock_of(&self, flow: &flows::Flow) -> Lock {
        let holder = match (&flow.locked_user, &flow.locked_client) {
            (None, None) => return Lock::Free,
            (None, Some(client)) if self.client.acts_as().as_ref() == Some(&client.id) => return Lock::Ours,
            (Some(holder), _) | (None, Some(holder)) => holder,
        };
        Lock::Foreign(if holder.name.is_empty() { holder.id.clone() } else { holder.name.clone() })
    }

    /// What a version uses that is deleted. That there is such a version is asked for itself: the platform takes one on
    /// that does not exist, and the index may not know one that does.
    async fn deleted(&self, flow: &str, version: &str) -> Result<Vec<String>, Trouble> {
        let kind = dependencies::object_type(&self.known(flow).await?.kind);
        flows::version(&self.client, flow, version).await.map_err(|error| unread(&error))?;
        let patient = self.client.with_patience(INDEX_PATIENCE);
        let asked = dependencies::consumed(&patient, flow, version, &kind);
        deleted(self.client.clock().timeout(INDEX_TIME_MAX, asked).await)
    }

    async fn lock(&self, flow: &str) -> Result<Answer, Trouble> {
        let taken = flows::checkout(&self.client, flow).await;
        if !matches!(&taken, Err(error) if error.status() == Some(409)) {
            return done(taken);
        }
        // It may be ours already: the answer to an earlier request was lost.
        let seen = self.look(flow).await?;
        let is_ours = seen.lock == Lock::Ours && seen.operation != Operation::Running;
        if is_ours { Ok(Answer::Done) } else { Err(Trouble::Conflict) }
    }

    /// Gives our lock back, without a further version if that can be.
    ///
    /// A check-in would make a version of what is there, and an operation that hides the one of our publish. `revert`
    /// makes none and refuses whoever does not have the lock, but throws away what was saved and not checked in. We save
    /// nothing, so that would be somebody else's work, whose lock was taken away: then the lock alone is taken off, which
    /// asks nobody whose it is, and therefore only after it was seen to be ours. Whoever may not do that checks in: a
    /// further version is better than lost work.
    async fn release(&self, flow: &str) -> Result<Answer, Trouble> {
        let known = self.known(flow).await?;
        match self.lock_of(&known) {
            Lock::Free => return Ok(Answer::Done),
            Lock::Foreign(_) => return Err(Trouble::Conflict),
            Lock::Ours => {}
        }
        let given = if has_draft(&known) {
            match flows::unlock(&self.client, flow).await {
                Err(error) if error.status() == Some(403) => flows::checkin(&self.client, flow).await.map(|_| ()),
                unlocked => unlocked.map(|_| ()),
            }
        } else {
            flows::revert(&self.client, flow).await.map(|_| ())
        };
        match given {
            // The lock is ours: what is in the way is an operation, and that ends.
            Err(error) if error.status() == Some(409) => Err(Trouble::Busy(None)),
            given => done(given),
        }
    }
}

#[async_trait]
impl Platform for GenesysPlatform {
    async fn ask(&self, flow: &str, question: &Question) -> Result<Answer, Trouble> {
        let answer = self.client.clock().timeout(TIME_MAX, self.answer(flow, question)).await;
        answer.unwrap_or_else(|| Err(if changes(question) { Trouble::NoAnswer } else { Trouble::Busy(None) }))
    }
}

/// Whether a question is in truth an order.
const fn changes(question: &Question) -> bool {
    match question {
        Question::Lock | Question::Unlock | Question::Publish(_) | Question::Release => true,
        Question::Flow | Question::Versions | Question::Dependencies(_) => false,
    }
}

/// Whether something was saved that is in no version yet.
fn has_draft(flow: &flows::Flow) -> bool {
    let id = |version: &Option<flows::Version>| version.as_ref().map(|version| version.id.clone());
    let saved = id(&flow.saved_version);
    saved.is_some() && saved != id(&flow.checked_in_version)
}

fn version(version: flows::Version) -> Version {
    Version { id: version.id, configuration: version.configuration_version }
}

/// A version that was published once.
fn published(known: flows::Version) -> Option<Published> {
    known.date_published?;
    let until = known.date_published_end.map(|end| end.as_millisecond());
    Some(Published { version: version(known), until })
}

/// What runs, whatever it is; of what is over only a publish says something about the version.
fn operation(known: Option<flows::Operation>) -> Operation {
    let Some(known) = known else { return Operation::None };
    if !known.complete {
        return Operation::Running;
    }
    let is_publish = known.action_name.as_deref().is_none_or(|action| action.eq_ignore_ascii_case("PUBLISH"));
    if known.succeeded() || !is_publish {
        return Operation::None;
    }
    let why = known.error_message.or(known.error_code).unwrap_or_else(|| "the platform gave no reason".to_owned());
    Operation::Failed { id: known.id, why }
}

/// What is deleted, by the index's answer. When the index is not there, or does not know the version, nobody knows; whether
/// the version can be published will be seen, and going back does not wait for that.
fn deleted(asked: Option<Result<Vec<dependencies::Item>, Error>>) -> Result<Vec<String>, Trouble> {
    let items = match asked {
        None => return Ok(Vec::new()),
        Some(Ok(items)) => items,
        Some(Err(error)) => {
            return match unread(&error) {
                Trouble::Gone | Trouble::Busy(None) | Trouble::NoAnswer => Ok(Vec::new()),
                trouble @ (Trouble::Busy(Some(_)) | Trouble::Conflict | Trouble::Refused(_)) => Err(trouble),
            };
        }
    };
    let gone = items.into_iter().filter(|item| item.deleted);
    Ok(gone.map(|item| format!("{} {}", item.kind, item.name)).collect())
}

/// A change was taken on, or not.
fn done<T>(given: Result<T, Error>) -> Result<Answer, Trouble> {
    given.map(|_| Answer::Done).map_err(|error| trouble(&error, Trouble::NoAnswer))
}

/// Why nothing could be read.
fn unread(error: &Error) -> Trouble {
    trouble(error, Trouble::Busy(None))
}

/// What an error means; `lost` when nobody knows what became of the request.
fn trouble(error: &Error, lost: Trouble) -> Trouble {
    tracing::info!(%error, hint = error.hint(), "a request for a rollback came to nothing");
    match error {
        Error::Api(api) => by_status(api).unwrap_or_else(|| match api.status {
            408 | 500.. => lost,
            _ => refused(error),
        }),
        // Without a token nothing was sent.
        Error::Login { .. } => Trouble::Busy(None),
        Error::OutOfBudget(wait) => Trouble::Busy(Some(*wait)),
        Error::NoAnswer { .. } | Error::Unreadable { .. } => lost,
        Error::JobFailed { .. } | Error::JobUnfinished { .. } | Error::Contended { .. } | Error::Endless { .. } => {
            refused(error)
        }
    }
}

/// What a status means that says enough.
fn by_status(error: &ApiError) -> Option<Trouble> {
    match error.status {
        429 => Some(Trouble::Busy(error.retry_after)),
        // Whoever says when to come back has done nothing; without that nobody knows.
        503 if error.retry_after.is_some() => Some(Trouble::Busy(error.retry_after)),
        // A token that was refused although it is new: trouble with the login.
        401 => Some(Trouble::Busy(None)),
        404 | 410 => Some(Trouble::Gone),
        409 | 423 => Some(Trouble::Conflict),
        _ => None,
    }
}

fn refused(error: &Error) -> Trouble {
    Trouble::Refused(format!("{error}. {}", error.hint()))
}

#[cfg(test)]
mod tests;
