"""The official Python SDK talks to the twin through its gateway setting, and loses nothing of what it is told."""

import json
import os
import threading
import time
import unittest
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

import PureCloudPlatformClientV2 as sdk
import websocket
from PureCloudPlatformClientV2.rest import ApiException
from support import CLIENT, Judge, Twin, caller

# How long anything may take that is waited for, in seconds.
PATIENCE = 30


def until(reached, what):
    """Asks again until it is so."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        answer = reached()
        if answer:
            return answer
        threading.Event().wait(0.02)
    raise AssertionError(f"{what} did not happen within {PATIENCE} s")


class Platform(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.twin = Twin("--callers", "2", "--speed", "10")
        cls.twin.control("PATCH", "/twin/settings", {"requestsPerMinute": 100_000, "ingestionLagMs": 0, "usageLagMs": 0})
        cls.judge = Judge(cls.twin)
        cls.call = staticmethod(caller(cls.judge))
        cls.flow = cls.call("get_flows").entities[0].id
        until(lambda: cls.twin.control("GET", "/twin/calls?limit=1")["totals"]["answered"] > 5, "a few calls")

    @classmethod
    def tearDownClass(cls):
        if "OPERATIONS" in os.environ:
            with open(os.environ["OPERATIONS"], "w") as file:
                json.dump(cls.twin.control("GET", "/twin/operations"), file)
        cls.twin.stop()
        judged = sorted(cls.judge.operations)
        if "JUDGED" in os.environ:
            with open(os.environ["JUDGED"], "w") as file:
                file.writelines(f"{method} {path}\n" for method, path in judged)

    def tearDown(self):
        losses, self.judge.losses[:] = list(self.judge.losses), []
        self.assertEqual(losses, [])

    def refused(self, status, operation, *arguments, **named):
        with self.assertRaises(ApiException) as raised:
            self.call(operation, *arguments, **named)
        self.assertEqual(raised.exception.status, status)
        body = json.loads(raised.exception.body)
        self.judge.losses += [] if body["contextId"] else ["an error without contextId"]
        error = self.judge._ApiClient__deserialize(body, "ErrorBody")
        self.assertEqual((error.status, bool(error.code), bool(error.message)), (status, True, True))
        return error

    @property
    def interval(self):
        now = datetime.fromisoformat(self.twin.control("GET", "/twin/clock")["now"].replace("Z", "+00:00"))
        iso = lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return f"{iso(now - timedelta(hours=1))}/{iso(now + timedelta(minutes=1))}"

    def test_who_am_i(self):
        me = self.call("get_tokens_me")
        self.assertEqual(me.o_auth_client.id, CLIENT)
        self.call("head_tokens_me")
        subject = self.call("get_authorization_subjects_me")
        self.assertEqual(subject.grants[0].role.policies[0].domain, "*")
        self.assertTrue(self.call("get_authorization_permissions", page_size=100).entities)
        self.assertTrue(self.call("get_oauth_clients").entities)
        self.assertEqual(self.call("get_oauth_client", CLIENT).id, CLIENT)
        self.assertTrue(self.call("get_oauth_scopes").entities)
        self.assertEqual(self.call("get_organizations_me").name, "Twin")
        self.assertTrue(self.call("get_ipranges").entities)

    def test_a_new_client_has_a_secret_and_its_token_can_be_given_back(self):
        body = sdk.OAuthClientRequest()
        body.name, body.authorized_grant_type, body.access_token_validity_seconds = "CI", "CLIENT-CREDENTIALS", 600
        client = self.call("post_oauth_clients", body)
        other = Judge(self.twin)
        other.get_client_credentials_token(client.id, client.secret)
        call = caller(other)
        self.assertEqual(call("get_tokens_me").o_auth_client.name, "CI")
        call("delete_tokens_me")
        with self.assertRaises(ApiException) as raised:
            call("get_tokens_me")
        self.assertEqual(raised.exception.status, 401)
        self.judge.operations.add(("DELETE", "/api/v2/tokens/me"))

    def test_flows_and_their_versions(self):
        call, flow = self.call, self.flow
        self.assertEqual(call("get_flow", flow).type, "INBOUNDCALL")
        self.assertEqual(len(call("get_flows_lookup", [flow]).entities), 1)
        self.assertTrue(call("get_flows_divisionviews").entities)
        body = sdk.Flow()
        body.name, body.type = "Night", "WORKFLOW"
        made = call("post_flows", body)
        made.description = "after hours"
        self.assertEqual(call("put_flow", made.id, made).description, "after hours")
        self.refused(409, "post_flows", body)
        saved = call("post_flow_versions", made.id, {"steps": [1, 2, 3]})
        self.assertEqual(saved.type, "SAVE")
        self.assertEqual(call("get_flow_version_configuration", made.id, saved.id), {"steps": [1, 2, 3]})
        self.assertEqual(call("get_flow_latestconfiguration", made.id), {"steps": [1, 2, 3]})
        self.assertEqual(call("get_flow_version", made.id, saved.id).id, saved.id)
        self.refused(404, "get_flow_version", made.id, "99.0")
        self.refused(400, "get_flow_version_health", made.id, saved.id)
        body.name, body.type = "Helper", "BOT"
        bot = call("post_flows", body).id
        self.assertEqual(call("get_flow_version_health", bot, call("post_flow_versions", bot, {"intents": []}).id).intents, [])
        call("post_flows_actions_publish", made.id, version=saved.id)
        until(lambda: call("get_flow", made.id).current_operation.complete, "the publish")
        self.assertEqual(call("get_flow", made.id).published_version.id, saved.id)
        run = call("post_flows_executions", {"flowId": made.id})
        until(lambda: call("get_flows_execution", run.id).status == "COMPLETED", "the workflow")
        query = sdk.FlowExecutionAggregationQuery()
        query.interval, query.metrics, query.group_by = self.interval, ["nFlowExecutions"], ["flowId"]
        self.assertEqual(call("post_analytics_flowexecutions_aggregates_query", query).results[0].group["flowId"], made.id)
        self.refused(400, "post_flows_executions", {"flowId": flow})
        call("post_flows_actions_checkout", made.id)
        call("post_flow_versions", made.id, {"steps": []})
        self.assertIsNone(call("post_flows_actions_revert", made.id).locked_client)
        call("post_flows_actions_checkout", made.id)
        self.assertTrue(call("post_flows_actions_checkin", made.id).complete)
        self.twin.control("PUT", f"/twin/flows/{made.id}/lock", {"holder": "mary"})
        error = self.refused(409, "post_flows_actions_publish", made.id, version=saved.id)
        self.assertEqual(error.details[0].entity_name, "mary")
        self.assertIsNone(call("post_flows_actions_unlock", made.id).locked_client)
        self.assertFalse(call("post_flows_actions_deactivate", made.id).active)
        history = call("post_flow_history", made.id)
        done = lambda: call("get_flow_history_history_id", made.id, history.id)
        until(lambda: done().complete, "the history")
        self.assertEqual(done().entities[0].action, "deactivate")

    def test_pages(self):
        first = self.call("get_routing_queues", page_size=1)
        self.assertEqual((first.page_count, first.page_number, len(first.entities)), (2, 1, 1))
        second = self.call("get_routing_queues", page_size=1, page_number=2)
        self.assertNotEqual(first.entities[0].id, second.entities[0].id)
        self.assertEqual(self.call("get_routing_queues", page_size=1, page_number=3).entities, [])
        self.refused(400, "get_routing_queues", page_size=0)
        events = self.call("get_telephony_numbers_routing", page_size="3")
        self.assertEqual(len(events.entities), 3)
        self.assertIn("after=3", events.next_uri)

    def test_jobs_of_architect(self):
        call, version = self.call, self.call("get_flow_versions", self.flow).entities[0].id
        named = {"flow": {"id": self.flow, "version": version}}
        job = call("post_flows_validate_jobs", {"flows": [named]})
        done = lambda: call("get_flows_validate_job", job.id, expand=["messages"])
        self.assertEqual(until(lambda: done().status == "Success" and done(), "the validation").messages, [])
        job = call("post_flows_validate_jobs", {"flows": [{"flow": {"id": self.flow, "version": "77.0"}}]})
        until(lambda: done().status == "Failure", "the failed validation")
        self.assertEqual(done().messages[0].type, "Error")
        job = call("post_flows_export_jobs", {"flows": [named | {"exportType": "Yaml"}]})
        done = lambda: call("get_flows_export_job", job.id, expand=["messages"])
        url = until(lambda: done().status == "Success" and done().download_url, "the export")
        with urllib.request.urlopen(url) as response:
            yaml = response.read().decode()
        self.assertIn("inboundCall:", yaml)
        deploy = call("post_flows_jobs", body={})
        request = urllib.request.Request(deploy.presigned_url, data=yaml.replace("Main IVR", "Other IVR").encode(), method="PUT")
        for name, value in deploy.headers.items():
            request.add_header(name, value)
        urllib.request.urlopen(request).close()
        done = lambda: call("get_flows_job", deploy.id, expand=["messages"])
        flow = until(lambda: done().status == "Success" and done().flow, "the deployment")
        self.assertEqual(call("get_flow", flow.id).published_version.id, "1.0")
        self.twin.control("PATCH", "/twin/settings", {"preview": False})
        self.refused(404, "post_flows_validate_jobs", {"flows": [named]})
        self.twin.control("PATCH", "/twin/settings", {"preview": True})

    def test_dependencies(self):
        call = self.call
        version = call("get_flow", self.flow).published_version.id
        used = call("get_architect_dependencytracking_consumedresources", self.flow, version, "INBOUNDCALLFLOW")
        queue = next(item for item in used.entities if item.type == "QUEUE")
        users = call("get_architect_dependencytracking_consumingresources", queue.id, "QUEUE")
        self.assertIn(self.flow, [item.id for item in users.entities])
        call("get_architect_dependencytracking_deletedresourceconsumers")
        call("get_architect_dependencytracking_updatedresourceconsumers")
        self.assertEqual(call("get_architect_dependencytracking_object", id=self.flow).id, self.flow)
        call("post_architect_dependencytracking_build")
        until(lambda: call("get_architect_dependencytracking_build").status == "OPERATIONAL", "the build")
        needs = call("get_dependencies_type_entity_type_id_entity_id_connections_requires", "flow", self.flow)
        self.assertTrue(needs.entities)
        count = call("get_dependencies_type_entity_type_id_entity_id_connections_requiredbycounts", "queue", queue.id)
        self.assertGreaterEqual(count.estimated_count, 1)

    def test_outcomes_and_milestones(self):
        outcome = sdk.FlowOutcome()
        outcome.name = "Verified"
        self.call("post_flows_outcomes", body=outcome)
        self.assertEqual(self.call("get_flows_outcomes", name="Veri*").entities[0].name, "Verified")
        self.call("get_flows_milestones")

    def test_instances(self):
        call = self.call
        self.assertTrue(call("get_flows_instances_querycapabilities").criteria)
        self.assertTrue(call("get_flows_instances_settings_executiondata").enabled)
        criteria = [{"key": "FlowId", "operator": "eq", "value": self.flow},
                    {"key": "FlowActionOutputPathName", "operator": "eq", "value": "Success"}]
        hits = call("post_flows_instances_query", {"query": [{"and": criteria}]}).entities
        self.assertTrue(hits)
        self.assertEqual(call("get_flows_instance", hits[0].id).job_state, "Success")
        job = call("post_flows_instances_jobs", {"ids": [hits[0].id, "nobody"]})
        done = lambda: call("get_flows_instances_job", job.id)
        entities = until(lambda: done().job_state == "Success" and done().entities, "the download")
        self.assertEqual([entity.failed for entity in entities], [False, True])
        self.refused(400, "post_flows_instances_query", {"query": [{"and": [{"key": "Nothing"}]}]})

    def aggregates(self, family, query, metric):
        direct = self.call(f"post_analytics_{family}_aggregates_query", query)
        self.assertEqual(direct.results[0].data[0].metrics[0].metric, metric)
        job = self.call(f"post_analytics_{family}_aggregates_jobs", query).job_id
        until(lambda: self.call(f"get_analytics_{family}_aggregates_job", job).state == "FULFILLED", "the job")
        results = self.call(f"get_analytics_{family}_aggregates_job_results", job)
        self.assertTrue(results.results)
        return direct.results

    def test_aggregates(self):
        query = sdk.FlowAggregationQuery()
        query.interval, query.group_by, query.metrics = self.interval, ["flowId", "flowVersion", "exitReason"], ["tFlow"]
        groups = self.aggregates("flows", query, "tFlow")
        self.assertIn("TRANSFER", [group.group["exitReason"] for group in groups])
        query = sdk.ConversationAggregationQuery()
        query.interval, query.granularity = self.interval, "PT15M"
        query.group_by, query.metrics = ["queueId"], ["nOffered", "tAnswered", "oServiceLevel"]
        self.aggregates("conversations", query, "nOffered")
        query = sdk.ActionAggregationQuery()
        query.interval, query.group_by, query.metrics = self.interval, ["actionId", "responseStatus"], ["tTotalExecution"]
        query.views = [{"target": "tTotalExecution", "name": "over4s", "function": "rangeBound", "range": {"gte": 4000}}]
        groups = self.aggregates("actions", query, "tTotalExecution")
        self.assertEqual(groups[0].group["responseStatus"], "200")
        self.assertEqual(groups[0].data[0].views[0].name, "over4s")
        query = sdk.RateLimitAggregationQuery()
        query.interval, query.metrics = self.interval, ["oRateLimitRecorded"]
        self.call("post_analytics_ratelimits_aggregates_query", query)
        self.refused(400, "post_analytics_flows_aggregates_query", {"interval": "yesterday", "metrics": ["nFlow"]})

    def hung_up(self):
        """Cuts off a caller who is in the flow. One who has left in the meantime is no caller any more."""
        for live in reversed(self.twin.control("GET", "/twin/calls?limit=1")["live"]):
            try:
                self.call("post_conversation_disconnect", live)
                return True
            except ApiException as gone:
                self.assertEqual(gone.status, 404)
        return False

    def test_details(self):
        call, query = self.call, {"interval": self.interval, "order": "desc"}
        found = call("post_analytics_conversations_details_query", query)
        self.assertGreater(found.total_hits, 0)
        one = call("get_analytics_conversation_details", found.conversations[0].conversation_id)
        self.assertEqual(one.participants[1].sessions[0].flow.flow_type, "INBOUNDCALL")
        job = call("post_analytics_conversations_details_jobs", query).job_id
        until(lambda: call("get_analytics_conversations_details_job", job).state == "FULFILLED", "the job")
        self.assertTrue(call("get_analytics_conversations_details_job_results", job).conversations)
        self.assertTrue(call("get_analytics_conversations_details_jobs_availability").data_availability_date)
        data = sdk.ParticipantAttributes()
        data.attributes = {"dataActionFailed": "true"}
        conversation = one.conversation_id
        call("patch_conversation_participant_attributes", conversation, conversation, data)
        self.refused(404, "post_conversation_disconnect", "nobody")
        self.assertTrue(until(self.hung_up, "a caller who is cut off"))
        self.refused(400, "post_conversations_calls", sdk.CreateCallRequest())

    def test_observations(self):
        call, queue = self.call, self.call("get_routing_queues").entities[0].id
        by = lambda dimension, value: {"filter": {"type": "or", "predicates": [
            {"type": "dimension", "dimension": dimension, "operator": "matches", "value": value}]}}
        metrics = {"metrics": ["oWaiting", "oInteracting", "oOnQueueUsers"]}
        observed = call("post_analytics_queues_observations_query", by("queueId", queue) | metrics)
        self.assertEqual(observed.results[0].group["queueId"], queue)
        call("post_analytics_flows_observations_query", by("flowId", self.flow) | {"metrics": ["oFlow"]})
        call("post_analytics_flows_activity_query", {"metrics": [{"metric": "oFlow"}], "groupBy": ["flowId"]})
        call("post_analytics_conversations_activity_query", {"metrics": [{"metric": "oWaiting"}], "groupBy": ["queueId"]})
        call("post_analytics_routing_activity_query", {"metrics": [{"metric": "oUserRoutingStatuses"}], "groupBy": ["queueId"]})
        self.assertTrue(call("post_analytics_agents_status_counts", {}).routing_status_counts)
        call("post_analytics_users_observations_query", by("userId", queue) | {"metrics": ["oUserPresences"]})
        self.refused(400, "post_analytics_queues_observations_query", {"filter": {"type": "or"}, "metrics": ["oWaiting"]})

    def test_queues(self):
        call, queue = self.call, self.call("get_routing_queues", name="VIP").entities[0]
        self.assertEqual(call("get_routing_queue", queue.id).name, "VIP")
        change = sdk.QueueRequest()
        change.name, change.description = "VIP", "for the few"
        self.assertEqual(call("put_routing_queue", queue.id, change).description, "for the few")
        self.assertIsNotNone(call("get_routing_queue_estimatedwaittime", queue.id).results)

    def test_integrations_and_actions(self):
        call = self.call
        integration = call("get_integrations", expand=["config.current"]).entities[0]
        self.assertEqual(call("get_integration", integration.id).reported_state.code, "ACTIVE")
        config = call("get_integration_config_current", integration.id)
        config.notes = "mind the step"
        self.assertEqual(call("put_integration_config_current", integration.id, body=config).version, config.version + 1)
        self.refused(409, "put_integration_config_current", integration.id, body=config)
        self.twin.control("PATCH", "/twin/settings", {"versionConflict": "badRequest"})
        self.assertIn("does not match the current version", self.refused(400, "put_integration_config_current", integration.id, body=config).message)
        self.twin.control("PATCH", "/twin/settings", {"versionConflict": "conflict"})
        action = call("get_integrations_actions", include_config=True).entities[0]
        self.assertEqual(call("get_integrations_action", action.id).config.timeout_seconds, action.config.timeout_seconds)
        tested = call("post_integrations_action_test", action.id, {"ani": "+13175550019"})
        self.assertTrue(tested.success, tested)
        self.assertTrue(call("post_integrations_action_execute", action.id, {"ani": "+13175550019"}))
        self.assertFalse(call("post_integrations_action_test", action.id, {"nothing": 1}).success)
        self.refused(400, "post_integrations_action_execute", action.id, {"nothing": 1})
        new = {"name": "Copy", "category": "CRM", "integrationId": integration.id,
               "config": self.judge.sanitize_for_serialization(action.config),
               "contract": {"input": {"inputSchema": {"type": "object", "properties": {"ani": {"type": "string"}}}},
                            "output": {"successSchema": {"type": "object", "properties": {}}}}}
        made = call("post_integrations_actions", new)
        config = self.judge.sanitize_for_serialization(made.config) | {"timeoutSeconds": 7}
        changed = call("patch_integrations_action", made.id, {"version": made.version, "config": config})
        self.assertEqual((changed.version, changed.config.timeout_seconds), (2, 7))
        draft = call("post_integrations_action_draft", made.id)
        draft = call("patch_integrations_action_draft", made.id, {"version": draft.version, "name": "Better"})
        self.assertTrue(call("get_integrations_action_draft_validation", made.id).valid)
        call("post_integrations_action_draft_test", made.id, {"ani": "+13175550019"})
        published = call("post_integrations_action_draft_publish", made.id, {"version": draft.version})
        self.assertEqual(published.name, "Better")
        call("post_integrations_action_draft", made.id)
        call("delete_integrations_action_draft", made.id)
        alone = call("post_integrations_actions_drafts", new)
        self.assertTrue(call("get_integrations_action_draft_validation", alone.id).valid)
        call("delete_integrations_action", made.id)
        self.refused(404, "get_integrations_action", made.id)
        self.assertTrue(call("get_integrations_actions_functions_runtimes"))
        self.refused(404, "get_integrations_action_function", action.id)
        self.assertTrue(call("get_integrations_types").entities)
        self.assertTrue(call("get_integrations_credentials_listing").entities)
        self.assertTrue(call("post_integrations_webhook_events", "token", {"hello": 1}).invocation_id)
        call("patch_integration", integration.id, body={"intendedState": "DISABLED"})
        self.assertFalse(call("post_integrations_action_test", action.id, {"ani": "+13175550019"}).success)
        call("patch_integration", integration.id, body={"intendedState": "ENABLED"})

    def test_data_tables(self):
        call = self.call
        columns = {"key": {"type": "string"}, "health": {"type": "integer"}, "mode": {"type": "string"}}
        schema = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "required": ["key"],
                  "properties": columns, "additionalProperties": False}
        table = call("post_flows_datatables", {"name": "Budget", "schema": schema})
        self.assertTrue(call("get_flows_datatables", expand="schema").entities)
        known = self.judge.sanitize_for_serialization(call("get_flows_datatable", table.id, expand="schema"))
        known["schema"]["properties"]["maintenance"] = {"type": "boolean"}
        call("put_flows_datatable", table.id, known)
        del known["schema"]["properties"]["health"]
        self.refused(400, "put_flows_datatable", table.id, known)
        call("post_flows_datatable_rows", table.id, {"key": "slo:crm", "health": 82})
        self.refused(409, "post_flows_datatable_rows", table.id, {"key": "slo:crm"})
        row = call("put_flows_datatable_row", table.id, "slo:crm", body={"key": "slo:crm", "health": 40, "mode": "normal"})
        self.assertEqual(row, {"key": "slo:crm", "health": 40, "mode": "normal", "maintenance": False})
        self.assertEqual(call("get_flows_datatable_row", table.id, "slo:crm", showbrief=False), row)
        self.assertEqual(call("get_flows_datatable_rows", table.id).entities, [{"key": "slo:crm"}])
        self.refused(400, "put_flows_datatable_row", table.id, "slo:crm", body={"key": "slo:crm", "health": "low"})
        job = call("post_flows_datatable_import_csv_jobs", table.id, {"importMode": "Append"})
        request = urllib.request.Request(job.upload_uri, data=b"key,health\nslo:idp,99\n", method="PUT")
        for name, value in job.upload_headers.items():
            request.add_header(name, value)
        urllib.request.urlopen(request).close()
        until(lambda: call("get_flows_datatable_import_job", table.id, job.id).status == "Succeeded", "the import")
        job = call("post_flows_datatable_export_jobs", table.id)
        done = lambda: call("get_flows_datatable_export_job", table.id, job.id)
        url = until(lambda: done().status == "Succeeded" and done().download_uri, "the export")
        with urllib.request.urlopen(url) as response:
            self.assertIn("slo:idp,99", response.read().decode())
        call("delete_flows_datatable_row", table.id, "slo:crm")
        self.refused(404, "get_flows_datatable_row", table.id, "slo:crm")

    def test_call_routes(self):
        call = self.call
        ivr = call("get_architect_ivrs").entities[0]
        self.assertEqual(call("get_architect_ivr", ivr.id).open_hours_flow.id, self.flow)
        self.assertEqual(call("put_architect_ivr", ivr.id, ivr).version, ivr.version + 1)
        self.refused(409, "put_architect_ivr", ivr.id, ivr)
        group = call("get_architect_emergencygroups").entities[0]
        group = call("get_architect_emergencygroup", group.id)
        group.enabled = False
        call("put_architect_emergencygroup", group.id, group)
        schedules = call("get_architect_schedulegroup", ivr.schedule_group.id)
        call("put_architect_schedulegroup", schedules.id, schedules)
        self.assertTrue(call("get_architect_schedules").entities)
        made = call("post_architect_schedules", {"name": "Maintenance", "start": "2026-12-24T08:00:00.000", "end": "2026-12-24T12:00:00.000"})
        call("put_architect_schedule", made.id, {"name": "Maintenance", "version": made.version,
                                                 "start": "2026-12-24T08:00:00.000", "end": "2026-12-24T14:00:00.000"})
        self.refused(400, "post_architect_schedules", {"name": "Never", "start": "soon", "end": "later"})

    def test_telephony(self):
        call = self.call
        trunk = call("get_telephony_providers_edges_trunks", trunk_type="EXTERNAL").entities[0]
        self.assertTrue(call("get_telephony_providers_edges_trunk", trunk.id).connected_status.connected)
        self.twin.control("PUT", f"/twin/trunks/{trunk.id}", {"connected": False})
        broken = call("get_telephony_providers_edges_trunk", trunk.id)
        self.assertEqual(broken.options_status[0].error_info.details.code, "503")
        self.twin.control("PUT", f"/twin/trunks/{trunk.id}", {"connected": True})
        call("get_telephony_providers_edges_trunk_metrics", trunk.id)
        self.assertEqual(len(call("get_telephony_providers_edges_trunks_metrics", trunk.id)), 1)
        base = call("get_telephony_providers_edges_trunkbasesettings").entities[0]
        base = call("get_telephony_providers_edges_trunkbasesetting", base.id)
        for enabled in (False, True):
            base.properties["trunk_enabled"]["value"]["instance"] = enabled
            base = call("put_telephony_providers_edges_trunkbasesetting", base.id, base)
            self.assertEqual(call("get_telephony_providers_edges_trunk", trunk.id).in_service, enabled)
        edge = call("get_telephony_providers_edges").entities[0]
        call("get_telephony_providers_edge", edge.id)
        call("get_telephony_providers_edge_metrics", edge.id)
        self.assertEqual(len(call("get_telephony_providers_edges_metrics", edge.id)), 1)
        self.assertEqual(len(call("get_telephony_providers_edge_trunks", edge.id).entities), 2)
        for in_service in (False, True):
            call("post_telephony_providers_edge_statuscode", edge.id, body={"inService": in_service})
        call("post_telephony_providers_edge_diagnostic_ping", edge.id, {"host": "crm.example"})
        until(lambda: call("get_telephony_providers_edge_diagnostic_ping", edge.id).diagnostics, "the ping")
        self.assertTrue(call("get_telephony_providers_edges_edgegroups").entities)
        site = call("get_telephony_providers_edges_sites").entities[0]
        call("get_telephony_providers_edges_site", site.id)
        route = call("get_telephony_providers_edges_site_outboundroutes", site.id).entities[0]
        route = call("get_telephony_providers_edges_site_outboundroute", site.id, route.id)
        route.external_trunk_bases.reverse()
        call("put_telephony_providers_edges_site_outboundroute", site.id, route.id, route)
        self.assertTrue(call("get_telephony_providers_edges_outboundroutes").entities)
        call("get_telephony_providers_edges_didpools")
        numbers = call("get_telephony_providers_edges_didpools_dids", "ASSIGNED_AND_UNASSIGNED")
        self.assertEqual([number.assigned for number in numbers.entities].count(True), 1)
        self.assertTrue(call("get_telephony_providers_edges_dids").entities)
        self.assertGreater(call("get_telephony_calls_metrics").max_call_capacity, 0)
        self.assertEqual(call("get_telephony_mediaregions").aws_home_region, "us-east-1")
        now = datetime.now(timezone.utc)
        call("get_telephony_siptraces", now - timedelta(hours=1), now)
        conversation = self.twin.control("GET", "/twin/calls?limit=1")["calls"][0]["conversationId"]
        call("get_telephony_sipmessages_conversation", conversation)

    def test_number_routing(self):
        call, mine = self.call, self.call("get_organizations_me").id
        call("get_telephony_organization_link_regions")
        other = "11111111-0000-4000-8000-000000000001"
        self.refused(400, "post_telephony_numbers_routing_all", {"sourceOrganizationId": mine, "switchOrganizationId": other, "targetRegion": "us-west-2"})
        link = sdk.CreateOrganizationLink()
        link.target_organization_id, link.target_region = other, "us-west-2"
        self.assertEqual(call("post_telephony_organization_link", link).status, "Pending")
        call("patch_telephony_organization_link_approve_requesting_organization_id", other, {"approval": True})
        self.assertEqual(call("get_telephony_organization_link")[0].status, "Approved")
        number = call("get_telephony_numbers_routing").entities[3].number_id
        call("post_telephony_numbers_routing", [{"organizationId": other, "numberId": number, "targetRegion": "us-west-2"}])
        one = lambda: call("get_telephony_numbers_routing", number_id=number).entities[0]
        self.assertEqual(until(lambda: one().status == "Redirected" and one(), "the move").active_organization_id, other)
        call("post_telephony_numbers_routing_reset", {"resetOrganizationId": mine})
        until(lambda: one().status == "Normal", "the way back")
        call("post_telephony_numbers_routing_all", {"sourceOrganizationId": "nobody", "switchOrganizationId": other, "targetRegion": "us-west-2"})

    def test_usage(self):
        call, query = self.call, {"interval": self.interval, "groupBy": ["TemplateUri", "HttpMethod"], "metrics": ["Requests"]}
        for begin, results in [("post_usage_query", "get_usage_query_execution_id_results"),
                               ("post_usage_simplesearch", "get_usage_simplesearch_execution_id_results")]:
            job = call(begin, query).execution_id
            done = lambda: call(results, job)
            self.assertTrue(until(lambda: done().query_status == "Complete" and done(), "the usage").results)
        job = call("post_oauth_client_usage_query", CLIENT, query).execution_id
        call("get_oauth_client_usage_query_result", job, CLIENT)
        query = {"interval": self.interval, "granularity": "Day"}
        job = call("post_usage_aggregates_query_jobs", query).id
        done = lambda: call("get_usage_aggregates_query_job", job)
        self.assertTrue(until(lambda: done().query_status == "Succeeded" and done(), "the usage").entities)
        job = call("post_usage_client_client_id_aggregates_query_jobs", CLIENT, query).id
        call("get_usage_client_client_id_aggregates_query_job", CLIENT, job)

    def test_limits_and_licences(self):
        call = self.call
        self.assertTrue(call("get_organizations_limits_docs").namespaces)
        call("get_organizations_limits_namespaces")
        limits = call("get_organizations_limits_namespace", "platform.api").entities
        self.assertIn("token.rate.per.minute", [limit.key for limit in limits])
        call("get_organizations_limits_namespace_defaults", "platform.api")
        self.refused(404, "get_organizations_limits_namespace", "nowhere")
        self.assertTrue(call("get_license_definitions"))
        self.assertEqual(call("get_license_users").total, 25)
        begins, ends = datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 2, 1, tzinfo=timezone.utc)
        until(lambda: call("get_billing_reports_billableusage", begins, ends).status == "Complete", "the report")

    def test_audits_and_events(self):
        call = self.call
        trunk = call("get_telephony_providers_edges_trunks").entities[1].id
        self.twin.control("PUT", f"/twin/trunks/{trunk}", {"connected": False})
        self.twin.control("PUT", f"/twin/trunks/{trunk}", {"connected": True})
        change = sdk.QueueRequest()
        change.name = "Support"
        queue = call("get_routing_queues", name="Support").entities[0].id
        call("put_routing_queue", queue, change)
        query = {"interval": self.interval, "serviceName": "Routing", "filters": [{"property": "EntityId", "value": queue}]}
        job = call("post_audits_query", query).id
        until(lambda: call("get_audits_query_transaction_id", job).state == "Succeeded", "the audit query")
        self.assertEqual(call("get_audits_query_transaction_id_results", job).entities[0].entity_type, "Queue")
        self.assertTrue(call("post_audits_query_realtime", query).entities)
        self.assertTrue(call("get_audits_query_servicemapping").services)
        self.assertTrue(call("get_usage_events_definitions").entities)
        self.assertTrue(call("post_usage_events_query", body={"interval": self.interval}).entities)
        counts = call("post_usage_events_aggregates_query", body={"interval": self.interval})
        self.assertTrue(counts.event_definition_aggregates)

    def test_alerting_and_triggers(self):
        call = self.call
        rule = {"name": "Waiting", "type": "ConversationMetrics", "enabled": True, "notifications": [],
                "conditions": {"type": "and", "clauses": [], "predicates": []}}
        call("post_alerting_rules", rule)
        self.assertTrue(call("post_alerting_rules_query", body={}).entities)
        call("post_alerting_alerts_query", body={})
        trigger = {"name": "On webhook", "topicName": "v2.integrations.inbound.webhook.{id}.invocation", "enabled": True,
                   "target": {"type": "Workflow", "id": self.flow}}
        call("post_processautomation_triggers", trigger)
        self.assertTrue(call("get_processautomation_triggers").entities)

    def test_campaigns(self):
        call, campaign = self.call, self.call("get_outbound_campaigns").entities[0].id
        call("post_outbound_campaign_stop", campaign)
        until(lambda: call("get_outbound_campaign", campaign).campaign_status == "off", "the end of the campaign")
        call("post_outbound_campaign_start", campaign)
        self.assertEqual(call("get_outbound_campaign", campaign).campaign_status, "on")
        self.refused(400, "post_outbound_campaign_start", campaign)

    def test_notifications(self):
        call, topic = self.call, f"v2.flows.{self.flow}"
        self.assertTrue(call("get_notifications_availabletopics").entities)
        channel = call("post_notifications_channels")
        call("head_notifications_channel", channel.id)
        self.assertIn(channel.id, [known.id for known in call("get_notifications_channels").entities])
        told = call("put_notifications_channel_subscriptions", channel.id, [{"id": topic}])
        self.assertEqual(told.entities[0].state, "Permitted")
        rejected = call("post_notifications_channel_subscriptions", channel.id, [{"id": "v2.nothing"}], ignore_errors="true")
        self.assertEqual(rejected.entities[0].state, "Rejected")
        self.assertEqual(len(call("get_notifications_channel_subscriptions", channel.id).entities), 1)
        socket = websocket.create_connection(channel.connect_uri, timeout=PATIENCE)
        socket.send(json.dumps({"message": "ping"}))
        self.assertEqual(self.heard(socket, "channel.metadata")["eventBody"]["message"], "pong")
        version = call("get_flow", self.flow).published_version.id
        call("post_flows_actions_publish", self.flow, version=version)
        states = []
        while not states or states[-1] != "SUCCESS":
            states.append(self.heard(socket, topic)["eventBody"]["currentOperation"]["actionStatus"])
        self.assertIn("PENDING_GENERATION", states)
        self.twin.control("POST", "/twin/sockets/closing")
        self.heard(socket, "v2.system.socket_closing")
        socket.close()
        call("delete_notifications_channel_subscriptions", channel.id)
        self.assertEqual(call("get_notifications_channel_subscriptions", channel.id).entities, [])

    def heard(self, socket, topic):
        while True:
            frame = json.loads(socket.recv())
            if frame["topicName"] == topic:
                return frame

    def test_errors_and_limits(self):
        error = self.refused(404, "get_flow", "00000000-0000-4000-8000-0000000000ff")
        self.assertEqual(error.code, "not.found")
        self.twin.control("POST", "/twin/faults", {"target": "routing", "kind": "failure", "status": 503, "ttlMs": 60_000})
        self.assertEqual(self.refused(503, "get_routing_queues").code, "service.unavailable")
        self.call("get_flows")
        self.twin.control("DELETE", "/twin/faults")
        self.twin.control("POST", "/twin/faults", {"target": "routing", "kind": "throttle", "latencyMs": 7_000, "ttlMs": 60_000})
        # The SDK would wait and ask again by itself.
        request = urllib.request.Request(f"{self.twin.url}/api/v2/routing/queues")
        request.add_header("Authorization", f"Bearer {self.judge.access_token}")
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(request)
        with raised.exception as answer:
            error = json.loads(answer.read())
            self.assertEqual((answer.code, answer.headers["Retry-After"]), (429, "7"))
        self.assertEqual((error["code"], error["limit"]["namespace"]), ("too.many.requests.retry.after", "platform.api"))
        self.twin.control("DELETE", "/twin/faults")

    def test_zz_enough_operations_were_judged(self):
        # Runs last, after all others have called theirs.
        self.assertGreaterEqual(len(self.judge.operations), 60)


class Refused(unittest.TestCase):
    def test_a_client_that_nobody_knows_gets_the_login_hosts_own_error(self):
        twin = Twin()
        try:
            judge = Judge(twin)
            with self.assertRaises(ApiException) as raised:
                judge.get_client_credentials_token(CLIENT, "wrong")
            body = json.loads(raised.exception.body)
            self.assertEqual((raised.exception.status, body["error"]), (400, "invalid_client"))
            twin.control("PATCH", "/twin/settings", {"tokenSeconds": 0})
            judge.get_client_credentials_token(CLIENT, "twin-secret")
            with self.assertRaises(ApiException) as raised:
                caller(judge)("get_flows")
            self.assertEqual(json.loads(raised.exception.body)["code"], "credentials.expired")
            self.assertTrue(raised.exception.headers["ININ-Correlation-Id"])
        finally:
            twin.stop()


if __name__ == "__main__":
    unittest.main()
