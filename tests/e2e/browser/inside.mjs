// SPDX-License-Identifier: Apache-2.0
// What runs inside the page: each function is sent there as text and knows nothing from outside.

// All that a reader sees, at one moment.
export function everything() {
	const text = (id) => document.getElementById(id).textContent;
	const cell = (node) => {
		const main = node.querySelector('.main, .ratio, time');
		return main ? { main: main.textContent, sub: node.querySelector('.sub')?.textContent ?? '',
			...(node.querySelector('.ratio') && { sign: node.querySelector('.spoken').textContent }),
			...(main.dateTime && { time: main.dateTime, main: '' }) } : node.textContent;
	};
	const table = (id) => {
		const of = (part) => [...document.querySelectorAll(`#${id} > table ${part} tr`)]
			.map((row) => [...row.children].map(cell));
		const filter = document.querySelector(`#${id} input`)?.value ?? '';
		return { rows: of('tbody'), rest: of('tfoot'), filter };
	};
	const cards = (id) => [...document.querySelectorAll(`#${id} li`)].map((node) => ({
		severity: node.className, title: node.querySelector('strong').textContent,
		subject: node.querySelector('.subject').textContent, text: node.querySelector('.text').textContent,
		remedy: node.querySelector('.remedy').textContent,
		runbook: node.querySelector('a:not([hidden])')?.href ?? '',
	}));
	return {
		time: document.getElementById('main').dataset.time,
		clock: document.getElementById('time').dateTime,
		host: text('host'),
		tiles: ['worst-destination', 'worst-pool', 'refused', 'firing'].map(text),
		pools: table('pools'),
		destinations: table('destinations'),
		owners: table('owners'),
		refusals: table('refusals'),
		alerts: cards('alerts'),
		verdicts: cards('verdicts'),
		health: Object.fromEntries([...document.querySelectorAll('#health-list > div')]
			.map((node) => [node.children[0].textContent, node.children[1].textContent])),
	};
}

// The document must not scroll sideways; who sticks out is named.
export function tooWide() {
	const width = document.documentElement.clientWidth;
	const scrolls = document.documentElement.scrollWidth > width;
	return [...(scrolls ? ['the document'] : []),
		...[...document.querySelectorAll('main *')].filter((node) => node.getClientRects().length &&
			!node.closest('.spoken, thead, .plot, .scroll') && node.getBoundingClientRect().right > width + 0.5)
			.map((node) => `${node.tagName} ${node.className}`)];
}

// Text with less contrast than WCAG's AA.
export function tooFaint() {
	const parse = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
	const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
		.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const ground = (node) => {
		const colour = parse(getComputedStyle(node).backgroundColor);
		return (colour[3] ?? 1) > 0.99 || !node.parentElement ? colour : ground(node.parentElement);
	};
	const found = [];
	for (const node of document.body.querySelectorAll('*')) {
		const own = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
		if (!own || !node.getClientRects().length || node.closest('.spoken, .skip, .plot'))
			continue;
		const style = getComputedStyle(node);
		const [a, b] = [light(parse(style.color)), light(ground(node))].sort((x, y) => y - x);
		const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
		if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5))
			found.push(`${node.tagName} ${node.className} ${node.textContent.slice(0, 30)}`);
	}
	return found;
}

export function moving() {
	return [...document.querySelectorAll('*')].filter((node) => {
		const { transitionDuration, animationName } = getComputedStyle(node);
		return transitionDuration.split(', ').some((time) => parseFloat(time) > 0) || animationName !== 'none';
	}).map((node) => node.className);
}

// Everything that a keyboard must reach, in order.
export function controls() {
	const all = document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]');
	return [...all].filter((node) => node.checkVisibility({ contentVisibilityAuto: true }) || node.matches('.skip'))
		.map((node) => node.name || node.ariaLabel || node.textContent.trim());
}

export function focused() {
	const node = document.activeElement;
	const box = node.getBoundingClientRect();
	return { name: node.name || node.ariaLabel || node.textContent.trim(),
		visible: parseFloat(getComputedStyle(node).outlineWidth) >= 2 && box.width > 4 && box.height > 4 &&
			box.top < innerHeight && box.bottom > 0 };
}

export function filter(section, words) {
	const input = document.querySelector(`${section} input`);
	input.value = words;
	input.dispatchEvent(new Event('input'));
}

export function hide(hidden) {
	Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
	document.dispatchEvent(new Event('visibilitychange'));
}

// A picture from elsewhere, and a style inside the document: both must be refused.
export function breakPolicy() {
	globalThis.violations = [];
	document.addEventListener('securitypolicyviolation', (event) => globalThis.violations.push(event.violatedDirective));
	const picture = document.createElement('img');
	picture.src = 'http://127.0.0.1:1/x.png';
	document.body.append(picture);
	const style = document.createElement('style');
	style.append('body { display: none }');
	document.head.append(style);
}
