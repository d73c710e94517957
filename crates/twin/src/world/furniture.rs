//! What a small organisation has before anybody configures it: a site, two carriers, numbers, routes, licences.

use serde_json::{Value, json};

use super::{Kind, World};
use crate::platform::{HOME, kinds};

/// Numbers of an organisation.
const NUMBERS: u64 = 10;

/// Users with licences.
const USERS: usize = 25;

impl World {
    /// Puts the usual things into an empty organisation.
    pub(super) fn furnish(&mut self) {
        let numbers = numbers(&self.number);
        let division =
            json!({"id": HOME, "name": "Home", "selfUri": format!("/api/v2/authorization/divisions/{HOME}")});
        let site = self.put(
            &kinds::SITE,
            json!({"name": "Main site", "mediaModel": "Premises", "managed": false, "state": "active",
            "mediaRegions": [self.region], "primarySites": [], "secondarySites": [], "coreSite": false}),
        );
        let group = self
            .put(&kinds::EDGE_GROUP, json!({"name": "Edges", "managed": false, "hybrid": false, "state": "active"}));
        let edge = self.put(
            &kinds::EDGE,
            json!({"name": "Edge 1", "onlineStatus": "ONLINE", "statusCode": "ACTIVE", "state": "active",
            "callDrainingState": "NONE", "managed": false, "physicalEdge": false, "edgeDeploymentType": "HARDWARE"}),
        );
        let mut bases = Vec::new();
        for name in ["Carrier A", "Carrier B"] {
            let base = self.put(&kinds::TRUNK_BASE, json!({"name": name, "trunkType": "EXTERNAL", "managed": false, "state": "active",
                "trunkMetabase": {"id": "external_sip.json", "name": "Generic BYOC Carrier"},
                "properties": {"trunk_enabled": {"value": {"instance": true}}, "trunk_max_dial_timeout": {"value": {"instance": "1m"}}}}));
            let trunk = self.put(&kinds::TRUNK, json!({"name": name, "trunkType": "EXTERNAL", "state": "active", "inService": true,
                "enabled": true, "trunkBase": {"id": base, "name": name}, "edge": {"id": edge, "name": "Edge 1"},
                "edgeGroup": {"id": group, "name": "Edges"}, "optionsEnabledStatus": "ENABLED", "registersEnabledStatus": "NOT_SUPPORTED"}));
            self.set_trunk_connected(&trunk, true, self.began);
            bases.push(json!({"id": base, "name": name}));
        }
        self.put(
            &kinds::OUTBOUND_ROUTE,
            json!({"name": "Default route", "state": "active", "enabled": true, "distribution": "SEQUENTIAL",
            "classificationTypes": ["National", "International"], "externalTrunkBases": bases, "managed": false,
            "site": {"id": site, "name": "Main site"}}),
        );
        let pool = self.put(
            &kinds::DID_POOL,
            json!({"name": "Numbers", "state": "active", "startPhoneNumber": numbers[0],
            "endPhoneNumber": numbers[numbers.len() - 1], "provider": "PURE_CLOUD"}),
        );
        let hours = self.put(
            &kinds::SCHEDULE,
            json!({"name": "Always", "state": "active", "division": division,
            "start": "2020-01-01T00:00:00.000", "end": "2020-01-02T00:00:00.000", "rrule": "FREQ=DAILY;INTERVAL=1"}),
        );
        let schedules = self.put(&kinds::SCHEDULE_GROUP, json!({"name": "Business hours", "state": "active", "division": division,
            "timeZone": "UTC", "openSchedules": [{"id": hours, "name": "Always"}], "closedSchedules": [], "holidaySchedules": []}));
        let ivr = self.put(
            &kinds::IVR,
            json!({"name": "Main line", "state": "active", "division": division, "dnis": [numbers[0]],
            "scheduleGroup": {"id": schedules, "name": "Business hours"}}),
        );
        self.put(
            &kinds::EMERGENCY_GROUP,
            json!({"name": "Evacuation", "state": "active", "division": division, "enabled": false,
            "emergencyCallFlows": []}),
        );
        for number in numbers.clone() {
            let mut did = json!({"name": number, "phoneNumber": number, "state": "active", "didPool": {"id": pool, "name": "Numbers"}});
            if number == self.number {
                did["owner"] = json!({"id": ivr, "name": "Main line"});
                did["ownerType"] = "IVR_CONFIG".into();
            }
            self.put(&kinds::DID, did);
            let organisation = self.organisation_id.clone();
            let routed = json!({"numberId": number, "ownerOrganizationId": organisation, "activeOrganizationId": organisation,
                "region": self.region, "carrierCode": "twin", "status": "Normal", "linkedOrganizationIds": []});
            // A number is known by itself, not by an id.
            let _ = self.documents.add(&kinds::NUMBER, &number, routed);
        }
        for (id, description) in [("cloudCX1", "Genesys Cloud CX 1"), ("cloudCX3", "Genesys Cloud CX 3")] {
            let licence = json!({"description": description, "permissions": {"ids": ["routing:queue:view"]}, "prerequisites": [], "comprises": []});
            let _ = self.documents.add(&kinds::LICENCE, id, licence);
        }
        for user in 0..USERS {
            self.put(&kinds::USER_LICENCES, json!({"licenses": [if user % 5 == 0 { "cloudCX1" } else { "cloudCX3" }]}));
        }
        self.put(&kinds::CREDENTIAL, json!({"name": "CRM", "type": {"id": "basicAuth", "name": "Basic Auth"}}));
        self.put(&kinds::CAMPAIGN, json!({"name": "Renewals", "campaignStatus": "on", "dialingMode": "progressive", "priority": 5,
            "division": {"id": HOME, "name": "Home"}, "outboundLineCount": 5, "abandonRate": 3.0, "errors": [], "dncLists": [],
            "ruleSets": [], "phoneColumns": [{"columnName": "Mobile", "type": "cell"}], "callerName": "Twin", "callerAddress": numbers[0]}));
    }

    /// Adds a document under a new id, which it gives.
    pub(crate) fn put(&mut self, kind: &Kind, document: Value) -> String {
        let id = self.id();
        // An empty organisation has room.
        let _ = self.documents.add(kind, &id, document);
        id
    }

    /// Leads the main line to a flow, unless it leads somewhere already.
    pub(crate) fn lead_main_line(&mut self, flow_id: &str, flow_name: &str) {
        let all = self.documents.all(&kinds::IVR);
        let main = all.iter().find(|ivr| ivr["name"] == "Main line" && ivr.get("openHoursFlow").is_none());
        let Some(id) = main.and_then(|ivr| ivr["id"].as_str()).map(str::to_owned) else { return };
        if let Some(ivr) = self.documents.get_mut(&kinds::IVR, &id) {
            ivr.insert("openHoursFlow".to_owned(), json!({"id": flow_id, "name": flow_name}));
        }
    }
}

/// A number and the nine that follow it; a text that is no number stands alone.
fn numbers(first: &str) -> Vec<String> {
    match first.strip_prefix('+').and_then(|digits| digits.parse::<u64>().ok()) {
        Some(digits) => (digits..digits + NUMBERS).map(|number| format!("+{number}")).collect(),
        None => vec![first.to_owned()],
    }
}
