// SPDX-License-Identifier: Apache-2.0
// Asks the agent again and again: not while the page is hidden or paused, less often while nobody
// answers.

const EVERY_MS = 2000;
const LONGEST_MS = 30000;
const TIMEOUT_MS = 10000;
const VERSION = 1;

const refusals = {
	401: 'asks for a password: reload this page',
	403: 'refuses to answer: reload this page',
	429: 'has had too many requests',
	503: 'is starting: it has nothing to show yet',
};

async function ask(url, signal) {
	const response = await fetch(url, { cache: 'no-store', redirect: 'error', signal });
	if (!response.ok)
		throw new Error(refusals[response.status] ?? `answers with status ${response.status}`);
	const view = await response.json().catch(() => { throw new Error('answers with half a document'); });
	if (view?.version !== VERSION)
		throw new Error('speaks another version: reload this page');
	return view;
}

export class Poll {
	#url;
	#onView;
	#onState;
	#timer;
	#request;
	#paused = false;
	#failures = 0;

	// onView(view); onState({ paused }) or onState({ failure, wait }) in ms, or onState({}): all is well.
	constructor(url, onView, onState) {
		this.#url = url;
		this.#onView = onView;
		this.#onState = onState;
		document.addEventListener('visibilitychange', () => this.#restart());
	}

	start() {
		this.#restart();
	}

	pause(paused) {
		this.#paused = paused;
		if (paused)
			this.#onState({ paused });
		this.#restart();
	}

	// At once, whatever was waited for.
	#restart() {
		clearTimeout(this.#timer);
		this.#request?.abort();
		this.#request = null;
		if (!this.#paused && !document.hidden)
			this.#tick();
	}

	async #tick() {
		const request = new AbortController();
		const timeout = setTimeout(() => request.abort(), TIMEOUT_MS);
		const begun = performance.now();
		let view;
		let failure;
		this.#request = request;
		try {
			view = await ask(this.#url, request.signal);
		} catch (error) {
			failure = error.constructor === Error ? error.message : 'does not answer';
		}
		clearTimeout(timeout);
		if (this.#request === request)
			this.#conclude(view, failure, performance.now() - begun);
	}

	#conclude(view, failure, took) {
		this.#request = null;
		this.#failures = failure ? this.#failures + 1 : 0;
		const wait = failure ? Math.min(LONGEST_MS, EVERY_MS * 2 ** (this.#failures - 1)) :
			Math.max(EVERY_MS / 4, EVERY_MS - took);
		this.#timer = setTimeout(() => this.#tick(), wait);
		if (failure) {
			this.#onState({ failure, wait });
		} else {
			this.#onState({});
			this.#onView(view);
		}
	}
}
