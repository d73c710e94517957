//! Who asks, and what they may do. Looking is free; whoever changes something proves who they are with their token.
//!
//! Tokens are kept as digests and compared as such, so that the time of a comparison says nothing about them.

use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use budget::approvals::{Person, Role};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::errors::Refusal;

/// People, pipelines, and the digests of their tokens.
#[derive(Default)]
pub struct Access(Vec<(Person, [u8; 32])>);

impl Access {
    /// These people, each with the token that proves it.
    pub fn new(people: impl IntoIterator<Item = (Person, SecretString)>) -> Self {
        let digest = |(person, token): (Person, SecretString)| (person, digest(token.expose_secret()));
        Self(people.into_iter().map(digest).collect())
    }

    /// Whose token it is.
    pub(crate) fn who(&self, token: &str) -> Option<Person> {
        let digest = digest(token.trim());
        self.0.iter().find(|(_, known)| *known == digest).map(|(person, _)| person.clone())
    }

    /// Somebody may do more than look.
    pub(crate) fn has_anybody(&self) -> bool {
        !self.0.is_empty()
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Why somebody may not do it.
pub(crate) enum NotAllowed {
    /// Nobody knows who it is.
    Who(Refusal),
    /// Everybody knows, and they may not.
    Role(Refusal),
}

/// Who asks, going by the bearer token.
pub(crate) fn bearer(app: &App, headers: &HeaderMap) -> Result<Person, NotAllowed> {
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.split_once(' ')).filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
    by_token(app, token.map_or("", |(_, token)| token))
}

/// Who asks, going by a token.
pub(crate) fn by_token(app: &App, token: &str) -> Result<Person, NotAllowed> {
    app.access.who(token).ok_or_else(|| {
        let hint = if app.access.has_anybody() {
            "Send `Authorization: Bearer` and the token that stands behind your name under `access.people`."
        } else {
            "Name the people who may under `access.people` in the configuration; nobody is named yet."
        };
        NotAllowed::Who(Refusal::new(StatusCode::UNAUTHORIZED, "who", "nobody knows who asks").hint(hint))
    })
}

/// Somebody who has at least one of the roles.
pub(crate) fn one_of(person: Person, roles: &[Role]) -> Result<Person, NotAllowed> {
    if roles.contains(&person.role) {
        return Ok(person);
    }
    let words: Vec<_> = roles.iter().map(|role| role.word()).collect();
    let detail = format!("{} is {}; it takes {}", person.name, person.role.word(), words.join(" or "));
    let refusal = Refusal::new(StatusCode::FORBIDDEN, "role", "the role does not allow this").detail(detail);
    Err(NotAllowed::Role(refusal.hint("`access.people` in the server's configuration says who has which role.")))
}

impl IntoResponse for NotAllowed {
    fn into_response(self) -> Response {
        match self {
            Self::Who(refusal) => ([(WWW_AUTHENTICATE, "Bearer")], refusal).into_response(),
            Self::Role(refusal) => refusal.into_response(),
        }
    }
}
