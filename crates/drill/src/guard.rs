//! What a drill may touch, how much of it, and when.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use base::Ppm;

use crate::number::Pattern;
use crate::subject::Tie;
use crate::unfit::Unfit;
use crate::week::Weekly;

/// The longest name of a host, in bytes (RFC 1035).
const HOST_BYTES_MAX: usize = 253;

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    host: String,
    port: u16,
}

impl FromStr for HostPort {
    type Err = Unfit;

    /// Reads `crm.example:443` and `[::1]:443`; capitals, and a point at the end of the name, mean nothing.
    fn from_str(text: &str) -> Result<Self, Unfit> {
        let wrong = || {
            let fix = "write a host and a port, such as `crm.example:443`";
            Unfit::new(format!("`{}` is no host with its port", crate::metric::shortened(text)), fix)
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let port: u16 = port.parse().ok().filter(|port| is_number && 0 < *port).ok_or_else(wrong)?;
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if let Some(address) = address {
            let address: std::net::Ipv6Addr = address.parse().map_err(|_| wrong())?;
            return Ok(Self { host: format!("[{address}]"), port });
        }
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let is_host = host.len() <= HOST_BYTES_MAX && host.split('.').all(is_label);
        if is_host { Ok(Self { host, port }) } else { Err(wrong()) }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// An operation of the platform on one object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// Its name, such as `put_architect_emergencygroup`.
    pub name: String,
    /// The object's id.
    pub object: String,
}

/// Things by their names, each list complete: what is not in it is not meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Things {
    /// Queues.
    pub queues: BTreeSet<String>,
    /// Trunks.
    pub trunks: BTreeSet<String>,
    /// Flows.
    pub flows: BTreeSet<String>,
    /// Hosts with their ports.
    pub hosts: BTreeSet<HostPort>,
    /// Campaigns, by id.
    pub campaigns: BTreeSet<String>,
    /// Operations of the platform.
    pub api: BTreeSet<Operation>,
    /// Numbers that calls come from.
    pub from: Vec<Pattern>,
    /// Numbers that calls go to.
    pub to: Vec<Pattern>,
}

/// How much at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Calls of the drill that stand at the same time.
    pub max_live_calls: Option<u32>,
    /// New calls a second.
    pub max_cps: Option<u32>,
    /// Calls in the whole run.
    pub max_calls: Option<u32>,
    /// Faults in the whole run.
    pub max_faults: Option<u32>,
    /// How long one fault lasts.
    pub max_fault: Option<Duration>,
    /// Customers' share of the traffic of what is broken. Nothing unless it is said.
    pub live_traffic: Ppm,
}

/// What forbids a drill while it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deny {
    /// Somebody works on the organisation.
    Maintenance,
    /// Something is wrong already.
    OpenIncident,
    /// There is no error budget left.
    BudgetExhausted,
}

impl Deny {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Maintenance, Self::OpenIncident, Self::BudgetExhausted];

    /// What it is called in a file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance",
            Self::OpenIncident => "open-incident",
            Self::BudgetExhausted => "budget-exhausted",
        }
    }
}

/// When a drill may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    /// The whole run lies in these; any time where there are none.
    pub allow: Vec<Weekly>,
    /// And not while one of these is so, or might be.
    pub deny_when: BTreeSet<Deny>,
}

impl Default for Windows {
    /// Any time, and not while anything stands against it.
    fn default() -> Self {
        Self { allow: Vec::new(), deny_when: BTreeSet::from(Deny::ALL) }
    }
}

/// Subjects that must not fall together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Independence {
    /// The subjects, by their names in the file.
    pub of: Vec<String>,
    /// What they must not have in common.
    pub differ_in: Vec<Tie>,
}

/// The guard as it is written. A [`Scope`](crate::Scope) is made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// What may be touched: this and nothing else.
    pub allow: Things,
    /// What may not, though it is allowed. Emergency numbers need not be named.
    pub forbid: Things,
    /// How much.
    pub limits: Limits,
    /// When.
    pub windows: Windows,
    /// What must not fall together.
    pub independent: Vec<Independence>,
    /// How many people agree before it runs, by the environment's name.
    pub approvals: BTreeMap<String, u32>,
}
