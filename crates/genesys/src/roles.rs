//! The permissions that Steadyline's OAuth client needs, and what each is for.
//!
//! Scopes do not count for client credentials: roles do. Reading is enough to watch; acting is needed to go back, to
//! flip routes and to run drills. Telephony has one broad permission; there is none that only reads. What only some plans
//! ask for is not among them, such as `conversation:communication:disconnect` for a review that ends calls: whoever lacks
//! it is told so when it is needed.

/// A permission, and what does not work without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// `domain:entity:action`.
    pub name: &'static str,
    /// What it is for.
    pub used_for: &'static str,
}

const fn needed(name: &'static str, used_for: &'static str) -> Permission {
    Permission { name, used_for }
}

/// What watching needs.
pub const READ: [Permission; 35] = [
    needed("architect:flow:view", "seeing flows, their versions and their locks"),
    needed("architect:dependencyTracking:view", "seeing what a version uses before it is published"),
    needed("dependencies:dependency:view", "seeing what a Data Action requires"),
    needed("architect:datatable:view", "reading the state that flows read"),
    needed("architect:flowOutcome:view", "counting outcomes of flows"),
    needed("architect:flowInstance:search", "finding executions that ended in an error"),
    needed("architect:flowInstance:view", "reading executions that ended in an error"),
    needed("routing:callRoute:view", "seeing which flow a number leads to"),
    needed("routing:emergencyGroup:view", "seeing whether an emergency is on"),
    needed("routing:scheduleGroup:view", "seeing opening hours"),
    needed("routing:schedule:view", "seeing opening hours"),
    needed("routing:queue:view", "naming queues"),
    needed("analytics:conversationAggregate:view", "counting conversations and errors"),
    needed("analytics:conversationDetail:view", "finding test calls, and calls that do not end"),
    needed("analytics:flowAggregate:view", "counting error exits of a version"),
    needed("analytics:flowObservation:view", "seeing who is in a flow"),
    needed("analytics:flowExecutionAggregate:view", "counting workflows"),
    needed("analytics:queueObservation:view", "the supervisors' dashboard"),
    needed("analytics:agentState:view", "counting agents before an overflow"),
    needed("analytics:rateLimitAggregate:view", "seeing limits that are nearly hit"),
    needed("integrations:integration:view", "seeing whether integrations are active"),
    needed("integrations:action:view", "counting failures of Data Actions"),
    needed("telephony:plugin:all", "seeing and switching trunks, edges and routes"),
    needed("telephony:callMetrics:view", "seeing how much call capacity is left"),
    needed("telephony:numberRouting:view", "seeing which organisation a number leads to"),
    needed("telephony:organizationLink:view", "seeing the linked organisation"),
    needed("telephony:pcap:view", "SIP evidence of drills"),
    needed("usage:organization:view", "the use of the API"),
    needed("usage:client:view", "our own use of the API"),
    needed("usage:events:view", "failures inside the platform"),
    needed("audits:audit:view", "seeing who changed what"),
    needed("authorization:license:view", "counting licences"),
    needed("billing:subscription:view", "billable usage"),
    needed("oauth:client:view", "seeing the state of our own client"),
    needed("outbound:campaign:view", "seeing which campaigns dial"),
];

/// What acting needs.
pub const ACT: [Permission; 19] = [
    needed("architect:flow:publish", "going back to an earlier version"),
    needed("architect:flow:edit", "taking and giving back a flow's lock"),
    needed("architect:flow:unlock", "going back while somebody has the flow open"),
    needed("architect:jobValidate:create", "validating a flow"),
    needed("architect:jobValidate:view", "validating a flow"),
    needed("architect:jobExport:create", "keeping a copy before a change"),
    needed("architect:jobExport:view", "keeping a copy before a change"),
    needed("architect:job:create", "deploying a flow"),
    needed("architect:job:view", "deploying a flow"),
    needed("architect:datatableRow:add", "writing the state that flows read"),
    needed("architect:datatableRow:edit", "writing the state that flows read"),
    needed("routing:callRoute:edit", "leading a number to another flow"),
    needed("routing:emergencyGroup:edit", "switching an emergency"),
    needed("routing:scheduleGroup:edit", "maintenance windows"),
    needed("integrations:action:execute", "testing a Data Action"),
    needed("integrations:integration:edit", "drills that disable an integration"),
    needed("telephony:numberRouting:edit", "leading numbers to the other region"),
    needed("outbound:campaign:stop", "pausing campaigns"),
    needed("outbound:campaign:start", "resuming campaigns"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_permission_is_named_twice() {
        let mut names: Vec<&str> = READ.iter().chain(&ACT).map(|permission| permission.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.iter().all(|name| name.split(':').count() == 3));
    }
}
