//! Trunks, and the ways out over them.

use genesys::telephony::{self, Verdict};
use review::{Known, OutboundRoute, Trunk, TrunkState};

use super::{Asking, gap};

/// Trunks that carry calls to and from outside.
const EXTERNAL: &str = "EXTERNAL";

pub(super) async fn learn(asking: &Asking<'_>) -> (Known<Vec<Trunk>>, Known<Vec<OutboundRoute>>) {
    tokio::join!(asking.part("trunks", 1, trunks(asking)), asking.part("outbound routes", 1, outbound(asking)))
}

async fn trunks(asking: &Asking<'_>) -> Known<Vec<Trunk>> {
    let known = telephony::trunks(asking.client).await.map_err(|error| gap(&error))?;
    let external = known.iter().filter(|trunk| trunk.trunk_type.as_deref().is_none_or(|kind| kind == EXTERNAL));
    Ok(external.map(trunk).collect())
}

fn trunk(trunk: &telephony::Trunk) -> Trunk {
    let answers = trunk.options_status.iter().filter_map(|status| status.proxy_address.clone());
    let registers = trunk.registers_status.iter().filter_map(|status| status.proxy_address.clone());
    let mut proxies: Vec<String> = answers.chain(registers).collect();
    proxies.sort();
    proxies.dedup();
    let state = match trunk.verdict() {
        Verdict::InService => TrunkState::InService,
        Verdict::Maintenance => TrunkState::Maintenance,
        Verdict::OutOfService => TrunkState::OutOfService,
        Verdict::Unknown => TrunkState::Unknown,
    };
    Trunk { name: trunk.name.clone(), state, proxies }
}

async fn outbound(asking: &Asking<'_>) -> Known<Vec<OutboundRoute>> {
    let known = telephony::outbound_routes(asking.client).await.map_err(|error| gap(&error))?;
    let route = |route: telephony::OutboundRoute| OutboundRoute {
        name: route.name,
        is_enabled: route.enabled == Some(true),
        trunks: route.external_trunk_bases.len(),
    };
    Ok(known.into_iter().map(route).collect())
}
