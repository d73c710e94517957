// A twin, a system behind its Data Actions, and the official SDK with the declarations of its models.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(import.meta.url);
export const sdk = require('purecloud-platform-client-v2');

const declarations = readFileSync(require.resolve('purecloud-platform-client-v2/index.d.ts'), 'utf8');

/** How long anything may take that is waited for, in milliseconds. */
export const PATIENCE = 30_000;

/** The real binary, on a free port, with a CRM that knows every caller as a gold customer. */
export async function startTwin(...options) {
	const crm = createServer((_, response) => {
		response.setHeader('Content-Type', 'application/json');
		response.end(JSON.stringify({ accountTier: 'gold', customerName: 'Ada' }));
	});
	await new Promise((resolve) => crm.listen(0, '127.0.0.1', resolve));
	const upstream = `http://127.0.0.1:${crm.address().port}`;
	const command = ['twin', '--twin-listen', '127.0.0.1:0', '--base-url', upstream, ...options];
	const child = spawn(process.env.STEADYLINE, command, { stdio: ['ignore', 'pipe', 'ignore'] });
	const url = await new Promise((resolve, reject) => {
		createInterface({ input: child.stdout }).on('line', (line) => resolve(line.match(/http:\/\/\S+/)[0]));
		child.on('exit', (code) => reject(new Error(`the twin ended with ${code}`)));
	});
	const control = async (method, path, body) => {
		const headers = { 'Content-Type': 'application/json' };
		const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
		if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
		const text = await response.text();
		return text ? JSON.parse(text) : undefined;
	};
	const stop = async () => {
		const ended = new Promise((resolve) => child.on('exit', resolve));
		child.kill();
		await ended;
		crm.closeAllConnections();
		crm.close();
	};
	return { url, port: Number(new URL(url).port), control, stop };
}

/** Fields of every model that the SDK declares: name to type. */
const models = new Map();
for (const [, name, body] of declarations.matchAll(/export interface (\w+) \{([^]*?)\n\t\}/g)) {
	models.set(name, new Map([...body.matchAll(/^\s*"([^"]+)"\??: (.+);$/gm)].map(([, field, type]) => [field, type])));
}

// The declaration of this list names the wrong model: numbers of a plan, not numbers that are routed.
models.get('NumberRoutingListing').set('entities', 'Array<Models.NumberRouting>');

/** What every operation of the SDK gives, by its name. */
const results = new Map();
for (const [, name, type] of declarations.matchAll(/^\s+(\w+)\([^)]*\): Promise<(.+)>;$/gm)) {
	results.set(name, type);
}

const apis = new Map();
for (const Api of Object.values(sdk)) {
	if (typeof Api !== 'function' || !Api.name?.endsWith('Api')) continue;
	for (const name of Object.getOwnPropertyNames(Api.prototype)) {
		if (name !== 'constructor' && !apis.has(name)) apis.set(name, Api);
	}
}

/** Where an answer is not what the declared type can hold. */
export function lost(value, type, at = type) {
	if (value === null || value === undefined || type === 'any' || type === 'object') return [];
	const list = type.match(/^Array<(.+)>$/);
	if (list) {
		if (!Array.isArray(value)) return [`${at}: no array`];
		return value.flatMap((entry, i) => lost(entry, list[1], `${at}[${i}]`));
	}
	const map = type.match(/^\{ ?\[key: ?string\]: ?(.+?);? ?\}$/);
	if (map) return Object.entries(value).flatMap(([key, entry]) => lost(entry, map[1], `${at}.${key}`));
	const model = models.get(type.replace(/^Models\./, ''));
	if (model) {
		if (typeof value !== 'object') return [`${at}: no object`];
		return Object.entries(value).flatMap(([field, entry]) =>
			model.has(field) ? lost(entry, model.get(field), `${at}.${field}`) : [`${at}.${field} has no place`]);
	}
	if (['string', 'number', 'boolean'].includes(type)) return typeof value === type ? [] : [`${at}: ${typeof value} for ${type}`];
	return [];
}

/** The SDK's client behind its gateway setting, which also notes what its models have no place for. */
export class Judge {
	losses = [];
	operations = new Set();

	constructor(twin) {
		this.client = new sdk.ApiClientClass();
		// With a path for each of the two hosts, as behind a proxy.
		const paths = { path_params_login: 'login', path_params_api: 'platform' };
		this.client.setGateway({ host: '127.0.0.1', protocol: 'http', port: twin.port, ...paths });
		const callApi = this.client.callApi.bind(this.client);
		this.client.callApi = (path, method, ...others) => {
			this.operations.add(`${method} ${path}`);
			return callApi(path, method, ...others);
		};
	}

	login(id = 'twin-client', secret = 'twin-secret') {
		return this.client.loginClientCredentialsGrant(id, secret);
	}

	/** Calls an operation of the SDK by its name. */
	async call(name, ...given) {
		const Api = apis.get(name);
		if (!Api) throw new Error(`the SDK has no operation ${name}`);
		const answer = await new Api(this.client)[name](...given);
		const type = results.get(name);
		if (type && type !== 'void') this.losses.push(...lost(answer, type));
		return answer;
	}

	/** Calls an operation that must be refused with this status, and gives the error body. */
	async refused(status, name, ...given) {
		try {
			await this.call(name, ...given);
		} catch (error) {
			const body = error.body ?? error.response?.data ?? error;
			this.losses.push(...lost(body, 'Models.ErrorBody'));
			if (body.status !== status) throw new Error(`${name} was refused with ${JSON.stringify(body)}`);
			return body;
		}
		throw new Error(`${name} was not refused`);
	}
}

/** Asks again until it is so. */
export async function until(reached, what) {
	const ends = Date.now() + PATIENCE;
	while (Date.now() < ends) {
		const answer = await reached();
		if (answer) return answer;
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
	throw new Error(`${what} did not happen within ${PATIENCE} ms`);
}
