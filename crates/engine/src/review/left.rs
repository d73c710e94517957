//! Calls that were left open: found, ended where the plan says so, and looked for again.
//!
//! - The platform's integrations have no sessions; what they leave behind are calls that do not end. They are found by a
//!   query for conversations, and ended as the platform ends any conversation.
//! - A call that a person of the organisation is in is left alone, however long it is open: nobody is cut off by a review.
//! - What counts is what the platform says afterwards, not what it answered when it was told. It learns of an end late, so
//!   it is asked for a while.
//! - What cannot be ended stays, and is told; the next review of the plan, such as that of the next night, tries again.

use std::time::Duration;

use base::Mono;
use genesys::analytics::Conversation;
use genesys::conversations::{Open, open_calls};
use genesys::{Error, organisation, telephony};
use jiff::{SignedDuration, Timestamp};
use review::{Fate, Gap, Known, Left, LeftCall, SessionSample, Sessions};

use super::{Asking, gap};

/// What this part is called.
pub(super) const PART: &str = "calls left open";

/// So many are looked at, and ended, in one review.
const CALLS_MAX: usize = 500;
/// The longest that the platform is waited for when it is asked which there are.
const LOOK_TIME_MAX: Duration = Duration::from_secs(180);
/// From one that is ended to the next: less than half of what the platform allows by itself.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest that ending one may take, with a wait for the budget of requests.
const END_TIME_MAX: Duration = Duration::from_secs(120);
/// The longest that is spent on ending them; those that are not reached wait for the next review.
const ENDING_TIME_MAX: Duration = Duration::from_secs(15 * 60);
/// The platform is asked so often whether they are over ...
const LOOKS_MAX: u32 = 10;
/// ... with so long before each time.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Longer than everything together.
pub(super) const TIME_MAX: Duration = Duration::from_secs(
    LOOK_TIME_MAX.as_secs() * (LOOKS_MAX as u64 + 2)
        + LOOK_EVERY.as_secs() * LOOKS_MAX as u64
        + ENDING_TIME_MAX.as_secs()
        + END_TIME_MAX.as_secs(),
);

/// Finds them, ends them where the plan says so, and looks again. `began` is when the window began.
pub(super) async fn learn(asking: &Asking<'_>, asked: &Sessions, began: Mono) -> Known<Left> {
    let now = asking.setup.clock.now().wall;
    let before = SignedDuration::try_from(asked.longest).ok().and_then(|longest| now.checked_sub(longest).ok());
    let before = before.unwrap_or(Timestamp::MIN);
    let Open { calls, more } = look(asking, before).await?;
    let (found, mut left) = (calls.len() as u64 + more, calls.iter().map(|it| call(it, now)).collect::<Vec<_>>());
    if found == 0 || !asked.ends {
        return Ok(Left { calls: left, more, residue: Ok(found), after: None });
    }
    end(asking, &calls, &mut left).await;
    let ended = left.iter().filter(|call| call.fate == Fate::Ended).count() as u64;
    let residue = if ended == 0 { Ok(found) } else { look_again(asking, before, found - ended).await };
    let after = if ended == 0 { None } else { sample(asking, began).await };
    Ok(Left { calls: left, more, residue, after })
}

async fn look(asking: &Asking<'_>, before: Timestamp) -> Known<Open> {
    let looked = asking.setup.clock.timeout(LOOK_TIME_MAX, open_calls(asking.client, before, CALLS_MAX)).await;
    let late = || Gap {
        why: format!("the platform has not said within {} s which calls are open", LOOK_TIME_MAX.as_secs()),
        fix: "see whether the platform is busy, and run the review again".to_owned(),
    };
    looked.ok_or_else(late)?.map_err(|error| gap(&error))
}

/// How many are open still, once the platform knows of those that were ended, or when it was asked often enough.
/// No fewer than `refused` can be expected.
async fn look_again(asking: &Asking<'_>, before: Timestamp, refused: u64) -> Known<u64> {
    let mut residue = Err(Gap::unasked());
    for _ in 0..LOOKS_MAX {
        asking.setup.clock.sleep(LOOK_EVERY).await;
        residue = look(asking, before).await.map(|Open { calls, more }| calls.len() as u64 + more);
        if residue.as_ref().is_ok_and(|residue| *residue <= refused) {
            break;
        }
    }
    residue
}

async fn sample(asking: &Asking<'_>, began: Mono) -> Option<SessionSample> {
    let clock = &asking.setup.clock;
    let now = clock.timeout(LOOK_TIME_MAX, telephony::capacity(asking.client)).await?.ok()?;
    let (calls, sessions) = (now.concurrent_call_count?, now.concurrent_call_session_count?);
    Some(SessionSample { at: clock.mono().since(began), calls, sessions })
}

fn call(conversation: &Conversation, now: Timestamp) -> LeftCall {
    let began = conversation.conversation_start.unwrap_or(now);
    LeftCall {
        id: conversation.conversation_id.clone(),
        since: began.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        open_for: now.duration_since(began).try_into().unwrap_or_default(),
        medium: conversation.medium().map(str::to_owned),
        queue: conversation.queue().map(str::to_owned),
        fate: Fate::Open,
    }
}

/// Ends one after the other, each within its time, and writes down what became of it.
async fn end(asking: &Asking<'_>, conversations: &[Conversation], left: &mut [LeftCall]) {
    let (clock, steps) = (&asking.setup.clock, left.len());
    let began = clock.mono();
    // Why none of those that follow can be ended either.
    let mut hopeless: Option<String> = None;
    for (step, (conversation, call)) in conversations.iter().zip(left).enumerate() {
        if hopeless.is_none() && ENDING_TIME_MAX <= clock.mono().since(began) {
            hopeless = Some(format!("there was no time left after {} min", ENDING_TIME_MAX.as_secs() / 60));
        }
        call.fate = match &hopeless {
            Some(why) => Fate::Refused(why.clone()),
            None if conversation.has_agent() => Fate::Refused("somebody of the organisation is in it".to_owned()),
            None => {
                clock.sleep(PAUSE).await;
                let ended = clock.timeout(END_TIME_MAX, organisation::disconnect(asking.client, &call.id)).await;
                if let Some(Err(error)) = &ended
                    && is_about_us(error)
                {
                    hopeless = Some(why(error));
                }
                fate(ended)
            }
        };
        asking.tell(PART, (step + 1, steps), None);
    }
}

/// What became of a call that was to be ended; `None` when nothing was heard in time.
fn fate(ended: Option<Result<(), Error>>) -> Fate {
    match ended {
        Some(Ok(())) => Fate::Ended,
        // It has ended by itself.
        Some(Err(error)) if error.status() == Some(404) => Fate::Ended,
        Some(Err(error)) => Fate::Refused(why(&error)),
        None => Fate::Refused(format!("the platform has not answered within {} s", END_TIME_MAX.as_secs())),
    }
}

/// Whoever is refused once for what they are is refused every time.
fn is_about_us(error: &Error) -> bool {
    match error {
        Error::Api(error) => matches!(error.status, 401 | 403),
        Error::Login { .. } => true,
        _ => false,
    }
}

/// Why in a few words: without the id of the call, so that what is refused for one reason has one reason.
fn why(error: &Error) -> String {
    match error {
        Error::Api(api) if !api.missing_permissions.is_empty() => {
            format!("the permission {} is missing", api.missing_permissions.join(", "))
        }
        Error::Api(api) => format!("{} {}", api.status, api.code).trim_end().to_owned(),
        Error::NoAnswer { message, .. } => format!("no answer: {message}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use genesys::error::ApiError;

    use super::*;

    fn api(status: u16, body: &str) -> Error {
        Error::Api(Box::new(ApiError::read("POST", "/api/v2/conversations/c-1/disconnect", status, body.as_bytes())))
    }

    #[test]
    fn what_is_refused_is_told_without_the_call() {
        let missing = api(403, r#"{"code":"missing.permissions","message":"You are missing: a:b:c"}"#);
        assert!(is_about_us(&missing));
        assert_eq!(fate(Some(Err(missing))), Fate::Refused("the permission a:b:c is missing".to_owned()));
        let busy = api(503, r#"{"code":"service.unavailable","message":"c-1"}"#);
        assert!(!is_about_us(&busy));
        assert_eq!(fate(Some(Err(busy))), Fate::Refused("503 service.unavailable".to_owned()));
        assert_eq!(fate(Some(Err(api(500, "<html>")))), Fate::Refused("500".to_owned()));
        assert_eq!(fate(None), Fate::Refused("the platform has not answered within 120 s".to_owned()));
        assert_eq!(fate(Some(Err(api(404, "{}")))), Fate::Ended);
        assert_eq!(fate(Some(Ok(()))), Fate::Ended);
    }
}
