// SPDX-License-Identifier: Apache-2.0
// What a view comes to: the one thing to read first. Pure.
import * as words from './words.mjs';

const RECENT_S = 60;

const worst = (rows, ratio) => rows.filter((row) => !words.isRest(row))
	.reduce((found, row) => ((ratio(row) ?? 0) > ((found && ratio(found)) ?? 0) ? row : found), null);

export const worstDestination = (view) => worst(view.destinations, (row) => row.saturation);
export const worstPool = (view) => worst(view.pools, (row) => row.saturation);

// In the last minute. The list is bounded, and pools go with their namespaces: the one that knows more is right.
export function refusedRecently(view) {
	const from = words.seconds(view.time) - RECENT_S;
	const listed = view.refusals.filter((row) => words.seconds(row.time) > from).length;
	return Math.max(listed, view.pools.reduce((sum, row) => sum + row.refused_recently, 0));
}

const isLink = (url) => /^https?:\/\//i.test(url ?? '');

// One subject may have an alert of each severity: the gravest speaks for all. What a verdict says
// to do need not be said again.
export function groupAlerts(view) {
	const told = new Set(view.verdicts.map((row) => row.remedy));
	const groups = new Map();
	for (const row of view.alerts) {
		const key = [row.rule, row.subject].join(' ');
		const { remedy, runbook_url: runbook } = row.annotations;
		if (!groups.has(key))
			groups.set(key, { ...row, key, remedy: told.has(remedy) ? null : remedy,
				runbook: isLink(runbook) ? new URL(runbook).href : null });
	}
	return [...groups.values()];
}

// Those who were refused in the same way, in one row; the latest first, as the list has them.
export function groupRefusals(refusals) {
	const groups = new Map();
	for (const row of refusals) {
		const key = [row.pid, row.process, row.netns, row.protocol, row.path, row.errno, row.remote,
			row.remote_port].join(' ');
		const group = groups.get(key);
		if (group)
			group.times++;
		else
			groups.set(key, { ...row, key, times: 1 });
	}
	return [...groups.values()];
}

function gravest(view) {
	const all = [...view.alerts, ...view.verdicts].map((row) => row.severity);
	return ['critical', 'warning'].find((severity) => all.includes(severity)) ?? 'calm';
}

function title(view, ratio, severity) {
	if (refusedRecently(view))
		return 'Ports are being refused';
	if (ratio >= 0.95)
		return 'Ports are running out';
	if (ratio >= 0.8)
		return 'Ports are getting scarce';
	return severity === 'calm' ? 'Nothing is running out of ports' : 'Something needs a look';
}

function aboutDestination(row) {
	const [owner] = row.owners;
	const share = owner && row.used ? `, ${words.percent(owner.used / row.used)} of them by ${words.process(owner)}` : '';
	return `${words.scope(row)} toward ${words.remote(row)}: ${words.count(row.used)} of ` +
		`${words.count(row.capacity)} ports used (${words.percent(row.saturation)})${share}`;
}

const aboutPool = (row) => `pool ${words.scope(row)}: ${words.count(row.used)} of ${words.count(row.size)} ` +
	`ports held (${words.percent(row.saturation)})`;

const sentence = (row, about) => `Fullest is ${about(row)}` + (row.exhaustion_seconds > 0 ?
	`; at this pace ${words.until(row.exhaustion_seconds)}.` : '.');

function lastRefused(view) {
	const [row] = view.refusals;
	if (!refusedRecently(view) || !row)
		return '';
	return ` Last refused was ${words.process(row)} in ${words.scope(row)}` +
		(row.remote ? ` toward ${words.remote(row)}.` : ` by ${row.path}().`);
}

// { level, title, lead }
export function judge(view) {
	const destination = worstDestination(view);
	const pool = worstPool(view);
	const ratio = Math.max(destination?.saturation ?? 0, pool?.saturation ?? 0);
	const severity = gravest(view);
	const level = refusedRecently(view) ? 'critical' :
		['critical', 'warning'].find((one) => one === severity || one === words.level(ratio)) ?? 'calm';
	let lead = 'No port of any ephemeral range is in use.';
	if (destination && destination.saturation === ratio)
		lead = sentence(destination, aboutDestination);
	else if (pool)
		lead = sentence(pool, aboutPool);
	return { level, title: title(view, ratio, severity), lead: lead + lastRefused(view) };
}
