// SPDX-License-Identifier: Apache-2.0
// The few ways in which this page changes its document. Text is only ever text: names of
// processes are what somebody chose to call them.

export const byId = (id) => document.getElementById(id);

export function make(tag, name = '', text = '') {
	const node = document.createElement(tag);
	if (name)
		node.className = name;
	if (text)
		write(node, text);
	return node;
}

export function attributes(node, values) {
	for (const [name, value] of Object.entries(values))
		node.setAttribute(name, value);
	return node;
}

// A name must not turn the words around it.
const turns = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

// What stays the same is not touched: no work for the browser, no noise for a screen reader.
export function write(node, text) {
	const plain = text.replace(turns, '\ufffd');
	if (node.textContent !== plain)
		node.textContent = plain;
}

// What stands between backquotes is code.
export function writeCode(node, text) {
	const parts = text.split('`');
	if (node.dataset.text === text)
		return;
	node.dataset.text = text;
	if (parts.length % 2)
		node.replaceChildren(...parts.map((part, i) => make(i % 2 ? 'code' : 'span', '', part)));
	else
		write(node, text);
}

export function name(node, value) {
	if (node.className !== value)
		node.className = value;
}

export function show(node, shown) {
	if (node.hidden === shown)
		node.hidden = !shown;
}

export function writeTime(node, time, text) {
	if (node.dateTime !== time)
		node.dateTime = time;
	write(node, text);
}

// The children of a parent, one a row, kept by key: what is focused or being read stays.
export class Keyed {
	#parent;
	#create;
	#items = new Map();

	// create() returns { node, update(row) }.
	constructor(parent, create) {
		this.#parent = parent;
		this.#create = create;
	}

	show(rows, keyOf) {
		const before = this.#items;
		this.#items = new Map();
		let next = this.#parent.firstElementChild;
		for (const row of rows) {
			let key = keyOf(row);
			while (this.#items.has(key))
				key += ' again';
			const item = before.get(key) ?? this.#create();
			before.delete(key);
			this.#items.set(key, item);
			item.update(row);
			if (item.node === next)
				next = next.nextElementSibling;
			else
				this.#parent.insertBefore(item.node, next);
		}
		for (const item of before.values())
			item.node.remove();
	}
}
