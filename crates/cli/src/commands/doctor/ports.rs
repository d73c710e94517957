//! Are the addresses free that the servers want?

use std::net::{SocketAddr, TcpListener};

use config::Listen;

use super::check::Check;

pub(super) fn check(listen: &Listen) -> [Check; 2] {
    [one("console", listen.console), one("gateway", listen.gateway)]
}

fn one(name: &str, address: SocketAddr) -> Check {
    let check = Check::new("ports", name);
    match TcpListener::bind(address) {
        Ok(_) => check.good(format!("{address} is free")),
        Err(error) => {
            let fix = format!("stop what listens there (a running Steadyline?), or change `listen.{name}`");
            check.bad(format!("{address}: {error}"), fix)
        }
    }
}
