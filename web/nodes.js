// SPDX-License-Identifier: MIT
// The nodes: a card each while they are few, else an overview and a page of cards at a time.

import { UNKNOWN, byId, bytes, count, element, listLength, nodeClass, percent, plural, setAttribute, setFigure,
         setText } from './dom.js';

// How many cards are on the page at once, and beyond how many nodes they are paged.
const CARDS_MAX = 64, CARDS_A_PAGE = 24;
// Beyond how many nodes the cards are short, while all are there.
const FULL_MAX = 16;
// What a sparkline shows, how close its points are, and what is a break in it.
const WINDOW_MS = 10 * 60 * 1000, POINT_MS = 2500, BREAK_MS = 40 * 1000;
// A sparkline is drawn so that this much of a node's memory fills its height, or more.
const SPAN_MIN = 0.04;

const PARTS = [['free', 'Free'], ['anon', 'Anonymous'], ['file', 'File cache'], ['slab', 'Slab'], ['huge', 'Huge pages'],
               ['other', 'Other']];

const nodes = new Map(); // nid → what is known of it
let order = [];          // nids as they are shown
let first = 0;           // of order, on the page of cards
let states = null, tiers = null;

// Bytes by part; they add up to the total. null: the kernel does not say.
function partsOf(figures) {
        const m = figures.meminfo;
        const parts = {};

        if (!m || m.MemTotal === null)
                return null;
        parts.total = m.MemTotal;
        parts.free = m.MemFree;
        parts.anon = m.AnonPages;
        parts.file = m.FilePages;
        parts.slab = m.Slab;
        parts.huge = figures.hugepages && figures.hugepages.reduce((sum, pool) => sum + pool.size_bytes * (pool.total || 0), 0);
        parts.other = Math.max(0, m.MemTotal - (parts.free || 0) - (parts.anon || 0) - (parts.file || 0) -
                                  (parts.slab || 0) - (parts.huge || 0));
        parts.used = m.MemFree === null ? null : m.MemTotal - m.MemFree;
        parts.share = parts.used === null || m.MemTotal === 0 ? null : parts.used / m.MemTotal;
        return parts;
}

// Pages a second between two samples, null where the counters do not go on.
function ratesOf(before, now, seconds) {
        const rate = (name) => (now[name] - before[name]) / seconds;

        if (!before || !now || !(seconds > 0) || now.local_node === null || now.other_node === null ||
            now.local_node < before.local_node || now.other_node < before.other_node)
                return null;
        const local = rate('local_node'), remote = rate('other_node');

        return { local, remote, miss: Math.max(0, rate('numa_miss')),
                 share: local + remote > 0 ? remote / (local + remote) : 0 };
}

function remember(node, now) {
        const share = node.parts && node.parts.share, history = node.history;
        const last = history[history.length - 1];

        if (share === null)
                return;
        if (history.length > 1 && now - history[history.length - 2].time < POINT_MS) {
                last.time = now;
                last.share = share;
        } else {
                history.push({ time: now, share });
        }
        while (history.length > 0 && now - history[0].time > WINDOW_MS)
                history.shift();
        while (node.marks.length > 0 && now - node.marks[0].time > WINDOW_MS)
                node.marks.shift();
}

// Cards

function makeCard(nid) {
        const svg = (tag) => document.createElementNS('http://www.w3.org/2000/svg', tag);
        const title = element('h3', { id: 'node-' + nid, tabindex: -1 }, 'Node ' + nid);
        const card = {
                used: element('data'), total: element('data'), share: element('span'), tags: element('p', { class: 'tags' }),
                cpus: element('p', { class: 'cpus' }), bar: {}, parts: {}, spark: svg('svg'), path: svg('path'), marks: svg('g'),
                span: element('p', { class: 'small' }), remote: element('span'),
        };
        card.known = element('span', null, card.used, ' of ', card.total, ' used');
        card.unknown = element('span', { hidden: '' }, 'Memory: ' + UNKNOWN);
        const bar = element('div', { class: 'bar', 'aria-hidden': true });
        const list = element('dl', { class: 'parts' });

        for (const [part, name] of PARTS) {
                card.bar[part] = element('span', { class: part });
                card.parts[part] = element('data');
                bar.append(card.bar[part]);
                list.append(element('div', null, element('span', { class: 'swatch ' + part, 'aria-hidden': true }),
                                    element('dt', null, name), element('dd', null, card.parts[part])));
        }
        card.spark.setAttribute('class', 'spark');
        card.spark.setAttribute('role', 'img');
        card.spark.setAttribute('viewBox', '0 0 600 100');
        card.spark.setAttribute('preserveAspectRatio', 'none');
        card.spark.append(card.marks, card.path);
        card.element = element('article', { class: 'card ' + nodeClass(nid), 'aria-labelledby': 'node-' + nid, 'data-nid': nid },
                element('header', null, title, card.share), card.tags, card.cpus,
                element('p', { class: 'memory' }, card.known, card.unknown), bar, list, card.spark, card.span,
                element('p', { class: 'remote small', title: 'Pages, by numastat: local_node and other_node' },
                        element('b', null, 'Allocated: '), card.remote));
        return card;
}

function drawSpark(card, node, now) {
        const history = node.history;
        let low = 1, high = 0, path = '', before = null;

        for (const point of history) {
                low = Math.min(low, point.share);
                high = Math.max(high, point.share);
        }
        const middle = (low + high) / 2, span = Math.max(SPAN_MIN, (high - low) * 1.1);
        const minutes = history.length === 0 ? 1 : Math.max(1, Math.ceil((now - history[0].time) / 60000));
        const x = (time) => 600 - (now - time) / (minutes * 60000) * 600;

        for (const point of history) {
                const y = 50 - (point.share - middle) / span * 92;

                path += (before === null || point.time - before > BREAK_MS ? 'M' : 'L') + x(point.time).toFixed(1) + ' ' + y.toFixed(1);
                before = point.time;
        }
        if (history.length === 1)
                path += 'h-2';
        card.path.setAttribute('d', path);
        card.marks.replaceChildren(...node.marks.map((mark) => {
                const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');

                line.setAttribute('x1', x(mark.time).toFixed(1));
                line.setAttribute('x2', x(mark.time).toFixed(1));
                line.setAttribute('y1', '0');
                line.setAttribute('y2', '100');
                line.dataset.severity = mark.severity;
                return line;
        }));
        const text = history.length === 0 ? '' : 'last ' + minutes + ' min: ' + percent(low, 1) + (high > low ? ' to ' + percent(high, 1) : '') + ' used' +
                (node.marks.length > 0 ? ', ' + plural(node.marks.length, 'event') : '');

        setText(card.span, text);
        setAttribute(card.spark, 'aria-label', 'Used memory of node ' + node.nid + ', ' + (text || 'unknown'));
}

function remoteText(node) {
        if (!node.figures.numastat)
                return UNKNOWN;
        if (!node.rates)
                return 'with the next sample';
        return count(node.rates.local) + '/s local, ' + count(node.rates.remote) + '/s remote (' +
                percent(node.rates.share, 1) + ')';
}

function tagsOf(nid) {
        const tags = [];

        for (const [name, mask] of Object.entries(states || {}))
                if (mask && name !== 'possible' && mask.ids.includes(nid))
                        tags.push(name);
        for (const tier of tiers || [])
                if (tier.nodes.includes(nid))
                        tags.push('tier ' + tier.tier);
        return tags;
}

function drawCard(node, now) {
        const card = node.card, parts = node.parts, cpulist = node.figures.cpulist;

        setText(card.cpus, cpulist === null ? 'CPUs: ' + UNKNOWN
                : cpulist === '' ? 'No CPUs' : plural(listLength(cpulist), 'CPU') + ': ' + cpulist.replaceAll(',', ', '));
        card.cpus.title = cpulist || '';
        setText(card.share, parts ? percent(parts.share) : '');
        card.known.hidden = !parts;
        card.unknown.hidden = Boolean(parts);
        setFigure(card.used, parts && parts.used, bytes(parts && parts.used));
        setFigure(card.total, parts && parts.total, bytes(parts && parts.total));
        for (const [part] of PARTS) {
                const value = parts && parts[part];

                card.bar[part].style.flexGrow = parts && parts.total > 0 ? value / parts.total : 0;
                setFigure(card.parts[part], value, bytes(value));
        }
        setText(card.remote, remoteText(node));
        drawSpark(card, node, now);
}

function drawTags(node) {
        node.card.tags.replaceChildren(...tagsOf(node.nid).map((name) => element('span', { class: 'tag' }, name)));
}

function shownNids() {
        return order.length <= CARDS_MAX ? order : order.slice(first, first + CARDS_A_PAGE);
}

// Puts the cards there that should be, and keeps the ones that are.
function placeCards(now) {
        const shown = new Set(shownNids());
        const cards = [];

        for (const node of nodes.values())
                if (!shown.has(node.nid))
                        node.card = null;
        for (const nid of shown) {
                const node = nodes.get(nid);

                if (!node.card) {
                        node.card = makeCard(nid);
                        drawTags(node);
                        drawCard(node, now);
                }
                cards.push(node.card.element);
        }
        const holder = byId('cards'), short = order.length > FULL_MAX && order.length <= CARDS_MAX;

        holder.classList.toggle('short', short);
        byId('parts').hidden = !short;
        if (cards.length !== holder.childElementCount || cards.some((card, i) => card !== holder.children[i]))
                holder.replaceChildren(...cards);
}

// Many nodes

function sorted() {
        const nids = [...nodes.keys()].sort((a, b) => a - b);
        const by = {
                used: (node) => node.parts && node.parts.share !== null ? node.parts.share : -1,
                remote: (node) => node.rates ? node.rates.remote : -1,
        }[byId('order').value];

        return by ? nids.sort((a, b) => by(nodes.get(b)) - by(nodes.get(a)) || a - b) : nids;
}

function tellRange() {
        setText(byId('range'), count(first + 1) + ' to ' + count(Math.min(first + CARDS_A_PAGE, order.length)) + ' of ' +
                count(order.length));
        byId('previous').disabled = first === 0;
        byId('next').disabled = first + CARDS_A_PAGE >= order.length;
}

function turnTo(index) {
        first = Math.max(0, Math.min(index, order.length - 1));
        first -= first % CARDS_A_PAGE;
        placeCards(latest);
        tellRange();
}

function goTo(nid) {
        const index = order.indexOf(nid);

        if (index < 0)
                return;
        turnTo(index);
        byId('node-' + nid).focus();
}

let grid = null; // how the overview is laid out: { columns, cell, nids }

function mix(low, high, share) {
        return 'rgb(' + low.map((channel, i) => Math.round(channel + (high[i] - channel) * share)).join(' ') + ')';
}

function colour(name) {
        const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();

        return [1, 3, 5].map((i) => parseInt(value.slice(i, i + 2), 16));
}

function drawOverview() {
        const canvas = byId('overview'), nids = [...nodes.keys()].sort((a, b) => a - b);
        const width = byId('cards').clientWidth, cell = Math.max(8, Math.min(20, Math.floor(width / 48)));
        const columns = Math.max(1, Math.floor((width - 2) / cell)), rows = Math.ceil(nids.length / columns);
        const scale = window.devicePixelRatio || 1, context = canvas.getContext('2d');
        const low = colour('--heat-low'), high = colour('--heat-high');
        const known = [];

        if (canvas.width !== columns * cell * scale || canvas.height !== rows * cell * scale) {
                canvas.width = columns * cell * scale;
                canvas.height = rows * cell * scale;
                canvas.style.width = columns * cell + 2 + 'px';
                canvas.style.height = rows * cell + 2 + 'px';
        }
        context.setTransform(scale, 0, 0, scale, 0, 0);
        context.clearRect(0, 0, columns * cell, rows * cell);
        nids.forEach((nid, i) => {
                const parts = nodes.get(nid).parts, left = i % columns * cell, top = Math.floor(i / columns) * cell;

                if (parts && parts.share !== null) {
                        known.push([parts.share, nid]);
                        context.fillStyle = mix(low, high, parts.share);
                        context.fillRect(left, top, cell - 1, cell - 1);
                } else {
                        context.strokeStyle = mix(low, high, 0.5);
                        context.strokeRect(left + 0.5, top + 0.5, cell - 2, cell - 2);
                }
        });
        grid = { columns, cell, nids };
        known.sort((a, b) => a[0] - b[0]);
        if (known.length > 0)
                setAttribute(canvas, 'aria-label', 'Used memory of ' + plural(nids.length, 'node') + ': from ' +
                        percent(known[0][0]) + ' (node ' + known[0][1] + ') to ' + percent(known[known.length - 1][0]) +
                        ' (node ' + known[known.length - 1][1] + '), half of them above ' +
                        percent(known[known.length >> 1][0]));
}

function nodeAt(event) {
        const column = Math.floor(event.offsetX / grid.cell), row = Math.floor(event.offsetY / grid.cell);

        return column < grid.columns ? grid.nids[row * grid.columns + column] : undefined;
}

function listenToTools() {
        const hint = byId('overview-text').textContent;

        byId('tools').addEventListener('submit', (event) => event.preventDefault());
        byId('order').addEventListener('change', () => {
                order = sorted();
                turnTo(0);
        });
        byId('previous').addEventListener('click', () => turnTo(first - CARDS_A_PAGE));
        byId('next').addEventListener('click', () => turnTo(first + CARDS_A_PAGE));
        byId('goto').addEventListener('change', (event) => goTo(Number(event.target.value)));
        byId('overview').addEventListener('click', (event) => goTo(nodeAt(event)));
        byId('overview').addEventListener('pointermove', (event) => {
                const node = nodes.get(nodeAt(event));

                setText(byId('overview-text'), node ? 'Node ' + node.nid + ': ' + (node.parts ? percent(node.parts.share) : UNKNOWN) + ' used' : hint);
        });
        byId('overview').addEventListener('pointerleave', () => setText(byId('overview-text'), hint));
        byId('node-table').addEventListener('toggle', () => drawTable());
        window.addEventListener('resize', () => !byId('many').hidden && drawOverview());
        window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => !byId('many').hidden && drawOverview());
}

// The table of all nodes, made and kept up while it is open.

const COLUMNS = ['Node', 'CPUs', 'Memory', 'Used', ...PARTS.map(([, name]) => name), 'Local/s', 'Remote/s', 'Missed/s'];
let rows = new Map();

function rowTexts(node) {
        const parts = node.parts, rates = node.rates;

        return [node.figures.cpulist === null ? UNKNOWN : count(listLength(node.figures.cpulist)), bytes(parts && parts.total),
                parts ? percent(parts.share) : UNKNOWN, ...PARTS.map(([part]) => bytes(parts && parts[part])),
                ...['local', 'remote', 'miss'].map((name) => rates ? count(rates[name]) : '')];
}

function drawTable() {
        const details = byId('node-table'), holder = details.querySelector('.scroll');

        if (!details.open)
                return;
        if (rows.size !== nodes.size || [...nodes.keys()].some((nid) => !rows.has(nid))) {
                rows = new Map([...nodes.keys()].sort((a, b) => a - b).map((nid) =>
                        [nid, element('tr', null, element('th', { scope: 'row' }, String(nid)),
                                      ...COLUMNS.slice(1).map(() => element('td')))]));
                holder.replaceChildren(element('table', null,
                        element('caption', null, 'Memory in parts, and pages allocated a second, by node'),
                        element('thead', null, element('tr', null, ...COLUMNS.map((name) => element('th', { scope: 'col' }, name)))),
                        element('tbody', null, ...rows.values())));
        }
        for (const [nid, row] of rows)
                rowTexts(nodes.get(nid)).forEach((text, i) => setText(row.children[i + 1], text));
}

// What the rest of the page calls

let latest = 0; // time of the last sample

export function draw(document, before) {
        const seconds = before ? (document.monotonic_ns - before.monotonic_ns) / 1e9 : 0;
        const seen = new Set();
        let changed = false;

        latest = Date.parse(document.sampled_at);
        for (const figures of document.nodes) {
                let node = nodes.get(figures.nid);

                if (!node) {
                        node = { nid: figures.nid, history: [], marks: waiting.filter((mark) => mark.nid === figures.nid), card: null };
                        nodes.set(figures.nid, node);
                        changed = true;
                }
                if (!before || seconds > 0)
                        node.rates = ratesOf(before && node.figures && node.figures.numastat, figures.numastat, seconds);
                node.figures = figures;
                node.parts = partsOf(figures);
                remember(node, latest);
                seen.add(figures.nid);
        }
        for (const nid of nodes.keys())
                if (!seen.has(nid))
                        changed = nodes.delete(nid) || changed;
        if (changed) {
                order = sorted();
                byId('many').hidden = order.length <= CARDS_MAX;
                first = Math.min(first, Math.max(0, order.length - 1));
                first -= first % CARDS_A_PAGE;
                placeCards(latest);
                tellRange();
        }
        for (const nid of shownNids())
                drawCard(nodes.get(nid), latest);
        if (order.length > CARDS_MAX)
                drawOverview();
        drawTable();
}

// The masks and tiers have changed.
export function drawStates(masks, memoryTiers) {
        states = masks;
        tiers = memoryTiers;
        for (const nid of shownNids())
                if (nodes.get(nid).card)
                        drawTags(nodes.get(nid));
}

const waiting = []; // marks, also of nodes that are not there yet

// Marks the time of an event on the sparkline of its node.
export function mark(nid, time, severity) {
        const made = { nid, time, severity }, node = nodes.get(nid);

        if (waiting.push(made) > 1000)
                waiting.shift();
        if (!node)
                return;
        node.marks.push(made);
        if (node.card)
                drawSpark(node.card, node, Math.max(latest, time));
}

export function forgetMarks() {
        waiting.length = 0;
        for (const node of nodes.values())
                node.marks = [];
}

// Of all nodes; null: the kernel does not say.
export function totals() {
        let memory = null, cpus = null;

        for (const node of nodes.values()) {
                if (node.parts)
                        memory += node.parts.total;
                if (node.figures.cpulist !== null)
                        cpus += listLength(node.figures.cpulist);
        }
        return { nodes: nodes.size, memory, cpus };
}

// What the colours mean, where the cards are too short to say.
function makeLegend() {
        byId('parts').append(...PARTS.map(([part, name]) =>
                element('li', null, element('span', { class: 'swatch ' + part, 'aria-hidden': true }), name)));
}

listenToTools();
makeLegend();
