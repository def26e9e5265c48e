// SPDX-License-Identifier: Apache-2.0
// The live page in a real browser: page.mjs URL CLAIM [ARGUMENT]. Prints words that the scenario
// waits for (tests/e2e/page.c), and ends with status 0 only if the claim holds.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Browser, eventually } from './browser.mjs';
import { expected } from './expected.mjs';
import { invented } from './invented.mjs';
import * as inside from './inside.mjs';

const PICTURES = 'build/tests/page';
const VIEWS = 3;

const [url, claim, argument] = process.argv.slice(2);
const say = (word) => process.stdout.write(`${word}\n`);

const timeOf = (tab) => tab.run(() => document.getElementById('main')?.dataset.time ?? '');
const click = (tab, selector) => tab.run((wanted) => document.querySelector(wanted).click(), selector);

async function open(tab) {
	await tab.open(url);
	await eventually('the page shows a view', () => timeOf(tab));
}

// A view of after this moment.
async function next(tab) {
	const before = await timeOf(tab);
	await eventually('the page shows another view', async () => await timeOf(tab) !== before);
}

// Nothing in the console, nothing against the policy, nobody else asked, nothing not found.
function isClean(tab) {
	const { origin } = new URL(url);
	assert.deepEqual(tab.complaints, []);
	assert.deepEqual(tab.requests.filter((one) => new URL(one).origin !== origin), []);
	for (const [one, response] of tab.responses)
		assert.equal(response.status, 200, one);
	const { headers } = tab.responses.get(url);
	const policy = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-security-policy')[1];
	assert.match(policy, /default-src 'none'/);
	assert.doesNotMatch(policy, /unsafe/);
}

// Everything on the page is as in the snapshot that the page got at that time.
async function equals(tab) {
	const shown = await tab.run(inside.everything);
	const view = await eventually(`the snapshot of ${shown.time}`, () => tab.documents.get(shown.time), 5);
	assert.deepEqual(shown, expected(view, shown));
	return view;
}

// --- the claims

const claims = {
	// argument: a process name that would be markup
	async numbers(tab) {
		await tab.size(1280, 900);
		await open(tab);
		for (let i = 0; i < VIEWS; i++) {
			const view = await equals(tab);
			for (const list of ['pools', 'destinations', 'owners', 'refusals', 'alerts', 'verdicts'])
				assert.ok(view[list].length, `no ${list}`);
			assert.ok(view.owners.some((row) => row.process === argument), argument);
			assert.ok(view.owners.some((row) => row.command), 'no command');
			assert.ok(view.destinations.some((row) => row.listener), 'no listener');
			await next(tab);
		}
		assert.equal(await tab.run(() => document.images.length), 1); // the emblem
		isClean(tab);
		await tab.run(inside.breakPolicy);
		await eventually('the policy is enforced', () => tab.run(() => globalThis.violations.length === 2));
	},

	async looks(tab) {
		mkdirSync(PICTURES, { recursive: true });
		await tab.size(1280, 900);
		await open(tab);
		for (let i = 0; i < 4; i++) // something for the charts
			await next(tab);
		for (const scheme of ['light', 'dark'])
			for (const [width, height] of [[320, 640], [390, 844], [768, 1024], [1280, 900], [1920, 1080]]) {
				await tab.size(width, height, { 'prefers-color-scheme': scheme, 'prefers-reduced-motion': 'reduce' });
				await next(tab);
				const what = `${width} ${scheme}`;
				assert.deepEqual(await tab.run(inside.tooWide), [], what);
				assert.deepEqual(await tab.run(inside.tooFaint), [], what);
				assert.deepEqual(await tab.run(inside.moving), [], what);
				writeFileSync(`${PICTURES}/${scheme}-${width}.png`, await tab.screenshot(true));
			}
		isClean(tab);
	},

	async keyboard(tab) {
		await tab.size(1280, 900);
		await open(tab);
		const wanted = await tab.run(inside.controls);
		const reached = [];
		for (let i = 0; i < wanted.length; i++) {
			await tab.press('Tab');
			const { name, visible } = await tab.run(inside.focused);
			assert.ok(visible, `no focus to be seen on ${name}`);
			reached.push(name);
		}
		assert.deepEqual(reached, wanted);
		assert.ok(wanted.includes('Pause') && wanted.includes('destination') && wanted.includes('As a table'));
		const { nodes } = await tab.call('Accessibility.getFullAXTree');
		const seen = nodes.filter((node) => !node.ignored);
		const named = (role) => seen.filter((node) => node.role?.value === role).map((node) => node.name?.value ?? '');
		for (const role of ['banner', 'main', 'navigation', 'contentinfo'])
			assert.equal(named(role).length, 1, role);
		for (const role of ['table', 'region', 'image', 'heading', 'button', 'link', 'searchbox'])
			assert.ok(named(role).length && named(role).every(Boolean), `${role}: ${JSON.stringify(named(role))}`);
		assert.equal(named('table').length, 4);
		assert.ok(named('columnheader').includes('TIME_WAIT'));
		await tab.run(() => document.querySelector('#chart-owners summary').focus());
		await tab.press('Enter');
		await eventually('the chart as a table', () => tab.run(() =>
			document.querySelectorAll('#chart-owners tbody tr').length > 0));
		isClean(tab);
	},

	// argument: how many destinations
	async many(tab) {
		await tab.size(1280, 900);
		await open(tab);
		const view = await eventually('all destinations', async () => {
			const { destinations, time } = await equals(tab);
			await next(tab);
			return destinations.length >= Number(argument) && tab.documents.get(time);
		});
		const rows = () => tab.run(() => document.querySelectorAll('#destinations tbody tr').length);
		assert.equal(await rows(), 20);
		assert.ok(await tab.run(() => document.querySelectorAll('*').length) < 3000);
		await click(tab, '#destinations .more');
		assert.equal(await rows(), 70);
		await next(tab);
		await equals(tab);
		const last = view.destinations.at(-1);
		const name = `${last.remote}:${last.remote_port}`;
		await tab.run(inside.filter, '#destinations', name);
		await equals(tab);
		assert.deepEqual(await tab.run(() => [...document.querySelectorAll('#destinations tbody .main')]
			.map((node) => node.textContent).slice(0, 1)), [name]);
		await tab.run(inside.filter, '#destinations', 'no such thing');
		assert.equal(await rows(), 0);
		isClean(tab);
	},

	// What comes while one looks is told, and seen.
	async news(tab) {
		await open(tab);
		assert.doesNotMatch(await tab.run(() => document.title), /critical/);
		say('watching');
		await eventually('the refusal is told', () => tab.run(() => /refused.*pg-p/.test(document.getElementById('said').textContent)));
		await eventually('the alert is in the title', () => tab.run(() => /critical/.test(document.title)));
		assert.equal(await tab.run(() => document.getElementById('now-title').textContent), 'Ports are being refused');
		await equals(tab);
		isClean(tab);
	},

	async pauses(tab) {
		const asked = () => tab.requests.length;
		const quiet = async (what) => {
			const before = asked();
			await new Promise((done) => { setTimeout(done, 5000); });
			assert.equal(asked(), before, what);
		};
		await open(tab);
		await click(tab, '#pause');
		assert.equal(await tab.run(() => document.getElementById('state').textContent), 'Paused');
		await quiet('while paused');
		await click(tab, '#pause');
		await next(tab);
		await tab.run(inside.hide, true);
		await quiet('while hidden');
		await tab.run(inside.hide, false);
		await next(tab);
		isClean(tab);
	},

	// Rows of every kind, and what an agent might answer instead of them.
	async invented(tab) {
		let change = {};
		let status = 200;
		let tick = 0;
		const trouble = () => tab.run(() => !document.getElementById('trouble').hidden &&
			document.getElementById('trouble-text').textContent);
		const says = (words) => eventually(words, async () => (await trouble() || '').includes(words));
		await tab.pretend(() => ({ status, view: { ...invented(tick++), ...change } }));
		await tab.size(320, 640);
		await open(tab);
		await equals(tab);
		assert.deepEqual(await tab.run(inside.tooWide), []);
		await tab.size(1280, 900);
		await next(tab);
		await equals(tab);
		assert.deepEqual(await tab.run(inside.tooWide), []);
		assert.deepEqual(await tab.run(inside.tooFaint), []);
		await click(tab, '#alerts .more');
		assert.equal(await tab.run(() => document.querySelectorAll('#alerts li').length), 40);
		assert.equal(await tab.run(() => document.querySelectorAll('script, img, b').length), 3); // its own
		change = { version: 2 };
		await says('speaks another version');
		change = { time: await timeOf(tab) };
		await says('its numbers stand still');
		status = 503;
		await says('is starting');
		status = 401;
		await says('asks for a password');
		status = 200;
		change = { pools: [], destinations: [], owners: [], refusals: [], alerts: [], verdicts: [] };
		await eventually('it is well again', async () => await trouble() === false);
		assert.equal(await tab.run(() => document.getElementById('now-title').textContent), 'Nothing is running out of ports');
		await equals(tab);
		assert.equal(await tab.run(() => [...document.querySelectorAll('.empty')].filter((node) => !node.hidden).length), 6);
		assert.deepEqual(tab.complaints.filter((one) => !/status of (503|401)/.test(one)), []);
	},

	// argument: a folder with certificates
	async tls(tab) {
		await tab.password('prometheus', 'secret');
		await open(tab);
		await next(tab);
		await equals(tab);
		const { securityState, securityDetails } = tab.responses.get(url);
		assert.equal(securityState, 'secure');
		assert.match(securityDetails.protocol, /^TLS 1\.[23]$/);
		assert.deepEqual(tab.challenges, ['Server basic']);
		const others = tab.complaints.filter((one) => !/status of 401/.test(one));
		assert.deepEqual(others, []);
	},

	async outage(tab) {
		await open(tab);
		const before = await timeOf(tab);
		say('watching');
		const trouble = () => tab.run(() => !document.getElementById('trouble').hidden &&
			document.getElementById('trouble').textContent);
		assert.match(await eventually('the page says that nobody answers', trouble), /does not answer.*Trying again in/s);
		assert.equal(await tab.run(() => document.getElementById('state').textContent), 'No answer');
		say('gone');
		await eventually('the page goes on by itself', async () => await trouble() === false && await timeOf(tab) !== before);
		assert.equal(await tab.run(() => document.getElementById('state').textContent), 'Live');
		await equals(tab);
		const others = tab.complaints.filter((one) => !one.includes('net::ERR_CONNECTION'));
		assert.deepEqual(others, []);
	},
};

const browser = new Browser(claim === 'tls' ? argument : undefined);
try {
	await claims[claim](await browser.tab());
	say('holds');
} catch (error) {
	say(error.stack);
	process.exitCode = 1;
} finally {
	await browser.close();
}
