// SPDX-License-Identifier: Apache-2.0
// The parts of the page, each a function of the view.
import { attributes, byId, Keyed, make, name, show, write, writeCode, writeTime } from './dom.mjs';
import { groupAlerts, groupRefusals, judge, refusedRecently, worstDestination, worstPool } from './judge.mjs';
import { Table } from './table.mjs';
import * as words from './words.mjs';

const OWNERS_SHOWN = 3;
const CARDS_SHOWN = 6;

function sumOf(tallies) {
	return Object.values(tallies).reduce((sum, n) => sum + n, 0);
}

// --- now

export function showNow(view) {
	const { level, title, lead } = judge(view);
	name(byId('now'), `card ${level}`);
	write(byId('sign'), words.signs[level]);
	write(byId('level'), level);
	write(byId('now-title'), title);
	write(byId('lead'), lead);
	write(byId('worst-destination'), words.percent(worstDestination(view)?.saturation));
	write(byId('worst-pool'), words.percent(worstPool(view)?.saturation));
	write(byId('refused'), words.count(refusedRecently(view)));
	write(byId('firing'), words.count(view.alerts.length));
}

// --- alerts and findings

function makeCard() {
	const node = make('li');
	const head = node.appendChild(make('p', 'head'));
	const badge = head.appendChild(make('span', 'badge'));
	const title = head.appendChild(make('strong'));
	const age = head.appendChild(make('span', 'age'));
	const subject = node.appendChild(make('p', 'subject'));
	const text = node.appendChild(make('p', 'text'));
	const remedy = node.appendChild(make('p', 'remedy'));
	const link = node.appendChild(make('a', 'runbook', 'Runbook'));
	link.rel = 'noreferrer';
	return { node, badge, title, age, subject, text, remedy, link };
}

function writeCard(card, row, title, text) {
	name(card.node, row.severity);
	write(card.badge, `${words.signs[row.severity]} ${row.severity}`);
	write(card.title, title ?? words.NOTHING);
	write(card.subject, row.subject ?? '');
	write(card.text, text ?? '');
	writeCode(card.remedy, row.remedy ?? '');
	show(card.remedy, Boolean(row.remedy));
	show(card.link, Boolean(row.runbook));
	if (row.runbook && card.link.href !== row.runbook)
		card.link.href = row.runbook;
}

// So many cards at first; a button brings all of them.
class Cards {
	#list;
	#keyOf;
	#section;
	#all = false;
	#rows = [];

	constructor(section, create, keyOf) {
		this.#section = section;
		this.#list = new Keyed(section.querySelector('ul'), create);
		this.#keyOf = keyOf;
		section.querySelector('.more').addEventListener('click', () => {
			this.#all = !this.#all;
			this.show(this.#rows);
		});
	}

	show(rows) {
		const more = this.#section.querySelector('.more');
		this.#rows = rows;
		this.#list.show(this.#all ? rows : rows.slice(0, CARDS_SHOWN), this.#keyOf);
		show(this.#section.querySelector('.empty'), rows.length === 0);
		show(more, rows.length > CARDS_SHOWN);
		write(more, this.#all ? `Show the first ${CARDS_SHOWN}` : `Show all ${words.count(rows.length)}`);
	}
}

export class Alerts {
	#now;
	#cards = new Cards(byId('alerts'), () => {
		const card = makeCard();
		return { node: card.node, update: (row) => {
			writeCard(card, row, row.rule, row.summary);
			write(card.age, `for ${words.since(row.since, this.#now)}`);
		} };
	}, (row) => row.key);

	show(view) {
		this.#now = view.time;
		this.#cards.show(groupAlerts(view));
	}
}

export class Verdicts {
	#cards = new Cards(byId('verdicts'), () => {
		const card = makeCard();
		return { node: card.node, update: (row) => {
			writeCard(card, row, row.verdict?.replaceAll('_', ' '), row.text);
		} };
	}, (row) => [row.verdict, row.subject].join(' '));

	show(view) {
		this.#cards.show(view.verdicts);
		write(byId('verdicts-none'), view.alerts.length ? 'No verdict; the alerts below say what helps.' :
			'Nothing: there is neither a verdict nor an alert.');
	}
}

// --- tables

const outlook = (row) => words.until(row.exhaustion_seconds);
const number = (label, key) => ({ label, text: (row) => words.count(row[key]) });

export const pools = () => new Table(byId('pools'), [
	{ label: 'Pool', kind: 'name', text: (row) => (words.isRest(row) ? 'all others together' : words.scope(row)),
		sub: (row) => (words.isRest(row) ? '' : `ports ${words.range(row)}`) },
	{ label: 'Held', kind: 'bar', text: (row) => row.saturation, sub: outlook },
	{ label: 'Worst destination', kind: 'bar', text: (row) => row.worst_destination_saturation },
	number('Used', 'used'),
	number('Size', 'size'),
	number('Shared', 'shared'),
	number('Exclusive', 'exclusive'),
	number('Refused lately', 'refused_recently'),
], words.poolKey, (row) => words.scope(row));

function ownersOf(row) {
	const owners = row.owners.filter((owner) => owner.used > 0);
	const shown = owners.slice(0, OWNERS_SHOWN).map((owner) => `${words.process(owner)} ${words.count(owner.used)}`);
	const more = owners.length - shown.length;
	return shown.join(', ') + (more > 0 ? ` and ${more} more` : '') || words.NOTHING;
}

export const destinations = () => new Table(byId('destinations'), [
	{ label: 'Destination', kind: 'name', text: words.remote, sub: words.toward },
	{ label: 'Full', kind: 'bar', text: (row) => row.saturation, sub: outlook },
	number('Used', 'used'),
	number('Capacity', 'capacity'),
	number('Active', 'active'),
	number('TIME_WAIT', 'time_wait'),
	number('Bound', 'exclusive'),
	{ label: 'Most by', kind: 'text', text: ownersOf },
], words.destinationKey, (row) => [words.remote(row), words.toward(row), ...row.owners.map(words.process)].join(' '));

export const owners = () => new Table(byId('owners'), [
	{ label: 'Owner', kind: 'name', text: (row) => words.process(row) + (row.alive === false ? ' (ended)' : ''),
		sub: words.home },
	number('Used', 'used'),
	number('Active', 'active'),
	number('TIME_WAIT', 'time_wait'),
	number('Bound', 'exclusive'),
	number('Taken so far', 'allocations'),
	number('Refused', 'refusals'),
], words.ownerKey, (row) => [words.process(row), words.home(row), row.exe ?? '', row.cgroup ?? ''].join(' '));

export class Refusals {
	#table = new Table(byId('refusals'), [
		{ label: 'Who', kind: 'name', text: words.process, sub: (row) => `${words.scope(row)} · ${row.path} ${row.errno}` },
		{ label: 'Toward', kind: 'text', text: (row) => (row.remote ? words.remote(row) : 'any') },
		{ label: 'Full then', kind: 'bar', text: (row) => row.saturation },
		{ label: 'Times', text: (row) => words.count(row.times) },
		{ label: 'Last', kind: 'time', text: (row) => row.time },
	], (row) => row.key, (row) => [words.process(row), words.scope(row), row.remote ?? ''].join(' '));

	show(view) {
		this.#table.show(groupRefusals(view.refusals));
	}
}

// --- the agent

function tell(term, text, level = 'calm') {
	return { term, text, level };
}

function facts(view) {
	const { health } = view;
	const lost = sumOf(health.lost);
	const reasons = Object.entries(health.lost).filter(([, n]) => n).map(([why, n]) => `${why} ${words.count(n)}`);
	return [
		tell('Source', `${view.source} on kernel ${view.kernel}`),
		tell('Watching for', health.since ? `${words.since(health.since, view.time)}, since ${words.clock(health.since)}` : words.NOTHING),
		tell('Sees everything', health.complete ? 'yes' : 'no: a namespace could not be entered, or ports were missed', health.complete ? 'calm' : 'warning'),
		tell('Events', words.count(sumOf(health.events))),
		tell('Events lost', lost ? `${words.count(lost)}: ${reasons.join(', ')}` : '0', lost ? 'warning' : 'calm'),
		tell('Drift found by the last reconcile', words.plural(health.drift, 'port', 'ports'), health.drift ? 'info' : 'calm'),
		tell('Reconciliations', words.count(health.reconciliations) + (health.reconciled_at ?
			`, the last ${words.since(health.reconciled_at, view.time)} ago` : '')),
	];
}

export class Health {
	#list = new Keyed(byId('health-list'), () => {
		const node = make('div');
		const term = node.appendChild(make('dt'));
		const text = node.appendChild(make('dd'));
		return { node, update: (fact) => {
			name(node, fact.level);
			write(term, fact.term);
			write(text, fact.level === 'calm' ? fact.text : `${words.signs[fact.level]} ${fact.text}`);
		} };
	});

	show(view) {
		this.#list.show(facts(view), (fact) => fact.term);
	}
}

export function showTime(view) {
	attributes(byId('main'), { 'data-time': view.time });
	write(byId('host'), view.host ?? '');
	writeTime(byId('time'), view.time, words.clock(view.time));
}
