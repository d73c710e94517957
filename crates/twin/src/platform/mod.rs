//! The operations of the Platform API, as data and pure functions: what a request says, what the organisation answers.
//!
//! One file for each resource, with a table of its operations at the top: method, path, permissions, handler. A handler
//! knows no socket and no clock; it is given a [`Call`] and gives a [`Reply`]. What takes another system, such as the
//! execution of a Data Action, is a reply too, carried out by the shell.

mod alerting;
mod analytics;
mod audits;
mod authorization;
mod call;
mod conversations;
mod datatables;
mod dependencies;
mod drafts;
mod error;
mod executions;
mod flow_jobs;
mod flows;
mod instances;
mod integrations;
mod licences;
mod limits;
mod notifications;
mod numbers;
mod outbound;
mod paging;
mod queues;
mod routes;
mod telephony;
mod usage;

use std::fmt;
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use crate::world::{Client, Kind, Service, StoredAction};
pub(crate) use analytics::of_flow;
pub(crate) use call::{Call, decoded, pairs};
pub(crate) use datatables::as_csv;
pub(crate) use error::whole_seconds;
pub(crate) use error::{ApiError, limit_headers};
pub(crate) use flow_jobs::{download, upload};
pub(crate) use flows::changed as flow_changed;
pub(crate) use notifications::permission as topic_permission;

/// One operation of the platform.
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    /// With parameters in braces.
    pub(crate) path: &'static str,
    pub(crate) need: Need,
    pub(crate) service: Service,
    /// In preview: an organisation may not have it.
    pub(crate) is_preview: bool,
    pub(crate) run: Run,
}

impl Operation {
    /// Its method and path.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What a handler does.
pub(crate) type Run = fn(&mut Call<'_>) -> Answer;

/// What comes of it.
pub(crate) type Answer = Result<Reply, ApiError>;

/// Which permissions the client must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Not even a token: the address is the secret.
    NoToken,
    /// None beyond a valid token.
    Nothing,
    /// One of these.
    Any(&'static [&'static str]),
    /// All of these.
    All(&'static [&'static str]),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoToken => f.write_str("none, and no token"),
            Self::Nothing => f.write_str("none"),
            Self::Any(permissions) => f.write_str(&permissions.join(" or ")),
            Self::All(permissions) => f.write_str(&permissions.join(" and ")),
        }
    }
}

/// An answer that is no error.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A status and a body.
    Json(u16, Value),
    /// A status alone.
    Empty(u16),
    /// Another system must be asked first.
    Execute(Box<Order>),
}

/// A Data Action to be executed, and how its outcome is to be told.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) action: StoredAction,
    pub(crate) inputs: Map<String, Value>,
    /// True for a test, which answers 200 also when it went badly.
    pub(crate) is_test: bool,
}

/// Operations of one resource.
struct Table {
    service: Service,
    operations: &'static [(&'static str, &'static str, Need, Run)],
}

/// Operations that an organisation may not have.
const PREVIEW: [&str; 2] = ["/api/v2/flows/validate/jobs", "/api/v2/flows/validate/jobs/{jobId}"];

static TABLES: [&Table; 23] = [
    &authorization::TABLE,
    &flows::TABLE,
    &flow_jobs::TABLE,
    &dependencies::TABLE,
    &executions::TABLE,
    &instances::TABLE,
    &analytics::TABLE,
    &integrations::TABLE,
    &drafts::TABLE,
    &datatables::TABLE,
    &routes::TABLE,
    &numbers::TABLE,
    &telephony::TABLE,
    &usage::TABLE,
    &limits::TABLE,
    &licences::TABLE,
    &notifications::TABLE,
    &audits::TABLE,
    &alerting::TABLE,
    &queues::TABLE,
    &conversations::TABLE,
    &outbound::TABLE,
    &usage::EVENTS,
];

/// All operations.
pub(crate) fn operations() -> &'static [Operation] {
    &OPERATIONS
}

/// Whether an operation is named so.
pub(crate) fn is_operation(name: &str) -> bool {
    operations().iter().any(|operation| operation.name() == name)
}

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let of = |table: &&'static Table| {
        table.operations.iter().map(|&(method, path, need, run)| {
            let is_preview = PREVIEW.contains(&path);
            Operation { method, path, need, service: table.service, is_preview, run }
        })
    };
    TABLES.iter().flat_map(of).collect()
});

static ROUTES: LazyLock<matchit::Router<Vec<usize>>> = LazyLock::new(|| {
    let mut by_path: std::collections::BTreeMap<&str, Vec<usize>> = std::collections::BTreeMap::new();
    for (at, operation) in OPERATIONS.iter().enumerate() {
        by_path.entry(operation.path).or_default().push(at);
    }
    let mut routes = matchit::Router::new();
    for (path, at) in by_path {
        // Two paths that exclude each other would be a mistake in a table; a test reads all of them.
        if let Err(error) = routes.insert(path, at) {
            tracing::error!(%error, path, "an operation cannot be reached");
        }
    }
    routes
});

/// Which operation is meant.
pub(crate) enum Found<'p> {
    /// This one, with the parameters of its path as written.
    Operation(&'static Operation, Vec<(&'static str, &'p str)>),
    /// There is something at this path, but not with this method.
    WrongMethod,
    /// There is nothing.
    Nothing,
}

/// Finds the operation that a request means.
pub(crate) fn find<'p>(method: &str, path: &'p str) -> Found<'p> {
    let Ok(matched) = ROUTES.at(path) else { return Found::Nothing };
    let wanted = matched.value.iter().map(|at| &OPERATIONS[*at]).find(|operation| operation.method == method);
    match wanted {
        Some(operation) => Found::Operation(operation, parameters(operation.path, path)),
        None => Found::WrongMethod,
    }
}

/// The parameters of a path that is known to match.
fn parameters<'p>(template: &'static str, path: &'p str) -> Vec<(&'static str, &'p str)> {
    let name = |part: &'static str| part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
    template.split('/').zip(path.split('/')).filter_map(|(part, value)| Some((name(part)?, value))).collect()
}

/// Whether a client may do this; the error lists what is missing.
pub(crate) fn permit(operation: &Operation, call: &Call<'_>) -> Result<(), ApiError> {
    let lacks = |permission: &&&str| !call.world.clients.permits(&call.client.id, permission);
    match operation.need {
        Need::NoToken | Need::Nothing => Ok(()),
        Need::Any(permissions) if permissions.iter().any(|permission| !lacks(&permission)) => Ok(()),
        Need::Any(permissions) => Err(ApiError::missing_any(permissions)),
        Need::All(permissions) => {
            let missing: Vec<&str> = permissions.iter().filter(lacks).copied().collect();
            if missing.is_empty() { Ok(()) } else { Err(ApiError::missing(&missing)) }
        }
    }
}

/// Runs an operation, when the organisation has it and the client may.
pub(crate) fn run(operation: &Operation, call: &mut Call<'_>) -> Answer {
    if operation.is_preview && !call.world.settings.preview {
        return Err(ApiError::not_found("The requested resource"));
    }
    permit(operation, call)?;
    (operation.run)(call)
}

impl From<Value> for Reply {
    fn from(body: Value) -> Self {
        Self::Json(200, body)
    }
}

/// An id and a name, as documents refer to others.
fn reference(client: &Client) -> Value {
    serde_json::json!({ "id": client.id, "selfUri": format!("/api/v2/oauth/clients/{}", client.id) })
}

/// The division that everything is in.
pub(crate) fn home() -> Value {
    serde_json::json!({ "id": HOME, "name": "Home", "selfUri": format!("/api/v2/authorization/divisions/{HOME}") })
}

/// The id of the only division.
pub(crate) const HOME: &str = "00000000-0000-4000-8000-000000000000";

/// An instant as the platform writes it: UTC with milliseconds.
pub(crate) fn iso(at: jiff::Timestamp) -> String {
    format!("{at:.3}")
}

/// A name filter of the platform: `*` stands for any text, in any case.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut ends_open = !pattern.contains('*');
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        ends_open = part.is_empty();
        rest = if part.is_empty() { "" } else { &rest[at + part.len()..] };
    }
    rest.is_empty() && (ends_open || !pattern.ends_with('*'))
}

/// Documents whose kinds more than one resource knows.
pub(crate) mod kinds {
    use super::Kind;

    const fn kind(name: &'static str, what: &'static str, uri: &'static str, is_versioned: bool) -> Kind {
        Kind { name, what, uri, is_versioned }
    }

    pub(crate) const IVR: Kind = kind("ivrs", "The call route", "/api/v2/architect/ivrs", true);
    pub(crate) const EMERGENCY_GROUP: Kind =
        kind("emergencyGroups", "The emergency group", "/api/v2/architect/emergencygroups", true);
    pub(crate) const SCHEDULE_GROUP: Kind =
        kind("scheduleGroups", "The schedule group", "/api/v2/architect/schedulegroups", true);
    pub(crate) const SCHEDULE: Kind = kind("schedules", "The schedule", "/api/v2/architect/schedules", true);
    pub(crate) const OUTCOME: Kind = kind("outcomes", "The outcome", "/api/v2/flows/outcomes", false);
    pub(crate) const MILESTONE: Kind = kind("milestones", "The milestone", "/api/v2/flows/milestones", false);
    pub(crate) const EXECUTION: Kind = kind("executions", "The flow execution", "/api/v2/flows/executions", false);
    pub(crate) const DATA_TABLE: Kind = kind("dataTables", "The data table", "/api/v2/flows/datatables", false);
    pub(crate) const TRUNK: Kind = kind("trunks", "The trunk", "/api/v2/telephony/providers/edges/trunks", true);
    pub(crate) const TRUNK_BASE: Kind =
        kind("trunkBases", "The trunk base", "/api/v2/telephony/providers/edges/trunkbasesettings", true);
    pub(crate) const EDGE: Kind = kind("edges", "The edge", "/api/v2/telephony/providers/edges", true);
    pub(crate) const EDGE_GROUP: Kind =
        kind("edgeGroups", "The edge group", "/api/v2/telephony/providers/edges/edgegroups", true);
    pub(crate) const SITE: Kind = kind("sites", "The site", "/api/v2/telephony/providers/edges/sites", true);
    pub(crate) const OUTBOUND_ROUTE: Kind =
        kind("outboundRoutes", "The outbound route", "/api/v2/telephony/providers/edges/outboundroutes", true);
    pub(crate) const DID_POOL: Kind =
        kind("didPools", "The DID pool", "/api/v2/telephony/providers/edges/didpools", true);
    pub(crate) const DID: Kind = kind("dids", "The DID", "/api/v2/telephony/providers/edges/dids", true);
    pub(crate) const CAMPAIGN: Kind = kind("campaigns", "The campaign", "/api/v2/outbound/campaigns", true);
    pub(crate) const TRIGGER: Kind = kind("triggers", "The trigger", "/api/v2/processautomation/triggers", true);
    pub(crate) const RULE: Kind = kind("alertRules", "The rule", "/api/v2/alerting/rules", true);
    pub(crate) const CREDENTIAL: Kind =
        kind("credentials", "The credential", "/api/v2/integrations/credentials", false);
    pub(crate) const LICENCE: Kind = kind("licences", "The licence", "/api/v2/license/definitions", false);
    pub(crate) const USER_LICENCES: Kind = kind("userLicences", "The user", "/api/v2/license/users", false);
    pub(crate) const NUMBER: Kind = kind("numbers", "The number", "/api/v2/telephony/numbers/routing", false);
    pub(crate) const LINK: Kind = kind("links", "The link", "/api/v2/telephony/organization/link", false);

    /// The kind with this name in a scenario.
    pub(crate) fn named(name: &str) -> Option<&'static Kind> {
        const ALL: [&Kind; 19] = [
            &IVR,
            &EMERGENCY_GROUP,
            &SCHEDULE_GROUP,
            &SCHEDULE,
            &OUTCOME,
            &MILESTONE,
            &DATA_TABLE,
            &TRUNK,
            &TRUNK_BASE,
            &EDGE,
            &EDGE_GROUP,
            &SITE,
            &OUTBOUND_ROUTE,
            &DID_POOL,
            &DID,
            &CAMPAIGN,
            &TRIGGER,
            &RULE,
            &CREDENTIAL,
        ];
        ALL.into_iter().find(|kind| kind.name == name)
    }
}

/// The conversation of what nobody is on the line for.
pub(crate) fn nobody() -> Arc<str> {
    "".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_reached_by_its_path_and_no_two_share_one() {
        let mut seen = std::collections::BTreeSet::new();
        for operation in operations() {
            let parts = operation.path.split('/').map(|part| if part.starts_with('{') { "x%2Fy" } else { part });
            let path = parts.collect::<Vec<_>>().join("/");
            let Found::Operation(found, parameters) = find(operation.method, &path) else { panic!("{path}") };
            assert_eq!((found.method, found.path), (operation.method, operation.path));
            assert!(parameters.iter().all(|(_, value)| decoded(value) == "x/y"), "{parameters:?}");
            assert!(seen.insert((operation.method, operation.path)), "{} {}", operation.method, operation.path);
        }
        assert!(matches!(find("PUT", "/api/v2/tokens/me"), Found::WrongMethod));
        assert!(matches!(find("GET", "/api/v2/nowhere"), Found::Nothing));
    }

    #[test]
    fn a_name_filter_matches_with_wildcards() {
        for (pattern, name, expected) in [
            ("Main IVR", "main ivr", true),
            ("Main", "Main IVR", false),
            ("Main*", "Main IVR", true),
            ("*IVR", "Main IVR", true),
            ("*ai*v*", "Main IVR", true),
            ("*ai*x*", "Main IVR", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} on {name}");
        }
    }
}
