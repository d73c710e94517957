//! What the configuration of the organisation does to its callers, and what is told when it changes.

use std::sync::Arc;
use std::time::Duration;

use base::Now;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::callers::Due;
use super::log::FlowRef;
use super::{Change, Client, World};
use crate::platform::{flow_changed, kinds, of_flow};

impl World {
    /// The flow that a call route leads a number to now: for an emergency, a holiday, closed hours, open hours, in this
    /// order; `None` without a call route.
    pub(super) fn route(&self, number: &str, now: Now) -> Option<String> {
        let leads = |ivr: &&Map<String, Value>| {
            ivr.get("dnis").and_then(Value::as_array).is_some_and(|dnis| dnis.contains(&json!(number)))
        };
        let ivr = self.documents.all(&kinds::IVR).iter().find(leads)?;
        let emergency = self
            .documents
            .all(&kinds::EMERGENCY_GROUP)
            .iter()
            .filter(|group| group.get("enabled") == Some(&json!(true)));
        let mut for_this =
            emergency.filter_map(|group| group.get("emergencyCallFlows")?.as_array()).flatten().filter(|one| {
                one["ivrs"].as_array().into_iter().flatten().any(|named| Some(&named["id"]) == ivr.get("id"))
            });
        let id = |value: &Value| value["id"].as_str().map(str::to_owned);
        if let Some(flow) = for_this.next().and_then(|one| id(&one["emergencyFlow"])) {
            return Some(flow);
        }
        let group = ivr
            .get("scheduleGroup")
            .and_then(|group| self.documents.get(&kinds::SCHEDULE_GROUP, group["id"].as_str()?));
        let holds = |list: &str| group.is_some_and(|group| self.holds(group, list, now));
        let flow = |name: &str| ivr.get(name).and_then(id);
        let special = match () {
            () if holds("holidaySchedules") => flow("holidayHoursFlow").or_else(|| flow("closedHoursFlow")),
            () if holds("closedSchedules") => flow("closedHoursFlow"),
            () => None,
        };
        special.or_else(|| flow("openHoursFlow"))
    }

    /// Whether one of the schedules in a list of a group holds now. A rule of repetition is taken for what it says of
    /// days and weeks; one that says more holds in its first period only.
    fn holds(&self, group: &Map<String, Value>, list: &str, now: Now) -> bool {
        let zone = group
            .get("timeZone")
            .and_then(Value::as_str)
            .and_then(|name| TimeZone::get(name).ok())
            .unwrap_or(TimeZone::UTC);
        let local = now.wall.to_zoned(zone).datetime();
        let named = group.get(list).and_then(Value::as_array).into_iter().flatten();
        let mut schedules = named.filter_map(|one| self.documents.get(&kinds::SCHEDULE, one["id"].as_str()?));
        schedules.any(|schedule| {
            let time = |name: &str| schedule.get(name)?.as_str()?.parse::<DateTime>().ok();
            let (Some(start), Some(end)) = (time("start"), time("end")) else { return false };
            let rule = schedule.get("rrule").and_then(Value::as_str).unwrap_or_default();
            if (start..end).contains(&local) {
                return true;
            }
            let in_hours = local >= start && (start.time()..end.time()).contains(&local.time());
            let day = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
                [usize::from(local.weekday().to_monday_zero_offset().unsigned_abs())];
            match rule.contains("FREQ=DAILY") {
                true => in_hours,
                false if rule.contains("FREQ=WEEKLY") => {
                    let days = rule.split(';').find_map(|part| part.strip_prefix("BYDAY="));
                    in_hours
                        && days.map_or(local.weekday() == start.weekday(), |days| days.split(',').any(|own| own == day))
                }
                false => false,
            }
        })
    }

    /// The operation on a flow has reached its next state.
    pub(super) fn flow_changes(&mut self, id: &str, now: Now) {
        self.flows.settle(id, now.mono);
        self.tell_of_changed_flow(id, now);
        let operation = self.flows.by_id(id).and_then(|flow| Some((flow.name.clone(), flow.operation.clone()?)));
        if let Some((name, operation)) = operation
            && let (Some(failure), true) = (&operation.failure, operation.is_complete(now.mono))
        {
            self.records.event(now.wall, "flow-publish-failed", (id, &name), &failure.code, ["", "FAILURE"]);
        }
    }

    /// Awaits the states of the operation that has just begun on a flow.
    pub(crate) fn await_flow(&mut self, id: &str, now: Now) {
        let operation = self.flows.by_id(id).and_then(|flow| flow.operation.clone());
        for at in operation.iter().flat_map(super::Operation::changes) {
            self.agenda.add(at, Due::FlowChanges(id.to_owned()));
        }
        self.tell_of_changed_flow(id, now);
    }

    pub(crate) fn tell_of_changed_flow(&mut self, id: &str, now: Now) {
        let topic = format!("v2.flows.{id}");
        if !self.channels.wants(&topic) {
            return;
        }
        if let Some(flow) = self.flows.by_id(id) {
            let body = flow_changed(flow, now);
            let correlation_id = self.id();
            self.channels.tell(&topic, &body, &correlation_id);
        }
    }

    /// What analytics hear of one call in a flow, as it happens.
    pub(super) fn tell_of_flow(
        &mut self,
        flow: &Arc<FlowRef>,
        conversation: &Arc<str>,
        (metric, value): (&str, Duration),
        exit: Option<&str>,
        now: Now,
    ) {
        self.tell_of_aggregates(&flow.id, now);
        let topic = format!("v2.analytics.flow.{}.metrics", flow.id);
        if !self.channels.wants(&topic) {
            return;
        }
        let value = if exit.is_some() { u64::try_from(value.as_millis()).unwrap_or(u64::MAX) } else { 1 };
        let mut body = json!({
            "eventTime": now.wall.as_millisecond(), "flowId": flow.id, "flowVersion": flow.version, "flowType": "INBOUNDCALL",
            "conversationId": **conversation, "mediaType": "VOICE", "direction": "INBOUND", "metric": metric, "value": value,
        });
        if let Some(exit) = exit {
            body["exitReason"] = exit.into();
        }
        self.channels.tell(&topic, &body, conversation);
    }

    /// What has come together of a flow in the present period.
    fn tell_of_aggregates(&mut self, flow: &str, now: Now) {
        let topic = format!("v2.analytics.flow.{flow}.aggregates");
        if !self.channels.wants(&topic) {
            return;
        }
        if let Some(body) = of_flow(self, flow, now) {
            let correlation_id = self.id();
            self.channels.tell(&topic, &body, &correlation_id);
        }
    }

    /// What is to be seen in a queue now, for whoever watches it.
    pub(super) fn tell_of_queue(&mut self, place: usize, now: Now) {
        let Some(queue) = self.queues.at(place) else { return };
        let topic = format!("v2.analytics.queues.{}.observations", queue.id);
        if !self.channels.wants(&topic) {
            return;
        }
        let at = crate::platform::iso(now.wall);
        let metric = |name: &str, qualifier: Option<&str>, count: u64| {
            let mut metric = json!({"metric": name, "stats": {"count": count}});
            if let Some(qualifier) = qualifier {
                metric["qualifier"] = qualifier.into();
            }
            metric
        };
        let (idle, busy) = (queue.agents.saturating_sub(queue.busy), queue.busy);
        let metrics = [
            metric("oWaiting", None, queue.waiting() as u64),
            metric("oInteracting", None, u64::from(busy)),
            metric("oOnQueueUsers", Some("IDLE"), u64::from(idle)),
            metric("oOnQueueUsers", Some("INTERACTING"), u64::from(busy)),
        ];
        let group = json!({"queueId": *queue.id, "mediaType": "voice"});
        let body = json!({"group": group, "data": [{"interval": format!("{at}/{at}"), "metrics": metrics}]});
        let correlation_id = self.id();
        self.channels.tell(&topic, &body, &correlation_id);
    }

    /// A linked organisation tells where a number leads; it is known here after a while.
    pub(crate) fn hear_of_number(&mut self, number: Value, lag: Duration, now: Now) {
        if lag.is_zero() {
            return self.accept_number(&number);
        }
        self.agenda.add(now.mono + lag, Due::NumberKnown(Box::new(number)));
    }

    /// Until a linked organisation learns what happens here.
    pub(crate) fn replication_lag(&self) -> Duration {
        Duration::from_millis(self.settings.replication_lag_ms)
    }

    /// Begins to route a number to an organisation.
    pub(crate) fn route_number(&mut self, id: &str, organisation: &str, now: Now) {
        let Some(number) = self.documents.get_mut(&kinds::NUMBER, id) else { return };
        number.insert("status".to_owned(), "Pending".into());
        number.insert("pendingOrganizationId".to_owned(), organisation.into());
        let after = Duration::from_millis(self.settings.number_routing_ms);
        self.agenda.add(now.mono + after, Due::NumberMoves(id.to_owned()));
    }

    pub(super) fn number_moves(&mut self, id: &str) {
        let Some(number) = self.documents.get_mut(&kinds::NUMBER, id) else { return };
        let Some(to) = number.remove("pendingOrganizationId") else { return };
        let is_home = number.get("ownerOrganizationId") == Some(&to);
        number.insert("activeOrganizationId".to_owned(), to);
        number.insert("status".to_owned(), if is_home { "Normal" } else { "Redirected" }.into());
        let moved = Value::Object(number.clone());
        self.moved.push(moved);
    }

    /// This organisation as others know it: its id, name, region and numbers.
    pub(crate) fn as_linked(&self) -> (String, String, String, Vec<Value>) {
        let numbers = self.documents.all(&kinds::NUMBER).iter();
        let own =
            numbers.filter(|number| number["ownerOrganizationId"] == *self.organisation_id).cloned().map(Value::Object);
        (self.organisation_id.clone(), self.name.clone(), self.region.clone(), own.collect())
    }

    /// Another organisation is linked; its numbers become known, and ours may lead to it.
    pub(crate) fn accept_link(&mut self, (id, name, region, numbers): &(String, String, String, Vec<Value>)) {
        let link = json!({"sourceOrganizationId": self.organisation_id, "targetOrganizationId": id, "sourceRegion": self.region,
            "targetRegion": region, "targetName": name, "status": "Approved"});
        // A link more or less does not fill an organisation.
        let _ = self.documents.add(&kinds::LINK, id, link);
        for number in numbers {
            self.accept_number(number);
        }
        let own: Vec<String> = self
            .documents
            .all(&kinds::NUMBER)
            .iter()
            .filter_map(|number| number["id"].as_str().map(str::to_owned))
            .collect();
        for known in own {
            if let Some(number) = self.documents.get_mut(&kinds::NUMBER, &known) {
                number.insert("linkedOrganizationIds".to_owned(), json!([id]));
            }
        }
    }

    /// What is known of a number elsewhere.
    pub(crate) fn accept_number(&mut self, number: &Value) {
        if let Some(id) = number["id"].as_str() {
            let _ = self.documents.add(&kinds::NUMBER, id, number.clone());
        }
    }

    /// Whether a number leads here.
    pub(crate) fn answers(&self, number: &str) -> bool {
        self.documents
            .get(&kinds::NUMBER, number)
            .is_some_and(|number| number["activeOrganizationId"] == *self.organisation_id)
    }

    /// Takes the trunks of a base into or out of service.
    pub(crate) fn set_trunks_in_service(&mut self, base: &str, in_service: bool, now: Now) {
        self.change_trunks(|trunk| trunk["trunkBase"]["id"] == base, &[("inService", json!(in_service))], now);
    }

    /// Takes an edge, and its trunks with it, into or out of service.
    pub(crate) fn set_edge_in_service(&mut self, edge: &str, in_service: bool, now: Now) {
        self.change_trunks(|trunk| trunk["edge"]["id"] == edge, &[("enabled", json!(in_service))], now);
        let topic = format!("v2.telephony.providers.edges.{edge}");
        let body = json!({"id": edge, "onlineStatus": "ONLINE", "statusCode": if in_service { "ACTIVE" } else { "OUT_OF_SERVICE" }});
        let correlation_id = self.id();
        self.channels.tell(&topic, &body, &correlation_id);
    }

    /// Breaks the carrier behind a trunk, or mends it; false when there is no such trunk.
    pub(crate) fn set_trunk_connected(&mut self, trunk: &str, connected: bool, now: Now) -> bool {
        let at = crate::platform::iso(now.wall);
        // Each carrier has a proxy of its own.
        let place = self.documents.all(&kinds::TRUNK).iter().position(|known| known["id"] == trunk).unwrap_or(0);
        let proxy = format!("203.0.113.{}", 10 * (place % 20 + 1));
        let mut options = json!([{"proxyAddress": proxy, "optionState": connected, "optionStateTime": at}]);
        if !connected {
            let details = json!({"code": "503", "message": "Service Unavailable", "hostname": proxy});
            options[0]["errorInfo"] =
                json!({"text": "The carrier does not answer.", "code": "sip.503", "details": details});
        }
        let state = json!({"connected": connected, "connectedStateTime": at});
        let changes = [("connectedStatus", state), ("optionsStatus", options)];
        self.change_trunks(|known| known["id"] == trunk, &changes, now)
    }

    fn change_trunks(&mut self, is_meant: impl Fn(&Value) -> bool, changes: &[(&str, Value)], now: Now) -> bool {
        let all = self.documents.all(&kinds::TRUNK).iter().cloned().map(Value::Object);
        let meant: Vec<Value> = all.filter(|trunk| is_meant(trunk)).collect();
        for before in &meant {
            let Some(id) = before["id"].as_str() else { continue };
            let Some(trunk) = self.documents.get_mut(&kinds::TRUNK, id) else { continue };
            trunk.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            let after = Value::Object(trunk.clone());
            if after == *before {
                continue;
            }
            let name = before["name"].as_str().unwrap_or_default();
            let word = |trunk: &Value| if is_good(trunk) { "IN_SERVICE" } else { "OUT_OF_SERVICE" };
            self.records.event(
                now.wall,
                "trunk-state-changed",
                (id, name),
                "trunk.state",
                [word(before), word(&after)],
            );
            let correlation_id = self.id();
            self.channels.tell(&format!("v2.telephony.providers.edges.trunks.{id}"), &after, &correlation_id);
        }
        !meant.is_empty()
    }

    /// Starts a campaign, or lets it come to an end.
    pub(crate) fn set_campaign(&mut self, id: &str, status: &'static str, now: Now) {
        let Some(campaign) = self.documents.get_mut(&kinds::CAMPAIGN, id) else { return };
        campaign.insert("campaignStatus".to_owned(), status.into());
        self.tell_of_campaign(id);
        if status == "stopping" {
            let after = Duration::from_millis(self.settings.job_state_ms);
            self.agenda.add(now.mono + after, Due::CampaignEnds(id.to_owned()));
        }
    }

    pub(super) fn campaign_ends(&mut self, id: &str) {
        let Some(campaign) = self.documents.get_mut(&kinds::CAMPAIGN, id) else { return };
        if campaign.get("campaignStatus") == Some(&json!("stopping")) {
            campaign.insert("campaignStatus".to_owned(), "off".into());
            self.tell_of_campaign(id);
        }
    }

    fn tell_of_campaign(&mut self, id: &str) {
        let body = self.documents.get(&kinds::CAMPAIGN, id).cloned().map(Value::Object).unwrap_or_default();
        let correlation_id = self.id();
        self.channels.tell(&format!("v2.outbound.campaigns.{id}"), &body, &correlation_id);
    }

    /// Somebody in Architect takes a flow; false when there is no such flow.
    pub(crate) fn delete_flow(&mut self, id: &str, holder: &str, now: Now) -> bool {
        let client = Client { id: format!("user-{holder}"), name: holder.to_owned() };
        let is_known = self.flows.delete(id);
        if is_known {
            let audit = self.id();
            let change = Change { service: "Architect", entity_type: "Flow", action: "Delete", id, name: "" };
            self.records.audit(audit, now.wall, &client, change);
            self.tell_of_changed_flow(id, now);
        }
        is_known
    }

    pub(crate) fn lock_flow(&mut self, id: &str, holder: &str, now: Now) -> bool {
        let client = Client { id: format!("user-{holder}"), name: holder.to_owned() };
        let is_locked = self.flows.lock(id, client.clone());
        if is_locked {
            let audit = self.id();
            let change = Change { service: "Architect", entity_type: "Flow", action: "Checkout", id, name: "" };
            self.records.audit(audit, now.wall, &client, change);
            self.tell_of_changed_flow(id, now);
        }
        is_locked
    }
}

/// Whether calls can come over a trunk.
fn is_good(trunk: &Value) -> bool {
    let is = |value: &Value| *value == json!(true);
    is(&trunk["inService"]) && is(&trunk["enabled"]) && is(&trunk["connectedStatus"]["connected"])
}
