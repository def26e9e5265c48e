// SPDX-License-Identifier: Apache-2.0
// What the page must show for a snapshot, worked out from the snapshot alone.

const n = (value) => (value ?? null) === null ? '–' : value.toLocaleString('en');
const ratio = (value) => (value ?? null) === null ? '–' : `${(value * 100).toFixed(1)}\u00a0%`;
const who = (row) => `${row.process ?? 'unknown'}${row.pid === null ? '' : `[${row.pid}]`}`;
const whereTo = (row) => (row.remote.includes(':') ? `[${row.remote}]` : row.remote) + `:${row.remote_port}`;
const place = (row) => `${row.netns_name} ${row.protocol}`;

function span(seconds) {
	const s = Math.max(0, Math.round(seconds));
	const [unit, length] = s < 120 ? ['s', 1] : s < 7200 ? ['min', 60] : s < 172800 ? ['h', 3600] : ['days', 86400];
	return `${Math.round(s / length)} ${unit}`;
}

function outlook(seconds) {
	return seconds > 0 ? `full in ${span(seconds)}` : '';
}

function bar(value, sub = '') {
	const sign = value >= 0.95 ? 'critical' : value >= 0.8 ? 'warning' : '';
	return { main: ratio(value), sub, sign };
}

const server = (row) => (row.service ? ` · ${row.service}` : '') +
	(row.listener_pid ? ` · answered here by ${row.listener}[${row.listener_pid}]` : '');

function home(row) {
	const pod = row.pod_name ? `${row.pod_namespace}/${row.pod_name}` : row.pod;
	return [row.unit, row.container_name || row.container, pod].filter((part) => part).join(', ');
}

const rows = {
	pools: (row) => [
		{ main: row.protocol ? place(row) : 'all others together', sub: row.protocol ? `ports ${row.first}–${row.last}` : '' },
		bar(row.saturation, outlook(row.exhaustion_seconds)), bar(row.worst_destination_saturation),
		n(row.used), n(row.size), n(row.shared), n(row.exclusive), n(row.refused_recently)],
	destinations(row) {
		const by = row.owners.filter((owner) => owner.used);
		const most = by.slice(0, 3).map((owner) => `${who(owner)} ${n(owner.used)}`).join(', ');
		const window = row.window ? `, own range ${row.first}–${row.last}` : '';
		return [
			row.protocol ? { main: whereTo(row), sub: `${place(row)} from ${row.local}${window}${server(row)}` } :
				{ main: 'all others together', sub: '' },
			bar(row.saturation, outlook(row.exhaustion_seconds)),
			n(row.used), n(row.capacity), n(row.active), n(row.time_wait), n(row.exclusive),
			most ? most + (by.length > 3 ? ` and ${by.length - 3} more` : '') : '–'];
	},
	owners(row) {
		return [
			{ main: who(row) + (row.alive === false ? ' (ended)' : ''),
				sub: [row.command || row.exe, home(row), row.protocol ? place(row) : ''].filter((part) => part).join(' · ') },
			n(row.used), n(row.active), n(row.time_wait), n(row.exclusive), n(row.allocations), n(row.refusals)];
	},
	refusals: (row, times) => [
		{ main: who(row), sub: `${place(row)} · ${row.path} ${row.errno}` },
		row.remote === null ? 'any' : whereTo(row), bar(row.saturation), n(times), { main: '', sub: '', time: row.time }],
};

const LEAST = 8; // rows on a phone

// As many rows as the page shows now, and never fewer than it must.
function table(list, make, shown, words) {
	const isRest = (row) => row.protocol === null;
	const filter = shown.filter.toLowerCase();
	const own = list.filter((row) => !isRest(row) && words(row).toLowerCase().includes(filter));
	return { rows: own.slice(0, Math.max(LEAST, shown.rows.length)).map((row) => make(row)),
		rest: filter ? [] : list.filter(isRest).map((row) => make(row)), filter: shown.filter };
}

function refusalRows(list, shown) {
	const same = (a, b) => ['pid', 'process', 'netns', 'protocol', 'path', 'errno', 'remote', 'remote_port']
		.every((key) => a[key] === b[key]);
	return list.filter((row, i) => list.findIndex((other) => same(row, other)) === i)
		.map((row) => rows.refusals(row, list.filter((other) => same(row, other)).length)).slice(0, Math.max(LEAST, shown.rows.length));
}

function recent(view) {
	const counted = view.pools.map((row) => row.refused_recently).reduce((all, one) => all + one, 0);
	const listed = view.refusals.filter((row) => Date.parse(view.time) - Date.parse(row.time) < 60000).length;
	return n(counted > listed ? counted : listed);
}

// A warning is not told beside a critical alert of the same rule and subject.
// The remedy of a verdict is not told again.
const alertCards = ({ alerts, verdicts }) => alerts.filter((row, i) =>
	alerts.findIndex((other) => other.rule === row.rule && other.subject === row.subject) === i).slice(0, 6)
	.map((row) => ({ severity: row.severity, title: row.rule, subject: row.subject, text: row.summary,
		remedy: verdicts.some(({ remedy }) => remedy === row.annotations.remedy) ? '' : (row.annotations.remedy ?? '').replaceAll('`', ''),
		runbook: row.annotations.runbook_url?.startsWith('http') ? row.annotations.runbook_url : '' }));

const verdictCards = (list) => list.slice(0, 6).map((row) => ({ severity: row.severity,
	title: row.verdict.replaceAll('_', ' '), subject: row.subject ?? '', text: row.text, remedy: (row.remedy ?? '').replaceAll('`', ''),
	runbook: '' }));

function health({ health: agent, source, kernel, time }, shown) {
	const sum = (counts) => Object.values(counts).reduce((all, one) => all + one, 0);
	const ago = (from) => span((Date.parse(time) - Date.parse(from)) / 1000);
	const lost = Object.entries(agent.lost).filter(([, count]) => count);
	return {
		Source: `${source} on kernel ${kernel}`,
		'Watching for': `${ago(agent.since)}, since ${shown['Watching for'].slice(-8)}`,
		'Sees everything': agent.complete ? 'yes' : '◆ no: a namespace could not be entered, or ports were missed',
		Events: n(sum(agent.events)),
		'Events lost': lost.length ? `◆ ${n(sum(agent.lost))}: ${lost.map(([why, count]) => `${why} ${n(count)}`).join(', ')}` : '0',
		'Drift found by the last reconcile': `${agent.drift ? '● ' : ''}${n(agent.drift)} ${agent.drift === 1 ? 'port' : 'ports'}`,
		Reconciliations: n(agent.reconciliations) + (agent.reconciled_at ? `, the last ${ago(agent.reconciled_at)} ago` : ''),
	};
}

// shown: what the page has; only its filters, and how many rows were asked for, are taken from it.
export function expected(given, shown) {
	const view = JSON.parse(JSON.stringify(given), (key, part) => (typeof part === 'string' ?
		part.replaceAll('\u202e', '\ufffd') : part)); // a name must not turn what follows it
	const most = (list) => Math.max(0, ...list.filter((row) => row.protocol).map((row) => row.saturation ?? 0));
	const fullest = (list) => ratio(most(list) > 0 ? most(list) : null);
	return {
		time: view.time,
		clock: view.time,
		host: view.host,
		tiles: [fullest(view.destinations), fullest(view.pools), recent(view), n(view.alerts.length)],
		pools: table(view.pools, rows.pools, shown.pools, () => ''),
		destinations: table(view.destinations, rows.destinations, shown.destinations, (row) =>
			[whereTo(row), place(row), row.local, server(row), ...row.owners.map(who)].join(' ')),
		owners: table(view.owners, rows.owners, shown.owners, (row) =>
			[who(row), row.command, row.exe, home(row)].join(' ')),
		refusals: { rows: refusalRows(view.refusals, shown.refusals), rest: [], filter: '' },
		alerts: alertCards(view),
		verdicts: verdictCards(view.verdicts),
		health: health(view, shown.health),
	};
}
