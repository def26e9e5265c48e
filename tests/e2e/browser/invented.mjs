// SPDX-License-Identifier: Apache-2.0
// A snapshot that no agent made: many rows, those that sum the rest, what is unknown, names that
// would be markup.

const BEGAN = Date.parse('2026-01-31T23:59:30Z');
const NAMES = ['<b>bold</b>', '"><script>alert(1)</script>', 'naïve \u202etxt', 'a'.repeat(15)];

const at = (tick) => new Date(BEGAN + tick * 1000).toISOString();
const some = (count, make) => Array.from({ length: count }, (_, i) => make(i));

const pool = (i) => ({ netns: 4026531840 + i, netns_name: i ? `${NAMES[i % 4]}-${i}` : 'x'.repeat(120), vrf: i % 3 ? null : i,
	protocol: i % 2 ? 'udp' : 'tcp', first: 32768, last: 60999, reserved: 0, size: 28232, used: 28232 - i * 100,
	shared: 28000 - i * 100, exclusive: 232, refused_recently: i % 3, saturation: (28232 - i * 100) / 28232,
	worst_destination_saturation: i % 4 ? 0.5 : 0.81, exhaustion_seconds: i % 2 ? i * 60 : null });

const share = (i) => ({ pid: i % 5 ? 1000 + i : null, process: i % 5 ? NAMES[i % 4] : null, used: 100 - i, active: 50,
	time_wait: 50 - i, exclusive: 0 });

const destination = (i) => ({ netns: 4026531840, netns_name: 'host', protocol: 'tcp',
	local: i % 3 ? '10.0.0.1' : 'fe80::1', remote: i % 3 ? `10.1.${i >> 8}.${i & 255}` : `2001:db8::${i.toString(16)}`,
	remote_port: 443 + (i % 7), service: i % 4 ? null : NAMES[1], listener: i % 5 ? null : NAMES[i % 4],
	listener_pid: i % 5 ? null : 4000 + i, first: 32768, last: i % 10 ? 60999 : 32777, window: i % 10 === 0, capacity: 1200,
	used: 1200 - i, active: 600 - (i >> 1), time_wait: 600 - ((i + 1) >> 1), recyclable: 0, exclusive: i % 2,
	saturation: (1200 - i) / 1200, exhaustion_seconds: i % 3 ? null : i * 7, owners: some(i % 6, share) });

const owner = (i) => ({ pid: i % 9 ? 2000 + i : null, start_time: i % 9 ? at(i) : null, process: i % 9 ? NAMES[i % 4] : null,
	uid: i, cgroup: null, unit: i % 2 ? 'shop.service' : null, container: i % 4 ? null : 'f00d'.repeat(16), pod: i % 5 ? null : 'beef'.repeat(9),
	exe: i % 3 ? null : `/usr/${NAMES[i % 4]}`, command: i % 2 ? null : `${NAMES[i % 4]} -c ...`,
	container_name: i % 8 ? null : NAMES[i % 4], pod_name: i % 10 ? null : NAMES[i % 4], pod_namespace: i % 10 ? null : 'prod',
	alive: i % 9 ? i % 3 > 0 : null, netns: 4026531840, netns_name: 'host', protocol: 'tcp', used: 900 - i, active: 1,
	time_wait: 2, recyclable: 0, exclusive: 3, allocations: 123456789, refusals: i });

const refusal = (tick) => (i) => ({ time: at(tick - i), pid: 2000 + (i % 30), process: NAMES[i % 4], netns: 4026531840,
	netns_name: 'host', protocol: i % 2 ? 'udp' : 'tcp', path: i % 2 ? 'autobind' : 'connect', errno: 'EADDRNOTAVAIL',
	local: '::', remote: i % 2 ? null : '2001:db8::1', remote_port: i % 2 ? null : 443, saturation: i % 2 ? null : 1 });

const alert = (tick) => (i) => ({ rule: `Rule${i}`, severity: ['critical', 'warning'][i & 1], subject: NAMES[i % 4],
	summary: `${NAMES[i % 4]} ${tick}`, value: 1, since: at(-3600), labels: {},
	annotations: [{ remedy: verdict(0).remedy, runbook_url: 'javascript:alert(1)' },
		{ remedy: NAMES[0], runbook_url: 'https://runbooks.example/ports?a=1#b' }, {}][i % 3] });

const verdict = (i) => ({ verdict: 'bind_before_connect', severity: ['critical', 'warning', 'info'][i % 3],
	subject: `${NAMES[i % 4]} ${i}`, text: 'It binds before it connects.', remedy: `Run \`sysctl -w ${i}\` in ${NAMES[i % 4]}.` });

const nothing = (row, keys) => ({ ...row, ...Object.fromEntries(keys.map((key) => [key, null])) });

export const invented = (tick) => ({
	version: 1, time: at(tick), source: 'fentry', kernel: '6.1.0', host: NAMES[1],
	pools: [...some(25, pool), nothing({ ...pool(3), netns_name: 'other' },
		['netns', 'protocol', 'first', 'last', 'saturation', 'worst_destination_saturation', 'exhaustion_seconds'])],
	destinations: [...some(1100, destination), nothing({ ...destination(1), remote: 'other', owners: [{ ...share(0), process: 'other' }] },
		['netns', 'netns_name', 'protocol', 'local', 'remote_port', 'first', 'last', 'capacity', 'saturation', 'window', 'exhaustion_seconds'])],
	owners: [...some(300, owner), nothing({ ...owner(9), process: 'other' }, ['netns', 'netns_name', 'protocol'])],
	refusals: some(100, refusal(tick)),
	alerts: some(40, alert(tick)).sort((a, b) => (a.severity < b.severity ? -1 : 1)),
	verdicts: some(9, verdict),
	health: { events: { taken: 123456, released: 0 }, lost: { ring_full: 3, map_full: 0, decode: 2 }, drift: 1,
		reconciliations: 7, reconciled_at: null, since: at(-90000), complete: false },
});
