// SPDX-License-Identifier: Apache-2.0
// What was in the last minutes, as long as this page is open. Pure.

const KEPT_ROWS = 60; // of each sample: the worst

export class History {
	#length;
	#samples = []; // { time, values: Map(key -> number), complete }
	#names = new Map();
	#slots;

	// A line keeps its slot, and so its colour, while it is among the highest.
	constructor(length, lines) {
		this.#length = length;
		this.#slots = new Array(lines).fill(null);
	}

	// rows: { key, name, value }, highest first; complete: there are no others.
	add(time, rows, complete, gap) {
		const last = this.#samples.at(-1);
		if (last && time <= last.time)
			this.#samples = this.#samples.filter((sample) => sample.time < time);
		else if (last && time - last.time > gap)
			this.#samples.push({ time: last.time + gap / 2, values: null });
		const kept = rows.slice(0, KEPT_ROWS);
		this.#samples.push({
			time,
			values: new Map(kept.map((row) => [row.key, row.value])),
			complete: complete && rows.length === kept.length,
		});
		for (const row of kept)
			this.#names.set(row.key, row.name);
		this.#forget(time - this.#length);
		this.#choose();
	}

	#forget(before) {
		if (this.#samples[0].time >= before)
			return;
		this.#samples = this.#samples.filter((sample) => sample.time >= before);
		const used = new Set(this.#samples.flatMap((sample) => [...(sample.values?.keys() ?? [])]));
		for (const key of this.#names.keys())
			if (!used.has(key))
				this.#names.delete(key);
	}

	// By the highest value within the time kept, then by the last one.
	#choose() {
		const peaks = new Map();
		for (const { values } of this.#samples)
			for (const [key, value] of values ?? [])
				peaks.set(key, Math.max(value, peaks.get(key) ?? 0));
		const last = this.#samples.at(-1).values;
		const order = [...peaks].filter(([, peak]) => peak > 0).sort(([a, x], [b, y]) =>
			y - x || (last.get(b) ?? 0) - (last.get(a) ?? 0) || (a < b ? -1 : 1));
		const chosen = order.slice(0, this.#slots.length).map(([key]) => key);
		this.#slots = this.#slots.map((key) => (chosen.includes(key) ? key : null));
		for (const key of chosen)
			if (!this.#slots.includes(key))
				this.#slots[this.#slots.indexOf(null)] = key;
	}

	static #value(sample, key) {
		return sample.values ? sample.values.get(key) ?? (sample.complete ? 0 : null) : null;
	}

	// One a slot: null, or { key, name, value } with the last value.
	lines() {
		const last = this.#samples.at(-1);
		return this.#slots.map((key) => (key === null ? null :
			{ key, name: this.#names.get(key), value: History.#value(last, key) }));
	}

	// [times, values of slot 0, ...]
	columns() {
		return [this.#samples.map((sample) => sample.time),
			...this.#slots.map((key) => this.#samples.map((sample) =>
				(key === null ? null : History.#value(sample, key))))];
	}

	// From and until when a chart should reach: at least one minute.
	window() {
		const last = this.#samples.at(-1).time;
		const elapsed = last - this.#samples[0].time;
		return [last - Math.min(this.#length, Math.max(60, elapsed)), last];
	}
}
