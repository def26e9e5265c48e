// SPDX-License-Identifier: Apache-2.0
// Tables of at most a few dozen rows, whatever the agent sends: a filter and a button bring the
// others. On a narrow screen a row is a card; the roles keep it a row for a screen reader.
import { attributes, Keyed, make, name, show, write, writeTime } from './dom.mjs';
import * as words from './words.mjs';

const FIRST = matchMedia('(max-width: 40rem)').matches ? 8 : 20;
const MORE = 50;

// Each kind of cell: makes what is in it and returns how to change it.
const kinds = {
	text: (cell, column) => (row) => write(cell, column.text(row)),
	name(cell, column) {
		const main = cell.appendChild(make('span', 'main'));
		const sub = cell.appendChild(make('span', 'sub'));
		return (row) => {
			write(main, column.text(row));
			write(sub, column.sub(row));
		};
	},
	time(cell, column) {
		const time = cell.appendChild(make('time'));
		return (row) => writeTime(time, column.text(row), words.clock(column.text(row)));
	},
	bar(cell, column) {
		const sign = cell.appendChild(attributes(make('span', 'sign'), { 'aria-hidden': 'true' }));
		const text = cell.appendChild(make('span', 'ratio'));
		const spoken = cell.appendChild(make('span', 'spoken'));
		const bar = cell.appendChild(attributes(make('span', 'bar'), { 'aria-hidden': 'true' }));
		const fill = bar.appendChild(make('span', 'fill'));
		const sub = cell.appendChild(make('span', 'sub'));
		return (row) => {
			const ratio = column.text(row);
			const level = words.level(ratio ?? 0);
			name(cell, `bar-cell ${level}`);
			write(sign, level === 'calm' ? '' : `${words.signs[level]} `);
			write(text, words.percent(ratio));
			write(spoken, level === 'calm' ? '' : level);
			show(bar, words.isKnown(ratio));
			write(sub, column.sub?.(row) ?? '');
			fill.style.width = `${Math.min(100, (ratio ?? 0) * 100)}%`;
		};
	},
};

function makeRow(columns) {
	const node = attributes(make('tr'), { role: 'row' });
	const updates = columns.map((column, i) => {
		const cell = node.appendChild(i === 0 ? attributes(make('th'), { scope: 'row', role: 'rowheader' }) :
			attributes(make('td', `${column.kind ?? 'number'}-cell`), { role: 'cell', 'data-label': column.label }));
		const kind = kinds[column.kind] ?? kinds.text;
		return kind(cell, column);
	});
	return { node, update: (row) => updates.forEach((update) => update(row)) };
}

export class Table {
	#rows = [];
	#rest = [];
	#keyOf;
	#search;
	#limit = FIRST;
	#body;
	#foot;
	#note;
	#more;
	#input;
	#empty;

	// section holds a <table> with a caption, .empty, .note, and maybe an input and a .more button.
	// search(row): the words that the filter looks in.
	constructor(section, columns, keyOf, search) {
		const table = section.querySelector('table');
		const head = table.createTHead();
		this.#keyOf = keyOf;
		this.#search = search;
		attributes(table, { role: 'table' });
		attributes(head, { role: 'rowgroup' });
		const titles = head.appendChild(attributes(make('tr'), { role: 'row' }));
		for (const { label, kind } of columns)
			titles.append(attributes(make('th', `${kind ?? 'number'}-head`, label), { scope: 'col', role: 'columnheader' }));
		const body = table.appendChild(attributes(make('tbody'), { role: 'rowgroup' }));
		const foot = table.appendChild(attributes(make('tfoot'), { role: 'rowgroup' }));
		this.#body = new Keyed(body, () => makeRow(columns));
		this.#foot = new Keyed(foot, () => makeRow(columns));
		this.#note = section.querySelector('.note');
		this.#empty = section.querySelector('.empty');
		this.#more = section.querySelector('.more');
		this.#input = section.querySelector('input');
		this.#input?.addEventListener('input', () => this.#filtered());
		this.#more?.addEventListener('click', () => this.#showMore());
	}

	show(rows) {
		this.#rows = rows.filter((row) => !words.isRest(row));
		this.#rest = rows.filter(words.isRest);
		this.#draw();
	}

	#filtered() {
		this.#limit = FIRST;
		this.#draw();
	}

	#showMore() {
		this.#limit += MORE;
		this.#draw();
	}

	#matching() {
		const wanted = (this.#input?.value ?? '').toLowerCase().split(/\s+/).filter(Boolean);
		if (!wanted.length)
			return this.#rows;
		return this.#rows.filter((row) => {
			const text = this.#search(row).toLowerCase();
			return wanted.every((word) => text.includes(word));
		});
	}

	#draw() {
		const rows = this.#matching();
		const shown = rows.slice(0, this.#limit);
		const filtered = rows !== this.#rows;
		this.#body.show(shown, this.#keyOf);
		this.#foot.show(filtered ? [] : this.#rest, () => 'rest');
		show(this.#empty, this.#rows.length === 0);
		if (!this.#more)
			return;
		const left = rows.length - shown.length;
		write(this.#note, !this.#rows.length ? '' :
			`${words.count(shown.length)} of ${words.count(rows.length)}${filtered ? ' that match' : ''}`);
		write(this.#more, `Show ${words.count(Math.min(left, MORE))} more`);
		show(this.#more, left > 0);
	}
}
