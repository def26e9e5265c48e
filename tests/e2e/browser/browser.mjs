// SPDX-License-Identifier: Apache-2.0
// Chromium without a window, by the DevTools protocol over two pipes: messages that end with a
// zero byte. It can reach nothing but this machine's loopback.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
	'--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-default-apps',
	'--disable-extensions', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', '--remote-debugging-pipe'];

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

// Asks until the answer is true in JavaScript's sense, and returns it.
export async function eventually(what, ask, seconds = 40) {
	const end = performance.now() + seconds * 1000;
	for (;;) {
		const answer = await ask();
		if (answer)
			return answer;
		if (performance.now() > end)
			throw new Error(`not within ${seconds} s: ${what}`);
		await pause(100);
	}
}

// The authority of this folder is trusted, and its client's certificate is in the browser's store.
const store = `set -e
db=sql:$HOME/.pki/nssdb
mkdir -p "$HOME/.pki/nssdb"
certutil -N -d "$db" --empty-password
certutil -A -d "$db" -n ca -t C,, -i "$0/ca.pem"
openssl pkcs12 -export -in "$0/client.pem" -inkey "$0/client.key" -passout pass: -out "$HOME/client.p12"
pk12util -d "$db" -i "$HOME/client.p12" -W ''`;
// Nobody can choose it from a list: a policy does, seen by this browser alone.
const policy = { AutoSelectCertificateForUrls: ['{"pattern":"https://127.0.0.1","filter":{}}'] };
const behindPolicy = 'mount --bind "$0" /etc/chromium && exec "$@"';

export class Browser {
	#child;
	#folder;
	#ended;
	#stderr = '';
	#number = 0;
	#waiting = new Map();
	#tabs = new Map();
	#rest = [];

	// certificates: a folder with ca.pem, client.pem and client.key; none if undefined.
	constructor(certificates) {
		this.#folder = mkdtempSync(join(tmpdir(), 'pg-chromium-'));
		const env = { ...process.env, HOME: this.#folder };
		const [program, ...arguments_] = [...(certificates ? this.#identity(certificates, env) : []),
			'chromium', ...flags, `--user-data-dir=${this.#folder}/profile`, 'about:blank'];
		this.#child = spawn(program, arguments_, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'], env });
		this.#ended = new Promise((done) => {
			this.#child.on('error', (error) => done(error.message));
			this.#child.on('exit', () => done('it has ended'));
		});
		this.#ended.then((why) => this.#fail(why));
		this.#child.stderr.on('data', (text) => { this.#stderr += text; });
		this.#child.stdio[3].on('error', () => {});
		this.#child.stdio[4].on('data', (bytes) => this.#read(bytes));
	}

	// What to put before the browser's command.
	#identity(certificates, env) {
		const etc = join(this.#folder, 'etc');
		execFileSync('sh', ['-c', store, certificates], { env, stdio: 'pipe' });
		mkdirSync(join(etc, 'policies', 'managed'), { recursive: true });
		writeFileSync(join(etc, 'policies', 'managed', 'client.json'), JSON.stringify(policy));
		return ['unshare', '--mount', 'sh', '-c', behindPolicy, etc];
	}

	#fail(why) {
		for (const { reject } of this.#waiting.values())
			reject(new Error(`chromium: ${why}\n${this.#stderr}`));
		this.#waiting.clear();
	}

	#read(bytes) {
		let from = 0;
		for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, from)) {
			this.#rest.push(bytes.subarray(from, end));
			this.#take(JSON.parse(Buffer.concat(this.#rest).toString()));
			this.#rest = [];
			from = end + 1;
		}
		this.#rest.push(bytes.subarray(from));
	}

	#take(message) {
		const waiting = this.#waiting.get(message.id);
		if (!waiting) {
			this.#tabs.get(message.sessionId)?.happen(message.method, message.params);
			return;
		}
		this.#waiting.delete(message.id);
		if (message.error)
			waiting.reject(new Error(`${waiting.method}: ${message.error.message}`));
		else
			waiting.resolve(message.result);
	}

	call(method, params = {}, sessionId = undefined) {
		return new Promise((resolve, reject) => {
			const id = ++this.#number;
			this.#waiting.set(id, { resolve, reject, method });
			this.#child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
		});
	}

	async tab() {
		const { targetId } = await this.call('Target.createTarget', { url: 'about:blank' });
		const { sessionId } = await this.call('Target.attachToTarget', { targetId, flatten: true });
		const tab = new Tab((method, params) => this.call(method, params, sessionId));
		this.#tabs.set(sessionId, tab);
		await tab.start();
		return tab;
	}

	async close() {
		await this.call('Browser.close').catch(() => {});
		const killer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
		await this.#ended;
		clearTimeout(killer);
		rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
	}
}

export class Tab {
	#call;
	#urls = new Map();
	#pretended;
	#login;
	challenges = []; // how a password was asked for
	requests = []; // { url }
	responses = new Map(); // url -> { status, headers }: the last one
	documents = new Map(); // time -> snapshot, as this page got it
	complaints = []; // what the console, or the policy, had to say

	constructor(call) {
		this.#call = call;
	}

	async start() {
		for (const domain of ['Page', 'Runtime', 'Network', 'Log', 'Audits', 'Accessibility', 'DOM'])
			await this.#call(`${domain}.enable`);
	}

	call(method, params) {
		return this.#call(method, params);
	}

	happen(method, params) {
		switch (method) {
		case 'Network.requestWillBeSent':
			this.requests.push(params.request.url);
			this.#urls.set(params.requestId, params.request.url);
			break;
		case 'Network.responseReceived':
			this.responses.set(params.response.url, params.response);
			break;
		case 'Fetch.requestPaused':
			this.#answer(params.requestId);
			break;
		case 'Fetch.authRequired':
			this.#logIn(params.requestId, params.authChallenge);
			break;
		case 'Network.loadingFinished':
			this.#keep(params.requestId);
			break;
		case 'Runtime.exceptionThrown':
			this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
			break;
		case 'Runtime.consoleAPICalled':
			this.complaints.push(`console.${params.type}: ${JSON.stringify(params.args)}`);
			break;
		case 'Log.entryAdded':
			this.complaints.push(`${params.entry.level} ${params.entry.source}: ${params.entry.text} ${params.entry.url ?? ''}`);
			break;
		case 'Audits.issueAdded':
			this.complaints.push(JSON.stringify(params.issue));
			break;
		}
	}

	#keep(requestId) {
		if (!this.#urls.get(requestId)?.endsWith('/api/v1/snapshot'))
			return;
		this.#call('Network.getResponseBody', { requestId }).then(({ body }) => {
			const view = JSON.parse(body);
			this.documents.set(view.time, view);
		}).catch(() => {}); // given up by the page
	}

	// From now on the page gets this instead of the agent's snapshot: { status, view }.
	async pretend(make) {
		this.#pretended = make;
		await this.#call('Fetch.enable', { patterns: [{ urlPattern: '*/api/v1/snapshot' }] });
	}

	// Whoever asks for a password gets this one.
	async password(username, password) {
		this.#login = { response: 'ProvideCredentials', username, password };
		await this.#call('Fetch.enable', { handleAuthRequests: true });
	}

	#logIn(requestId, { source, scheme }) {
		this.challenges.push(`${source} ${scheme}`);
		this.#call('Fetch.continueWithAuth', { requestId, authChallengeResponse: this.#login });
	}

	#answer(requestId) {
		if (!this.#pretended) {
			this.#call('Fetch.continueRequest', { requestId });
			return;
		}
		const { status = 200, view } = this.#pretended();
		const body = Buffer.from(JSON.stringify(view ?? null)).toString('base64');
		this.#call('Fetch.fulfillRequest', { requestId, responseCode: status, body,
			responseHeaders: [{ name: 'Content-Type', value: 'application/json' }] });
	}

	async open(url) {
		await this.#call('Page.navigate', { url });
	}

	// Calls a function in the page, with arguments that JSON can carry.
	async run(call, ...args) {
		const expression = `(${call})(${args.map((arg) => JSON.stringify(arg)).join(', ')})`;
		const { result, exceptionDetails } = await this.#call('Runtime.evaluate',
			{ expression, returnByValue: true, awaitPromise: true });
		if (exceptionDetails)
			throw new Error(`in the page: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
		return result.value;
	}

	async size(width, height, features = {}) {
		await this.#call('Emulation.setDeviceMetricsOverride',
			{ width, height, deviceScaleFactor: 1, mobile: width < 600 });
		await this.#call('Emulation.setEmulatedMedia',
			{ features: Object.entries(features).map(([name, value]) => ({ name, value })) });
	}

	async press(key) {
		const code = { Tab: 9, Enter: 13 }[key];
		const what = { key, code: key, windowsVirtualKeyCode: code, text: key === 'Enter' ? '\r' : undefined };
		await this.#call('Input.dispatchKeyEvent', { type: 'keyDown', ...what });
		await this.#call('Input.dispatchKeyEvent', { type: 'keyUp', ...what });
	}

	async screenshot(whole) {
		const { data } = await this.#call('Page.captureScreenshot', { format: 'png', captureBeyondViewport: whole });
		return Buffer.from(data, 'base64');
	}
}
