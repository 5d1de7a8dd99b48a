// SPDX-License-Identifier: MIT
// The distance matrix: a table with a colour for each distance, or on demand a picture where it is large.

import { byId, count, element, scrolling, table } from './dom.js';

// Beyond that many nodes the matrix is a picture, and fetched when it is asked for.
export const TABLE_MAX = 64;

// Beyond that many it needs the whole width.
const BROAD = 12;

const LEVELS = 7;

// distance → 0 (near) to 6 (far), spread over the distances that there are
function levelsOf(matrix) {
        const distinct = [...new Set(matrix.flat())].filter((distance) => distance !== null).sort((a, b) => a - b);

        return new Map(distinct.map((distance, i) =>
                [distance, distinct.length < 2 ? 0 : Math.round(i * (LEVELS - 1) / (distinct.length - 1))]));
}

function heatTable(distances, levels) {
        const head = element('tr', null, element('th', { scope: 'col' }, 'from \\ to'),
                             ...distances.nodes.map((nid) => element('th', { scope: 'col' }, String(nid))));
        const rows = distances.nodes.map((nid, i) => element('tr', null, element('th', { scope: 'row' }, String(nid)),
                ...(distances.matrix[i] || distances.nodes.map(() => null)).map((distance) =>
                        element('td', { class: distance === null ? null : 'heat' + levels.get(distance) },
                                distance === null ? '?' : String(distance)))));

        return element('table', { class: 'matrix', 'aria-labelledby': 'distances-title' },
                       element('thead', null, head), element('tbody', null, ...rows));
}

function draw(canvas, distances, levels) {
        const n = distances.nodes.length, size = Math.max(1, Math.floor(768 / n));
        const probe = element('span'), context = canvas.getContext('2d'), colours = [];

        canvas.width = n * size;
        canvas.height = n * size;
        document.body.append(probe);
        for (let level = 0; level < LEVELS; level++) {
                probe.className = 'heat' + level;
                colours.push(getComputedStyle(probe).backgroundColor);
        }
        probe.remove();
        for (let level = 0; level < LEVELS; level++) {
                context.fillStyle = colours[level];
                distances.matrix.forEach((row, y) => row && row.forEach((distance, x) => {
                        if (levels.get(distance) === level)
                                context.fillRect(x * size, y * size, size, size);
                }));
        }
        return size;
}

function rowTable(distances, nid) {
        const row = distances.matrix[distances.nodes.indexOf(nid)];
        const by = new Map();

        if (!row)
                return element('p', null, 'There is no node ' + nid + ', or the kernel does not say.');
        row.forEach((distance, i) => by.set(distance, [...(by.get(distance) || []), distances.nodes[i]]));
        return table('From node ' + nid, [{ name: 'Distance' }, { name: 'Nodes' }, { name: 'Which', wide: true }],
                     [...by].sort((a, b) => a[0] - b[0]).map(([distance, nids]) =>
                             [distance === null ? '?' : String(distance), count(nids.length), listOf(nids)]));
}

// 0-3, 8
function listOf(nids) {
        const parts = [];

        for (let i = 0; i < nids.length;) {
                let last = i;

                while (last + 1 < nids.length && nids[last + 1] === nids[last] + 1)
                        last++;
                parts.push(i === last ? String(nids[i]) : nids[i] + '-' + nids[last]);
                i = last + 1;
        }
        return parts.join(', ');
}

function picture(distances) {
        const levels = levelsOf(distances.matrix), n = distances.nodes.length;
        const canvas = element('canvas', { role: 'img', 'aria-label': 'Distances between ' + n + ' nodes; the figures are in the table below' });
        const hint = element('p', { class: 'hint' }, 'Row: from, column: to; the darker, the farther.');
        const input = element('input', { type: 'number', min: 0, max: 1023, value: distances.nodes[0] });
        const answer = element('div', { 'aria-live': 'polite' });
        const size = draw(canvas, distances, levels);

        canvas.addEventListener('pointermove', (event) => {
                const scale = canvas.width / canvas.clientWidth / size;
                const x = Math.floor(event.offsetX * scale), y = Math.floor(event.offsetY * scale);

                if (distances.matrix[y] && x < n)
                        hint.textContent = 'From node ' + distances.nodes[y] + ' to node ' + distances.nodes[x] + ': ' + distances.matrix[y][x];
        });
        input.addEventListener('change', () => answer.replaceChildren(scrolling('Distances of a node', rowTable(distances, Number(input.value)))));
        input.dispatchEvent(new Event('change'));
        return element('div', null, canvas, hint, element('p', { class: 'tools' }, element('label', null, 'Distances from node ', input)), answer);
}

// Up to TABLE_MAX nodes.
export function drawDistances(distances) {
        const known = distances && distances.matrix.some((row) => row !== null);

        byId('distances-section').classList.toggle('broad', distances !== null && distances.nodes.length > BROAD);
        if (!known) {
                byId('distances').replaceChildren(element('p', { class: 'hint' }, 'The kernel tells of no distances.'));
                return;
        }
        byId('distances').replaceChildren(scrolling('The distance matrix', heatTable(distances, levelsOf(distances.matrix))),
                element('p', { class: 'hint' }, 'As the kernel has them: 10 is the node itself, 20 twice as far.'));
}

// Beyond: fetchDistances() brings the document when somebody wants it.
export function offerDistances(n, fetchDistances) {
        const button = element('button', { type: 'button' }, 'Show ' + count(n * n) + ' distances');
        const holder = byId('distances');

        if (holder.dataset.offered === String(n))
                return;
        holder.dataset.offered = n;
        byId('distances-section').classList.add('broad');
        button.addEventListener('click', async () => {
                button.disabled = true;
                try {
                        const made = picture((await fetchDistances()).distances);

                        holder.replaceChildren(made);
                        made.querySelector('input').focus();
                } catch {
                        button.disabled = false;
                }
        });
        holder.replaceChildren(element('p', null, button));
}
