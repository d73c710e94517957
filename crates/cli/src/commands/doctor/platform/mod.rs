//! Is the platform as Steadyline needs it?

mod access;
mod flows;
mod room;
mod telephony;

use clock::Clock;
use config::Platform;
use genesys::tokens::Me;
use genesys::{Client, Error};

use super::check::Check;
use crate::platform;

/// Requests a minute while the doctor asks; it is not there for long.
const REQUESTS: u32 = 240;

/// Everything that can be asked of the organisation without changing it, but for a channel that is opened.
pub(super) async fn check(configured: &Platform, clock: &Clock) -> Vec<Check> {
    let hurried = Platform { requests_per_minute: REQUESTS, ..configured.clone() };
    let (client, me, connection) = match connect(&hurried, clock).await {
        Ok(connected) => connected,
        Err(check) => return vec![*check],
    };
    let mut checks = vec![connection];
    access::check(&client, configured, &me, clock, &mut checks).await;
    room::check(&client, configured, &mut checks).await;
    flows::check(&client, clock, &mut checks).await;
    telephony::check(&client, &mut checks).await;
    checks
}

/// A client that may ask, who it is, and what is to be said of it: the backup credential must not hide that the first one
/// is refused.
async fn connect(configured: &Platform, clock: &Clock) -> Result<(Client, Me, Check), Box<Check>> {
    let check = new("connection");
    let alone = Platform { backup: None, ..configured.clone() };
    let client = |platform| {
        platform::client(platform, clock.clone()).map_err(|report| Box::new(refused(check.clone(), &report)))
    };
    let first = client(&alone)?;
    match genesys::tokens::me(&first).await {
        Ok(me) => {
            let told = check.good(format!("organisation {} ({})", me.organization.name, me.organization.id));
            Ok((first, me, told))
        }
        Err(error) => {
            let told = failed(check.clone(), &error);
            let both = client(configured)?;
            match genesys::tokens::me(&both).await {
                Ok(me) => Ok((both, me, told)),
                Err(_) => Err(Box::new(told)),
            }
        }
    }
}

fn new(name: &str) -> Check {
    Check::new("platform", name)
}

fn refused(check: Check, report: &miette::Report) -> Check {
    let cause = report.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    check.bad(cause, report.help().map_or_else(String::new, |help| help.to_string()))
}

/// What could not be asked: an answer that says no is a failure, no answer is unknown.
fn failed(check: Check, error: &Error) -> Check {
    match error {
        Error::Api(_) | Error::Login { status: Some(_), .. } => check.bad(error.to_string(), error.hint()),
        _ => check.unknown(error.to_string(), error.hint()),
    }
}

/// A check from what was asked, or from why it could not be.
fn judge<T>(name: &str, asked: Result<T, Error>, checks: &mut Vec<Check>) -> Option<T> {
    match asked {
        Ok(answer) => Some(answer),
        Err(error) => {
            checks.push(failed(new(name), &error));
            None
        }
    }
}

/// Names for a sentence, not too many of them.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}

/// A check that is good when nothing is wrong with any of `count` things.
fn all(name: &str, count: usize, wrong: &[String], bad: &str, fix: &str) -> Check {
    let check = new(name);
    if wrong.is_empty() {
        check.good(format!("{count} looked at"))
    } else {
        check.bad(format!("{bad}: {}", some(wrong)), fix)
    }
}

type Asked<'a> = &'a Client;

#[cfg(test)]
mod tests;
