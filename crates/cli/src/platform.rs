//! The organisation that is watched, by its client.

use api::Exit;
use clock::Clock;
use config::{Place, Platform, PlatformClient};
use genesys::budget::Policy;
use genesys::{Client, Connection, Credential, Hosts, Region};
use miette::Report;
use server::Guide;

use crate::failure::Failure;

/// A client of the platform; nothing is asked yet.
pub(crate) fn client(platform: &Platform, clock: Clock) -> Result<Client, Report> {
    let connection = Connection {
        hosts: hosts(&platform.place)?,
        credential: credential(&platform.client),
        backup: platform.backup.as_ref().map(credential),
        policy: Policy {
            ordinary_max: platform.requests_per_minute,
            reserved_percent: u32::from(platform.reserved_percent),
        },
    };
    open(connection, clock)
}

/// What the Guide API is answered from.
pub(crate) fn guide(platform: &Platform, client: Client, clock: &Clock) -> Guide {
    Guide::new(client, platform.licences.clone(), platform.health_hosts.clone(), clock.clone())
}

/// A client that has only the backup credential, to try it out.
pub(crate) fn backup(platform: &Platform, clock: Clock) -> Option<Result<Client, Report>> {
    let backup = platform.backup.clone()?;
    Some(client(&Platform { client: backup, backup: None, ..platform.clone() }, clock))
}

fn open(connection: Connection, clock: Clock) -> Result<Client, Report> {
    // Pauses are drawn by chance so that many processes do not come back together.
    let seed = u64::from(std::process::id());
    Client::new(connection, clock, seed).map_err(|error| {
        let hint = error.hint();
        Failure::new(Exit::Usage, "the client of the platform cannot be made", hint).because(error).into()
    })
}

fn hosts(place: &Place) -> Result<Hosts, Report> {
    match place {
        Place::Gateway { url, login_prefix, api_prefix } => Ok(Hosts::behind(url, login_prefix, api_prefix)),
        Place::Region(name) => {
            let region: Result<Region, _> = name.parse();
            region.map(Hosts::of).map_err(|error| {
                let hint = "write `platform.region` as an AWS region such as eu-central-1, or as a domain";
                Failure::new(Exit::Usage, "the platform's region is not known", hint).because(error).into()
            })
        }
    }
}

fn credential(client: &PlatformClient) -> Credential {
    Credential { id: client.id.clone(), secret: client.secret.clone() }
}
