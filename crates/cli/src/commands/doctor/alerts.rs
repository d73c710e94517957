//! Could people be told?

use config::Receiver;

use super::check::Check;
use crate::controller;

/// Makes every courier as the controller would; nothing is sent.
pub(super) fn check(alerts: &[Receiver]) -> Vec<Check> {
    if alerts.is_empty() {
        let fix = "name a receiver under `alerts`; until then incidents are seen in the console only";
        return vec![Check::new("alerts", "receivers").advice("nobody is told about incidents", fix)];
    }
    alerts.iter().map(one).collect()
}

fn one(receiver: &Receiver) -> Check {
    let check = Check::new("alerts", &receiver.name);
    match controller::receiver(receiver) {
        Ok(_) => check.good("its secrets are there"),
        Err(report) => {
            let cause = report.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ");
            check.bad(cause, report.help().map_or_else(String::new, |help| help.to_string()))
        }
    }
}
