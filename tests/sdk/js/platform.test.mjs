// The official JavaScript SDK talks to the twin through its gateway setting, and its models have a place for all it is
// told.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import WebSocket from 'ws';
import { Judge, startTwin, until } from './support.mjs';

let twin, judge, flow;
const call = (...given) => judge.call(...given);
const refused = (...given) => judge.refused(...given);

before(async () => {
	twin = await startTwin('--callers', '2', '--speed', '10');
	await twin.control('PATCH', '/twin/settings', { requestsPerMinute: 100_000, ingestionLagMs: 0, usageLagMs: 0 });
	judge = new Judge(twin);
	await judge.login();
	flow = (await call('getFlows')).entities[0].id;
	await until(async () => (await twin.control('GET', '/twin/calls?limit=1')).totals.answered > 5, 'a few calls');
});

afterEach(() => {
	const losses = judge.losses.splice(0);
	assert.deepEqual(losses, []);
});

after(async () => {
	await twin.stop();
	assert.ok(judge.operations.size >= 60, `${judge.operations.size} operations were judged`);
	if (process.env.JUDGED) writeFileSync(process.env.JUDGED, [...judge.operations].sort().join('\n') + '\n');
});

async function interval() {
	const now = new Date((await twin.control('GET', '/twin/clock')).now).getTime();
	return `${new Date(now - 3_600_000).toISOString()}/${new Date(now + 60_000).toISOString()}`;
}

const by = (dimension, value) =>
	({ type: 'or', predicates: [{ type: 'dimension', dimension, operator: 'matches', value }] });

test('who am I', async () => {
	assert.equal((await call('getTokensMe')).OAuthClient.id, 'twin-client');
	await call('headTokensMe');
	assert.equal((await call('getAuthorizationSubjectsMe')).grants[0].role.policies[0].domain, '*');
	await call('getAuthorizationPermissions', { pageSize: 50 });
	await call('getOauthClients');
	await call('getOauthClient', 'twin-client');
	await call('getOauthScopes');
	assert.equal((await call('getOrganizationsMe')).name, 'Twin');
	await call('getIpranges');
	const made = await call('postOauthClients', { name: 'CI', authorizedGrantType: 'CLIENT-CREDENTIALS' });
	const other = new Judge(twin);
	await other.login(made.id, made.secret);
	await other.call('deleteTokensMe');
	assert.equal((await other.refused(401, 'getFlows')).code, 'bad.credentials');
});

test('a client that nobody knows gets the error of the login host', async () => {
	await assert.rejects(new Judge(twin).login('twin-client', 'wrong'), (error) => {
		assert.equal((error.body ?? error.response?.data ?? error).error, 'invalid_client');
		return true;
	});
});

test('flows, versions and their publication', async () => {
	assert.equal((await call('getFlow', flow)).type, 'INBOUNDCALL');
	await call('getFlowsLookup', [flow]);
	await call('getFlowsDivisionviews');
	const made = await call('postFlows', { name: 'Night (js)', type: 'WORKFLOW' });
	await call('putFlow', made.id, { ...made, description: 'after hours' });
	const saved = await call('postFlowVersions', made.id, { steps: [1] });
	await call('getFlowVersion', made.id, saved.id);
	await call('getFlowVersions', made.id, { pageSize: 1 });
	assert.deepEqual(await call('getFlowVersionConfiguration', made.id, saved.id), { steps: [1] });
	await call('getFlowLatestconfiguration', made.id);
	assert.equal((await refused(404, 'getFlowVersion', made.id, '9.0')).code, 'not.found');
	const operation = await call('postFlowsActionsPublish', made.id, { version: saved.id });
	assert.equal(operation.complete, false);
	await until(async () => (await call('getFlow', made.id)).currentOperation.complete, 'the publish');
	const run = await call('postFlowsExecutions', { flowId: made.id });
	await until(async () => (await call('getFlowsExecution', run.id)).status === 'COMPLETED', 'the workflow');
	await call('postFlowsActionsCheckout', made.id);
	await call('postFlowsActionsRevert', made.id);
	await call('postFlowsActionsCheckout', made.id);
	await call('postFlowsActionsCheckin', made.id);
	await twin.control('PUT', `/twin/flows/${made.id}/lock`, { holder: 'mary' });
	assert.equal((await refused(409, 'postFlowsActionsPublish', made.id)).details[0].entityName, 'mary');
	await call('postFlowsActionsUnlock', made.id);
	await call('postFlowsActionsDeactivate', made.id);
	const history = await call('postFlowHistory', made.id);
	await until(async () => (await call('getFlowHistoryHistoryId', made.id, history.id)).complete, 'the history');
});

test('pages by number and by cursor', async () => {
	const first = await call('getRoutingQueues', { pageSize: 1 });
	assert.deepEqual([first.pageCount, first.entities.length], [2, 1]);
	assert.deepEqual((await call('getRoutingQueues', { pageSize: 1, pageNumber: 3 })).entities, []);
	await refused(400, 'getRoutingQueues', { pageSize: 501 });
	const numbers = await call('getTelephonyNumbersRouting', { pageSize: '4' });
	assert.match(numbers.nextUri, /after=4/);
	assert.equal((await call('getTelephonyNumbersRouting', { pageSize: '4', after: '8' })).entities.length, 2);
});

test('jobs of Architect', async () => {
	const version = (await call('getFlow', flow)).publishedVersion.id;
	const flows = [{ flow: { id: flow, version } }];
	const validation = await call('postFlowsValidateJobs', { flows });
	const validated = () => call('getFlowsValidateJob', validation.id, { expand: ['messages'] });
	await until(async () => (await validated()).status === 'Success', 'the validation');
	const exporting = await call('postFlowsExportJobs', { flows: [{ ...flows[0], exportType: 'Yaml' }] });
	const exported = () => call('getFlowsExportJob', exporting.id, { expand: ['messages'] });
	const url = await until(async () => (await exported()).downloadUrl, 'the export');
	const yaml = await (await fetch(url)).text();
	const deploying = await call('postFlowsJobs', { body: {} });
	await fetch(deploying.presignedUrl, { method: 'PUT', body: yaml.replace('Main IVR', 'Third IVR'), headers: deploying.headers });
	await until(async () => (await call('getFlowsJob', deploying.id)).status === 'Success', 'the deployment');
	await twin.control('PATCH', '/twin/settings', { exportRefusals: 1 });
	const again = await call('postFlowsExportJobs', { flows });
	const failed = () => call('getFlowsExportJob', again.id, { expand: ['messages'] });
	const told = await until(async () => (await failed()).status === 'Failure' && failed(), 'the refused export');
	assert.equal(told.status, 'Success', 'only the first look is refused, as when too much was asked');
});

test('dependencies and executions', async () => {
	const version = (await call('getFlow', flow)).publishedVersion.id;
	const used = await call('getArchitectDependencytrackingConsumedresources', flow, version, 'INBOUNDCALLFLOW');
	const queue = used.entities.find((item) => item.type === 'QUEUE');
	await call('getArchitectDependencytrackingConsumingresources', queue.id, 'QUEUE');
	await call('getArchitectDependencytrackingDeletedresourceconsumers');
	await call('getArchitectDependencytrackingUpdatedresourceconsumers');
	await call('getArchitectDependencytrackingBuild');
	await call('getFlowsInstancesQuerycapabilities');
	const query = { query: [{ and: [{ key: 'FlowId', operator: 'eq', value: flow }] }] };
	const [hit] = (await call('postFlowsInstancesQuery', query)).entities;
	await call('getFlowsInstance', hit.id);
	await call('getFlowsInstancesSettingsExecutiondata');
	await call('postFlowsOutcomes', { body: { name: 'Paid (js)' } });
	await call('getFlowsOutcomes');
	await call('getFlowsMilestones');
});

test('aggregates, details and observations', async () => {
	const within = await interval();
	const query = { interval: within, granularity: 'PT30M', groupBy: ['flowVersion', 'exitReason'], metrics: ['nFlow', 'tFlow'] };
	const { results } = await call('postAnalyticsFlowsAggregatesQuery', query);
	assert.ok(results.some((result) => result.group.exitReason === 'TRANSFER'));
	const { jobId } = await call('postAnalyticsFlowsAggregatesJobs', query);
	await until(async () => (await call('getAnalyticsFlowsAggregatesJob', jobId)).state === 'FULFILLED', 'the job');
	await call('getAnalyticsFlowsAggregatesJobResults', jobId);
	const conversations = { interval: within, groupBy: ['queueId'], metrics: ['nOffered', 'tAnswered', 'oServiceLevel'] };
	await call('postAnalyticsConversationsAggregatesQuery', conversations);
	const actions = { interval: within, groupBy: ['actionId', 'responseStatus', 'errorType'], metrics: ['tTotalExecution'] };
	assert.equal((await call('postAnalyticsActionsAggregatesQuery', actions)).results[0].group.responseStatus, '200');
	await call('postAnalyticsRatelimitsAggregatesQuery', { interval: within, metrics: ['oRateLimitRecorded'] });
	const details = await call('postAnalyticsConversationsDetailsQuery', { interval: within });
	await call('getAnalyticsConversationDetails', details.conversations[0].conversationId);
	await call('getAnalyticsConversationsDetailsJobsAvailability');
	const [queue] = (await call('getRoutingQueues')).entities;
	const observed = { filter: by('queueId', queue.id), metrics: ['oWaiting', 'oOnQueueUsers'], detailMetrics: ['oWaiting'] };
	await call('postAnalyticsQueuesObservationsQuery', observed);
	await call('postAnalyticsFlowsObservationsQuery', { filter: by('flowId', flow), metrics: ['oFlow'] });
	await call('postAnalyticsAgentsStatusCounts', {});
	await call('getRoutingQueue', queue.id);
	await call('getRoutingQueueEstimatedwaittime', queue.id);
	assert.equal((await refused(400, 'postAnalyticsFlowsAggregatesQuery', { ...query, granularity: 'soon' })).code, 'invalid.value');
});

test('integrations and Data Actions', async () => {
	const [integration] = (await call('getIntegrations', { expand: 'config.current' })).entities;
	await call('getIntegration', integration.id);
	const config = await call('getIntegrationConfigCurrent', integration.id);
	await call('putIntegrationConfigCurrent', integration.id, { body: { ...config, notes: 'js' } });
	await refused(409, 'putIntegrationConfigCurrent', integration.id, { body: config });
	const [action] = (await call('getIntegrationsActions', { includeConfig: true })).entities;
	await call('getIntegrationsAction', action.id);
	const tested = await call('postIntegrationsActionTest', action.id, { ani: '+13175550019' });
	assert.equal(tested.success, true, JSON.stringify(tested));
	await call('postIntegrationsActionExecute', action.id, { ani: '+13175550019' });
	const draft = await call('postIntegrationsActionDraft', action.id);
	await call('getIntegrationsActionDraftValidation', action.id);
	await call('patchIntegrationsActionDraft', action.id, { version: draft.version, name: action.name });
	await call('deleteIntegrationsActionDraft', action.id);
	await call('getIntegrationsTypes');
	await call('getIntegrationsCredentialsListing');
});

test('data tables', async () => {
	const properties = { key: { type: 'string' }, health: { type: 'integer' } };
	const table = await call('postFlowsDatatables', { name: 'Budget (js)', schema: { type: 'object', required: ['key'], properties } });
	await call('getFlowsDatatables');
	await call('getFlowsDatatable', table.id, { expand: 'schema' });
	await call('postFlowsDatatableRows', table.id, { key: 'slo:crm', health: 82 });
	await refused(409, 'postFlowsDatatableRows', table.id, { key: 'slo:crm', health: 82 });
	await call('putFlowsDatatableRow', table.id, 'slo:crm', { body: { key: 'slo:crm', health: 40 } });
	assert.equal((await call('getFlowsDatatableRow', table.id, 'slo:crm', { showbrief: false })).health, 40);
	await call('getFlowsDatatableRows', table.id, { showbrief: false });
	await call('deleteFlowsDatatableRow', table.id, 'slo:crm');
});

test('call routes, telephony and numbers', async () => {
	const [ivr] = (await call('getArchitectIvrs')).entities;
	await call('putArchitectIvr', ivr.id, await call('getArchitectIvr', ivr.id));
	const [group] = (await call('getArchitectEmergencygroups')).entities;
	await call('putArchitectEmergencygroup', group.id, await call('getArchitectEmergencygroup', group.id));
	await call('getArchitectSchedulegroup', ivr.scheduleGroup.id);
	await call('getArchitectSchedules');
	const [trunk] = (await call('getTelephonyProvidersEdgesTrunks')).entities;
	await call('getTelephonyProvidersEdgesTrunk', trunk.id);
	await call('getTelephonyProvidersEdgesTrunkMetrics', trunk.id);
	await call('getTelephonyProvidersEdgesTrunksMetrics', trunk.id);
	const base = await call('getTelephonyProvidersEdgesTrunkbasesetting', trunk.trunkBase.id);
	await call('putTelephonyProvidersEdgesTrunkbasesetting', base.id, base);
	await call('getTelephonyProvidersEdges');
	await call('getTelephonyProvidersEdgesMetrics', trunk.edge.id);
	const [site] = (await call('getTelephonyProvidersEdgesSites')).entities;
	await call('getTelephonyProvidersEdgesSite', site.id);
	await call('getTelephonyProvidersEdgesSiteOutboundroutes', site.id);
	await call('getTelephonyProvidersEdgesOutboundroutes');
	await call('getTelephonyProvidersEdgesDidpoolsDids', 'UNASSIGNED');
	await call('getTelephonyCallsMetrics');
	await call('getTelephonyMediaregions');
	await call('getTelephonyOrganizationLink');
	await call('getTelephonyOrganizationLinkRegions');
});

test('usage, limits, licences, audits, campaigns', async () => {
	const within = await interval();
	const { executionId } = await call('postUsageQuery', { interval: within, groupBy: ['TemplateUri'] });
	await until(async () => (await call('getUsageQueryExecutionIdResults', executionId)).queryStatus === 'Complete', 'the usage');
	await call('getOrganizationsLimitsNamespace', 'platform.api');
	await call('getOrganizationsLimitsDocs');
	await call('getLicenseDefinitions');
	await call('getLicenseUsers');
	const { id } = await call('postAuditsQuery', { interval: within, serviceName: 'Architect' });
	await until(async () => (await call('getAuditsQueryTransactionId', id)).state === 'Succeeded', 'the audit query');
	await call('getAuditsQueryTransactionIdResults', id);
	await call('getAuditsQueryServicemapping');
	await call('getUsageEventsDefinitions');
	const [campaign] = (await call('getOutboundCampaigns')).entities;
	await call('postOutboundCampaignStop', campaign.id);
	const stopped = async () => (await call('getOutboundCampaign', campaign.id)).campaignStatus === 'off';
	await until(stopped, 'the end of the campaign');
	await call('postOutboundCampaignStart', campaign.id);
});

test('notifications over a WebSocket, and the twenty-first channel', async () => {
	const channel = await call('postNotificationsChannels');
	await call('putNotificationsChannelSubscriptions', channel.id, [{ id: `v2.analytics.flow.${flow}.metrics` }]);
	const socket = new WebSocket(channel.connectUri);
	const frames = [];
	socket.on('message', (data) => frames.push(JSON.parse(data)));
	await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
	const left = await until(() => frames.find((frame) => frame.eventBody.metric === 'tFlow'), 'a call that leaves its flow');
	assert.equal(left.eventBody.exitReason, 'TRANSFER');
	const message = { message: 'subscribe', topics: [`v2.flows.${flow}`], correlationId: 'c' };
	socket.send(JSON.stringify(message));
	assert.equal((await until(() => frames.find((frame) => frame.correlationId === 'c'), 'the answer')).result, '200');
	assert.equal((await call('getNotificationsChannelSubscriptions', channel.id)).entities.length, 2);
	const closed = new Promise((resolve) => socket.on('close', resolve));
	await twin.control('DELETE', '/twin/sockets');
	await closed;
	for (let i = 0; i < 20; i++) await call('postNotificationsChannels');
	const { entities } = await call('getNotificationsChannels');
	assert.equal(entities.length, 20);
	assert.ok(!entities.some((known) => known.id === channel.id));
	await assert.rejects(call('headNotificationsChannel', channel.id));
	await call('getNotificationsAvailabletopics');
	await call('deleteNotificationsChannelSubscriptions', entities[0].id);
});
