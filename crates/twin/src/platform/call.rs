//! A request, as handlers see it.

use std::time::Duration;

use base::Now;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::{Answer, ApiError, Reply};
use crate::world::{Change, Client, DocumentError, Job, Kind, Stage, VersionConflict, World};

/// A request that has been let in.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) now: Now,
    /// Who asks.
    pub(crate) client: Client,
    /// With which token.
    pub(crate) token: &'a str,
    /// The path as it was asked for.
    pub(crate) uri: &'a str,
    /// Where the twin is, for addresses in answers: `http://host:port`.
    pub(crate) base: String,
    pub(crate) parameters: Vec<(&'static str, String)>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Call<'_> {
    /// A parameter of the path.
    pub(crate) fn at(&self, name: &str) -> &str {
        self.parameters.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// A parameter of the query.
    pub(crate) fn asked(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A parameter of the query that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        let missing =
            || ApiError::new(400, "invalid.query.param.value", format!("The query parameter {name} is required."));
        self.asked(name).ok_or_else(missing)
    }

    /// All values of a parameter of the query, also those that commas separate.
    pub(crate) fn asked_all(&self, name: &str) -> Vec<&str> {
        let values = self.query.iter().filter(|(known, _)| known == name);
        values.flat_map(|(_, value)| value.split(',')).filter(|value| !value.is_empty()).collect()
    }

    /// A number in the query.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let wrong = || ApiError::new(400, "invalid.query.param.value", format!("{name} must be a whole number."));
        self.asked(name).map(|value| value.parse().map_err(|_| wrong())).transpose()
    }

    /// The body, which must be an object.
    pub(crate) fn object(&self) -> Result<&Map<String, Value>, ApiError> {
        self.body.as_object().ok_or_else(|| ApiError::bad_request("The request needs a body that is a JSON object."))
    }

    /// A text of the body that must be there.
    pub(crate) fn text(&self, name: &str) -> Result<String, ApiError> {
        let text = self.object()?.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or_else(|| ApiError::invalid(format!("The field {name} is required.")))
    }

    /// A new id.
    pub(crate) fn id(&mut self) -> String {
        self.world.id()
    }

    /// All documents of a kind, those that a name filter lets pass.
    pub(crate) fn named(&self, kind: &Kind) -> Vec<Value> {
        let name = self.asked("name");
        let is_named = |document: &&Map<String, Value>| {
            let own = document.get("name").and_then(Value::as_str).unwrap_or_default();
            name.is_none_or(|pattern| super::matches(pattern, own))
        };
        self.world.documents.all(kind).iter().filter(is_named).cloned().map(Value::Object).collect()
    }

    /// A document.
    pub(crate) fn document(&self, kind: &Kind, id: &str) -> Result<Map<String, Value>, ApiError> {
        self.world.documents.get(kind, id).cloned().ok_or_else(|| ApiError::not_found(kind.what))
    }

    /// Answers with a document.
    pub(crate) fn show(&self, kind: &Kind, parameter: &str) -> Answer {
        Ok(Value::Object(self.document(kind, self.at(parameter))?).into())
    }

    /// Answers with all documents of a kind, by pages.
    pub(crate) fn list(&self, kind: &Kind) -> Answer {
        self.page(self.named(kind))
    }

    /// Adds the body as a document of a kind, in the home division.
    pub(crate) fn create(&mut self, kind: &Kind, service: &'static str, entity_type: &'static str) -> Answer {
        let name = self.text("name")?;
        let mut document = self.object()?.clone();
        document.remove("id");
        document.entry("division").or_insert_with(super::home);
        let id = self.id();
        let added = self.world.documents.add(kind, &id, Value::Object(document)).cloned();
        let added = added.map_err(|error| self.refused(kind, error))?;
        self.audit(Change { service, entity_type, action: "Create", id: &id, name: &name });
        Ok(Value::Object(added).into())
    }

    /// Replaces a document by the body, which must name its version.
    pub(crate) fn replace(
        &mut self,
        kind: &Kind,
        parameter: &str,
        service: &'static str,
        entity_type: &'static str,
    ) -> Result<Map<String, Value>, ApiError> {
        let id = self.at(parameter).to_owned();
        let change = self.object()?.clone();
        let replaced = self.world.documents.replace(kind, &id, &change).cloned();
        let replaced = replaced.map_err(|error| self.refused(kind, error))?;
        let name = replaced.get("name").and_then(Value::as_str).unwrap_or_default();
        self.audit(Change { service, entity_type, action: "Update", id: &id, name });
        Ok(replaced)
    }

    pub(crate) fn refused(&self, kind: &Kind, error: DocumentError) -> ApiError {
        match error {
            DocumentError::NotFound => ApiError::not_found(kind.what),
            DocumentError::Full => ApiError::conflict(format!("There are too many of these: {}.", kind.name)),
            DocumentError::Conflict(version) => self.outdated(version),
        }
    }

    /// The version that a change names is not the one that is there.
    pub(crate) fn outdated(&self, version: u64) -> ApiError {
        match self.world.settings.version_conflict {
            VersionConflict::Conflict => {
                ApiError::new(409, "conflict", format!("The version does not match: the entity has version {version}."))
            }
            VersionConflict::BadRequest => {
                ApiError::bad_request(format!("The version supplied does not match the current version: {version}."))
            }
        }
    }

    /// Writes down a change.
    pub(crate) fn audit(&mut self, change: Change<'_>) {
        let id = self.world.id();
        self.world.records.audit(id, self.now.wall, &self.client, change);
    }

    /// Begins a job and gives its id.
    pub(crate) fn begin(&mut self, kind: &'static str) -> String {
        let id = self.id();
        self.world.jobs.begin(kind, &id, self.body.clone(), self.now);
        id
    }

    /// A job of this kind, and how far it is.
    pub(crate) fn job(&self, kind: &'static str, parameter: &str) -> Result<(Job, Stage), ApiError> {
        let job = self.world.jobs.get(kind, self.at(parameter)).cloned();
        let job = job.ok_or_else(|| ApiError::not_found("The job"))?;
        let stage = job.stage(Duration::from_millis(self.world.settings.job_state_ms), self.now);
        Ok((job, stage))
    }

    /// No content.
    pub(crate) fn done(&self) -> Answer {
        Ok(Reply::Empty(204))
    }
}

/// The pairs of a query, decoded.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| decoded(&text.replace('+', " "));
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// A text without its escapes.
pub(crate) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
