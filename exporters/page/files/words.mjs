// SPDX-License-Identifier: Apache-2.0
// How numbers, times and names are written. Pure.

export const NOTHING = '–';

const integers = new Intl.NumberFormat('en');
const clocks = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const isKnown = (value) => value !== null && value !== undefined;
export const count = (n) => (isKnown(n) ? integers.format(n) : NOTHING);
export const percent = (ratio) => (isKnown(ratio) ? `${(ratio * 100).toFixed(1)}\u00a0%` : NOTHING);
export const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;
export const seconds = (time) => Date.parse(time) / 1000;
export const clock = (time) => (isKnown(time) ? clocks.format(new Date(time)) : NOTHING);
export const minutes = (unix) => clocks.format(new Date(unix * 1000)).slice(0, 5);

export function duration(length) {
	const s = Math.max(0, Math.round(length));
	if (s < 120)
		return `${s} s`;
	if (s < 7200)
		return `${Math.round(s / 60)} min`;
	return s < 172800 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} days`;
}

// From one time of the agent's to another: the browser's own clock may differ.
export const since = (time, now) => duration(seconds(now) - seconds(time));

// What is full already needs no more words.
export const until = (exhaustion) => (exhaustion > 0 ? `full in ${duration(exhaustion)}` : '');

// The browser's own, as the times on the page are.
export function zone() {
	const offset = -new Date().getTimezoneOffset();
	const part = (n) => String(Math.floor(Math.abs(n))).padStart(2, '0');
	return offset ? `UTC${offset < 0 ? '−' : '+'}${part(offset / 60)}:${part(offset % 60)}` : 'UTC';
}

// The row that sums the rest has a name only.
export const isRest = (row) => !isKnown(row.protocol);

export function process(row) {
	const name = row.process ?? 'unknown';
	return isKnown(row.pid) ? `${name}[${row.pid}]` : name;
}

export const at = (address, port) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);
export const scope = (row) => (isRest(row) ? '' : `${row.netns_name} ${row.protocol}`);
export const range = (row) => (isKnown(row.first) ? `${row.first}–${row.last}` : NOTHING);

export function remote(row) {
	return isRest(row) ? 'all others together' : at(row.remote, row.remote_port);
}

const list = (parts) => parts.filter(Boolean).join(' · ');

// What answers there, as far as the host knows.
const server = (row) => list([row.service,
	row.listener_pid && `answered here by ${process({ process: row.listener, pid: row.listener_pid })}`]);

export function toward(row) {
	const window = row.window ? `, own range ${range(row)}` : '';
	return isRest(row) ? '' : list([`${scope(row)} from ${row.local}${window}`, server(row)]);
}

const pod = (row) => (row.pod_name ? [row.pod_namespace, row.pod_name].filter(Boolean).join('/') : row.pod);

// What an owner runs, and in what.
export const home = (row) => list([row.command ?? row.exe,
	[row.unit, row.container_name ?? row.container, pod(row)].filter(Boolean).join(', '), scope(row)]);

export const poolKey = (row) => [row.netns, row.vrf, row.protocol].join(' ');
export const destinationKey = (row) =>
	[row.netns_name, row.netns, row.protocol, row.local, row.remote, row.remote_port, row.window && range(row)].join(' ');
export const ownerKey = (row) => [row.pid, row.start_time, row.process, row.netns_name, row.netns, row.protocol].join(' ');
export const alertKey = (row) => [row.rule, row.severity, row.subject].join(' ');

// The thresholds of the agent's own default rules.
export function level(ratio) {
	if (ratio >= 0.95)
		return 'critical';
	return ratio >= 0.8 ? 'warning' : 'calm';
}

// Never colour alone.
export const signs = { critical: '▲', warning: '◆', info: '●', calm: '✓' };
