// SPDX-License-Identifier: Apache-2.0
// One chart: lines by uPlot, a legend that is a list, and the same as a table.
/* global uPlot */
import { attributes, make, show, write } from './dom.mjs';
import * as words from './words.mjs';

const HEIGHT = 190;
const TABLE_ROWS = 10;
const SVG = 'http://www.w3.org/2000/svg';
// Lines differ by more than their colour.
const dashes = [[], [8, 4], [2, 3], [12, 3, 2, 3], [5, 2]];

export const LINES = dashes.length;

function swatch(slot) {
	const svg = attributes(document.createElementNS(SVG, 'svg'),
		{ class: `swatch line-${slot}`, viewBox: '0 0 30 8', 'aria-hidden': 'true' });
	svg.append(attributes(document.createElementNS(SVG, 'line'),
		{ x1: 0, y1: 4, x2: 30, y2: 4, 'stroke-dasharray': dashes[slot].join(' ') }));
	return svg;
}

export class Chart {
	#plot;
	#box;
	#history;
	#format;
	#most;
	#items;
	#details;
	#table;

	// most: the end of the scale, if it is always the same.
	constructor(figure, { history, format, most }) {
		this.#history = history;
		this.#format = format;
		this.#most = most;
		this.#box = figure.querySelector('.plot');
		this.#details = figure.querySelector('details');
		this.#table = figure.querySelector('table');
		this.#items = dashes.map((_, slot) => {
			const item = figure.querySelector('ul').appendChild(make('li'));
			item.append(swatch(slot));
			return { item, name: item.appendChild(make('span')),
				value: item.appendChild(make('span', 'value')) };
		});
		this.#details.addEventListener('toggle', () => this.draw());
		new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#box);
		matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#renew());
	}

	#size() {
		return { width: Math.max(200, Math.floor(this.#box.clientWidth)), height: HEIGHT };
	}

	#renew() {
		this.#plot?.destroy();
		this.#plot = null;
		this.draw();
	}

	#make() {
		const style = getComputedStyle(this.#box);
		const colour = (what) => style.getPropertyValue(what).trim();
		const font = `12px ${style.fontFamily}`;
		const axis = { stroke: colour('--muted'), font, ticks: { show: false },
			grid: { stroke: colour('--line'), width: 1 } };
		const most = this.#most;
		return new uPlot({
			...this.#size(),
			legend: { show: false },
			cursor: { drag: { x: false, y: false }, points: { show: false } },
			scales: {
				x: { range: () => this.#history.window() },
				y: { range: (_, low, high) => [0, most ?? Math.max(10, high * 1.1)] },
			},
			axes: [
				{ ...axis, size: 32, space: 75, incrs: [15, 30, 60, 120, 300], values: (_, at, axis_, space, step) =>
					at.map(step < 60 ? (unix) => words.clock(unix * 1000) : words.minutes) },
				{ ...axis, size: 52, values: (_, at) => at.map((value) => this.#format(value, true)) },
			],
			series: [{}, ...dashes.map((dash, slot) => ({
				stroke: colour(`--line-${slot}`), width: 2, dash, points: { show: false },
			}))],
		}, this.#history.columns(), this.#box);
	}

	draw() {
		const lines = this.#history.lines();
		this.#plot ??= this.#make();
		this.#plot.setData(this.#history.columns());
		const told = [];
		lines.forEach((line, slot) => {
			const { item, name, value } = this.#items[slot];
			show(item, line !== null);
			if (!line)
				return;
			write(name, line.name);
			write(value, this.#format(line.value));
			told.push(`${line.name} ${this.#format(line.value)}`);
		});
		this.#box.setAttribute('aria-label', told.length ? `Chart. Now: ${told.join('; ')}` : 'Chart, empty');
		if (this.#details.open)
			this.#tabulate(lines);
	}

	// Newest first, evenly spread over the time.
	#tabulate(lines) {
		const [times, ...columns] = this.#history.columns();
		const slots = lines.flatMap((line, slot) => (line ? [slot] : []));
		const head = make('tr');
		head.append(attributes(make('th', '', 'Time'), { scope: 'col' }),
			...slots.map((slot) => attributes(make('th', '', lines[slot].name), { scope: 'col' })));
		const step = Math.max(1, Math.ceil(times.length / TABLE_ROWS));
		const rows = [];
		for (let i = times.length - 1; i >= 0; i -= step) {
			const row = make('tr');
			row.append(attributes(make('th', '', words.clock(times[i] * 1000)), { scope: 'row' }),
				...slots.map((slot) => make('td', '', this.#format(columns[slot][i]))));
			rows.push(row);
		}
		this.#table.tHead.replaceChildren(head);
		this.#table.tBodies[0].replaceChildren(...rows);
	}
}
