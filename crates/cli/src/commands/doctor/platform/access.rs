//! Credentials, permissions, region, time.

use clock::Clock;
use config::{Place, Platform};
use genesys::roles::{ACT, Permission, READ};
use genesys::tokens::{Me, Permissions};
use genesys::{Error, Region, notifications, organisation, telephony, tokens};

use super::super::check::Check;
use super::{Asked, failed, judge, new, refused};
use crate::platform;

/// A clock that is wrong by more moves the edges of what is counted.
const SKEW_SECONDS_MAX: i64 = 5;

/// Tokens that hold for less are asked for too often.
const TOKEN_SECONDS_MIN: u64 = 3_600;

pub(super) async fn check(client: Asked<'_>, configured: &Platform, me: &Me, clock: &Clock, checks: &mut Vec<Check>) {
    backup(configured, me, clock, checks).await;
    if let Some(held) = judge("permissions", tokens::permissions(client).await, checks) {
        checks.push(permissions("permissions to watch", &READ, &held));
        checks.push(permissions("permissions to act", &ACT, &held));
    }
    own_client(client, configured, checks).await;
    region(client, configured, checks).await;
    checks.push(time(client.skew_seconds()));
    channel(client, checks).await;
}

async fn backup(configured: &Platform, me: &Me, clock: &Clock, checks: &mut Vec<Check>) {
    let check = new("backup credential");
    checks.push(match platform::backup(configured, clock.clone()) {
        None => {
            let fix = "add `platform.backup` from another store of secrets, so that a lost secret stops nothing";
            check.advice("there is none", fix)
        }
        Some(Err(report)) => refused(check, &report),
        Some(Ok(client)) => match tokens::me(&client).await {
            Ok(backup) if backup.organization.id != me.organization.id => {
                check.bad("it is of another organisation", "create the backup client in the same organisation")
            }
            Ok(_) => check.good("gives a token"),
            Err(error) => failed(check, &error),
        },
    });
}

fn permissions(name: &str, wanted: &[Permission], held: &Permissions) -> Check {
    let check = new(name);
    let missing: Vec<&Permission> = wanted.iter().filter(|permission| !held.allow(permission.name)).collect();
    if missing.is_empty() {
        return check.good(format!("all {}", wanted.len()));
    }
    let told: Vec<String> = missing.iter().map(|missing| format!("{} ({})", missing.name, missing.used_for)).collect();
    let names: Vec<&str> = missing.iter().map(|missing| missing.name).collect();
    check.bad(format!("missing: {}", told.join("; ")), format!("give a role of the OAuth client: {}", names.join(", ")))
}

async fn own_client(client: Asked<'_>, configured: &Platform, checks: &mut Vec<Check>) {
    let check = new("OAuth client");
    let fix = "set its token duration to an hour or more";
    checks.push(match organisation::oauth_client(client, &configured.client.id).await {
        // Which permission is missing was told already.
        Err(Error::Api(error)) if error.status == 403 => {
            check.unknown("it may not be seen", "see the permissions above")
        }
        Err(error) => failed(check, &error),
        Ok(own) => match own.access_token_validity_seconds {
            Some(seconds) if seconds < TOKEN_SECONDS_MIN => {
                check.advice(format!("its tokens hold for {seconds} s"), fix)
            }
            Some(seconds) => check.good(format!("{}, tokens hold for {} h", own.name, seconds / 3_600)),
            None => check.good(own.name),
        },
    });
}

async fn region(client: Asked<'_>, configured: &Platform, checks: &mut Vec<Check>) {
    let Some(home) = judge("region", telephony::home_region(client).await, checks) else { return };
    let wanted = match &configured.place {
        Place::Region(name) => name.parse::<Region>().ok().map(|region| region.name),
        Place::Gateway { .. } => None,
    };
    let check = new("region");
    checks.push(match (home, wanted) {
        (Some(home), Some(wanted)) if home != wanted => {
            check.bad(format!("the organisation lives in {home}, not in {wanted}"), "correct `platform.region`")
        }
        (Some(home), _) => check.good(home),
        (None, _) => check.unknown("the platform does not say", "see the organisation's settings"),
    });
}

fn time(ahead: Option<i64>) -> Check {
    let check = new("clock");
    match ahead {
        None => check.unknown("the platform's time is not known", "look again"),
        Some(ahead) if ahead.abs() > SKEW_SECONDS_MAX => {
            let fix = "set this machine's clock, and keep it set with NTP";
            check.bad(format!("this machine and the platform differ by {} s", ahead.abs()), fix)
        }
        Some(_) => check.good("agrees with the platform's"),
    }
}

/// Notifications are told through a socket, which firewalls like to forget.
async fn channel(client: Asked<'_>, checks: &mut Vec<Check>) {
    let check = new("notifications");
    let opened = match notifications::open(client).await {
        Ok(channel) => notifications::answers(client, &channel).await,
        Err(error) => {
            checks.push(failed(check, &error));
            return;
        }
    };
    checks.push(if opened {
        check.good("a socket opens and answers")
    } else {
        let fix = "let WebSockets out to the platform's streaming host; until then Steadyline asks every 30 s";
        check.bad("no socket can be opened", fix)
    });
}
