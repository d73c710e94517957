//! What a fact of the log means to analytics: its dimensions and its part in each metric.

use std::borrow::Cow;
use std::time::Duration;

use crate::platform::HOME;
use crate::world::{Entry, Fact, SERVICE_LEVEL};

/// Which analytics are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Conversations,
    Flows,
    Executions,
    Actions,
    RateLimits,
}

/// A fact's part in a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Measure {
    /// It happened once.
    Count,
    /// It took so many milliseconds.
    Timer(f64),
    /// It did, or did not, fulfil a goal.
    Ratio(bool),
}

/// The value of a dimension; `None` when the fact has none.
pub(super) fn dimension<'e>(entry: &'e Entry, name: &str) -> Option<Cow<'e, str>> {
    let text = |text: &'e str| Some(Cow::Borrowed(text));
    let is_call = !matches!(entry.fact, Fact::Ran { .. } | Fact::Limited { .. } | Fact::Launched(_));
    match (name, &entry.fact) {
        ("mediaType", _) if is_call => text("voice"),
        ("direction" | "originatingDirection", _) if is_call => text("inbound"),
        ("conversationId", _) if is_call => text(&entry.conversation),
        ("divisionId", _) => text(HOME),
        ("flowId", Fact::Entered(flow) | Fact::Left { flow, .. } | Fact::Launched(flow)) => text(&flow.id),
        ("flowName", Fact::Entered(flow) | Fact::Left { flow, .. } | Fact::Launched(flow)) => text(&flow.name),
        ("flowVersion", Fact::Entered(flow) | Fact::Left { flow, .. } | Fact::Launched(flow)) => text(&flow.version),
        ("flowType", Fact::Entered(_) | Fact::Left { .. }) => text("INBOUNDCALL"),
        ("flowType", Fact::Launched(_)) => text("WORKFLOW"),
        ("entryType", Fact::Entered(_) | Fact::Left { .. }) => text("dnis"),
        ("exitReason", Fact::Left { exit, .. }) => text(exit),
        ("transferType", Fact::Left { queue: Some(_), .. }) => text("ACD"),
        ("errorCode", Fact::Left { exit, .. }) if exit.contains("ERROR") => text("error.flow"),
        ("disconnectType", Fact::Left { exit, .. }) if exit.contains("DISCONNECT") => text("system"),
        (
            "queueId",
            Fact::Left { queue: Some(queue), .. }
            | Fact::Offered(queue)
            | Fact::Answered { queue, .. }
            | Fact::Abandoned { queue, .. }
            | Fact::Talked { queue, .. },
        ) => text(queue),
        ("actionId", Fact::Ran { action, .. }) => text(&action.id),
        ("actionName", Fact::Ran { action, .. }) => text(&action.name),
        ("integrationId", Fact::Ran { action, .. }) => text(&action.integration_id),
        ("actionCategory" | "integrationName", Fact::Ran { action, .. }) => text(&action.category),
        ("responseStatus", Fact::Ran { status, .. }) => Some(Cow::Owned(status.to_string())),
        ("errorType", Fact::Ran { error: Some(error), .. }) => text(error),
        ("namespace", Fact::Limited { .. }) => text("platform.api"),
        ("limitName", Fact::Limited { .. }) => text("client.credentials.token.rate.per.minute"),
        ("max", Fact::Limited { max, .. }) => Some(Cow::Owned(max.to_string())),
        ("timeUnit", Fact::Limited { .. }) => text("MINUTES"),
        ("entityId", Fact::Limited { client, .. }) => text(client),
        _ => None,
    }
}

/// What a fact adds to a metric; `None` when it has nothing to do with it.
pub(super) fn measure(entry: &Entry, family: Family, metric: &str) -> Option<Measure> {
    let timer = |length: &Duration| Some(Measure::Timer(length.as_millis() as f64));
    match (family, metric, &entry.fact) {
        (Family::Flows, "nFlow", Fact::Entered(_)) => Some(Measure::Count),
        (Family::Flows, "tFlow", Fact::Left { lasted, .. }) => timer(lasted),
        (Family::Flows, "tFlowDisconnect", Fact::Left { lasted, exit, .. }) if exit.contains("DISCONNECT") => {
            timer(lasted)
        }
        (Family::Flows, "tFlowExit", Fact::Left { lasted, exit, .. }) if !exit.contains("DISCONNECT") => timer(lasted),
        (Family::Executions, "nFlowExecutions", Fact::Launched(_)) => Some(Measure::Count),
        (Family::Actions, "tTotalExecution", Fact::Ran { took, .. }) => timer(took),
        (Family::RateLimits, "oRateLimitRecorded", Fact::Limited { .. }) => Some(Measure::Count),
        (Family::Conversations, "nConversations" | "nConnected", Fact::Entered(_)) => Some(Measure::Count),
        (Family::Conversations, "nError", Fact::Left { exit, .. }) if exit.contains("ERROR") => Some(Measure::Count),
        (Family::Conversations, "tIvr", Fact::Left { lasted, .. }) => timer(lasted),
        (Family::Conversations, "tFlowOut", Fact::Left { lasted, queue: Some(_), .. }) => timer(lasted),
        (Family::Conversations, "nOffered", Fact::Offered(_)) => Some(Measure::Count),
        (Family::Conversations, "tAnswered" | "tWait" | "tAcd", Fact::Answered { waited, .. }) => timer(waited),
        (Family::Conversations, "tAbandon" | "tWait" | "tAcd", Fact::Abandoned { waited, .. }) => timer(waited),
        (Family::Conversations, "tTalk" | "tHandle", Fact::Talked { length, .. }) => timer(length),
        (Family::Conversations, "nOverSla", Fact::Answered { waited, .. }) if *waited > SERVICE_LEVEL => {
            Some(Measure::Count)
        }
        (Family::Conversations, "oServiceLevel", Fact::Answered { waited, .. }) => {
            Some(Measure::Ratio(*waited <= SERVICE_LEVEL))
        }
        (Family::Conversations, "oServiceLevel", Fact::Abandoned { .. }) => Some(Measure::Ratio(false)),
        _ => None,
    }
}
