// SPDX-License-Identifier: Apache-2.0
// The live page: asks the agent for its view, shows it, and says what has changed.
import { Chart, LINES } from './chart.mjs';
import { byId, show, write } from './dom.mjs';
import { History } from './history.mjs';
import { Poll } from './poll.mjs';
import * as sections from './sections.mjs';
import * as words from './words.mjs';

const HISTORY_S = 600;
const GAP_S = 10;
const STANDING_S = 10;
const SPEAK_MS = 5000;

// --- what a screen reader is told: what is new, and not more often than it can be said

class Speaker {
	#waiting = [];
	#timer;

	say(text) {
		this.#waiting.push(text);
		this.#timer ??= setTimeout(() => this.#speak(), 0);
	}

	#speak() {
		write(byId('said'), this.#waiting.slice(0, 5).join('. '));
		this.#waiting = [];
		this.#timer = setTimeout(() => {
			this.#timer = null;
			if (this.#waiting.length)
				this.#speak();
		}, SPEAK_MS);
	}
}

class News {
	#speaker = new Speaker();
	#alerts;
	#refused;

	tell(view) {
		const alerts = new Map(view.alerts.map((row) => [words.alertKey(row), row]));
		const refused = view.refusals[0]?.time ?? '';
		if (this.#alerts) {
			this.#tellAlerts(alerts);
			if (refused > this.#refused)
				this.#tellRefusals(view.refusals.filter((row) => row.time > this.#refused));
		}
		this.#alerts = alerts;
		this.#refused = refused;
	}

	#tellAlerts(alerts) {
		for (const [key, row] of alerts)
			if (!this.#alerts.has(key))
				this.#speaker.say(`New ${row.severity} alert ${row.rule}: ${row.summary}`);
		for (const [key, row] of this.#alerts)
			if (!alerts.has(key))
				this.#speaker.say(`Alert ${row.rule} has ended: ${row.subject}`);
	}

	#tellRefusals(rows) {
		const [row] = rows;
		const where = row.remote ? ` toward ${words.remote(row)}` : '';
		this.#speaker.say(`${words.plural(rows.length, 'port request', 'port requests')} refused, ` +
			`the last of ${words.process(row)}${where}`);
	}
}

// --- charts

class Charts {
	#destinations = new History(HISTORY_S, LINES);
	#owners = new History(HISTORY_S, LINES);
	#pools = new History(HISTORY_S, LINES);
	#charts;

	constructor() {
		const ratio = (value, axis) => (axis ? `${Math.round(value * 100)} %` : words.percent(value));
		const ports = (value, axis) => (axis && value >= 10000 ? `${value / 1000} k` : words.count(value));
		this.#charts = [
			new Chart(byId('chart-destinations'), { history: this.#destinations, format: ratio, most: 1 }),
			new Chart(byId('chart-owners'), { history: this.#owners, format: ports }),
			new Chart(byId('chart-pools'), { history: this.#pools, format: ratio, most: 1 }),
		];
	}

	show(view) {
		const time = words.seconds(view.time);
		const add = (history, rows, keyOf, nameOf, valueOf) => {
			const own = rows.filter((row) => !words.isRest(row));
			history.add(time, own.map((row) => ({ key: keyOf(row), name: nameOf(row), value: valueOf(row) ?? 0 })),
				own.length === rows.length, GAP_S);
		};
		add(this.#destinations, view.destinations, words.destinationKey,
			(row) => `${words.scope(row)} → ${words.remote(row)}`, (row) => row.saturation);
		add(this.#owners, view.owners, words.ownerKey,
			(row) => `${words.process(row)} ${words.scope(row)}`, (row) => row.used);
		add(this.#pools, view.pools, words.poolKey, words.scope, (row) => row.saturation);
		for (const chart of this.#charts)
			chart.draw();
	}
}

// --- the agent's answers

class Page {
	#news = new News();
	#charts = new Charts();
	#alerts = new sections.Alerts();
	#verdicts = new sections.Verdicts();
	#pools = sections.pools();
	#destinations = sections.destinations();
	#owners = sections.owners();
	#refusals = new sections.Refusals();
	#health = new sections.Health();
	#view;
	#changed; // when the view's time last moved, by the browser's clock

	show(view) {
		if (view.time === this.#view?.time) {
			this.#warnOfStanding();
			return;
		}
		this.#view = view;
		this.#changed = performance.now();
		this.#trouble('', '');
		sections.showNow(view);
		this.#alerts.show(view);
		this.#verdicts.show(view);
		this.#charts.show(view);
		this.#pools.show(view.pools);
		this.#destinations.show(view.destinations);
		this.#owners.show(view.owners);
		this.#refusals.show(view);
		this.#health.show(view);
		this.#news.tell(view);
		this.#title();
		show(byId('main'), true);
		show(byId('loading'), false);
		sections.showTime(view); // the last: all else is done
	}

	#title() {
		const grave = this.#view.alerts.filter((row) => row.severity === 'critical').length;
		document.title = `${grave ? `${words.signs.critical} ${grave} critical · ` : ''}${this.#view.host ?? ''} · portgauge`;
	}

	#warnOfStanding() {
		if ((performance.now() - this.#changed) / 1000 > STANDING_S)
			this.#trouble(`The agent answers, but its numbers stand still since ${words.clock(this.#view.time)}.`, '');
	}

	#trouble(text, next) {
		show(byId('trouble'), Boolean(text));
		write(byId('trouble-text'), text);
		write(byId('trouble-next'), next);
	}

	state({ paused, failure, wait }) {
		const word = paused ? 'Paused' : 'Live';
		write(byId('state'), failure ? 'No answer' : word);
		byId('state').dataset.state = failure ? 'failing' : word.toLowerCase();
		if (paused)
			this.#trouble('', '');
		if (!failure)
			return;
		const last = this.#view ? ` What you see is of ${words.clock(this.#view.time)}.` : '';
		this.#trouble(`The agent ${failure}.${last}`, `Trying again in ${words.duration(wait / 1000)}.`);
	}
}

const page = new Page();
const poll = new Poll('api/v1/snapshot', (view) => page.show(view), (state) => page.state(state));
let paused = false;

byId('pause').addEventListener('click', () => {
	paused = !paused;
	write(byId('pause'), paused ? 'Go on' : 'Pause');
	poll.pause(paused);
});
byId('retry').addEventListener('click', () => poll.start());
write(byId('zone'), words.zone());
poll.start();
