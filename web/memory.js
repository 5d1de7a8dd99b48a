// SPDX-License-Identifier: MIT
// The physical memory map: a strip of ranges in the order of their addresses, and the table behind it.

import { byId, bytes, count, element, hex, nodeClass, onDemand, plural, scrolling, table } from './dom.js';

// With more ranges the strip has no figures in it.
const DENSE = 32;
// So many nodes have a legend.
const LEGEND_MAX = 24;

const SOURCES = { srat: 'the SRAT', sysfs: 'the memory blocks in sysfs', dummy: 'what is usable, as there is one node' };

// include/linux/memblock.h: MEMBLOCK_HOTPLUG
const HOTPLUG = 1;
// What a range is beside memory in use, each with a pattern of its own in the strip.
const KINDS = { removable: 'present and removable (hot-pluggable)', reserved: 'kept for memory to be plugged', offline: 'offline' };

// A block is flagged if any part of it is: cut where memblock's regions change the flag, each part has its own.
function cut(block, regions) {
        const parts = [];

        for (const region of regions) {
                const hotpluggable = (region.flags & HOTPLUG) !== 0, last = parts[parts.length - 1];

                if (region.end <= block.start || region.start >= block.end || last && last.hotpluggable === hotpluggable)
                        continue;
                if (last)
                        last.end = region.start;
                parts.push({ ...block, start: last ? region.start : block.start, hotpluggable });
        }
        if (parts.length < 2)
                return [block];
        return parts.map((part) => ({ ...part, memory_blocks: null }));
}

// What numa_meminfo has, else the memory blocks: { start, end, nid, kind, … } ascending by address.
function rangesOf(meminfo, memblock, blocks) {
        if (meminfo) {
                const regions = memblock ? memblock.regions : [];
                const present = meminfo.blocks.flatMap((block) => block.hotpluggable ? cut(block, regions) : [block]);

                return [...present.map((range) => ({ ...range, kind: range.hotpluggable ? 'removable' : null })),
                        ...meminfo.reserved.map((range) => ({ ...range, kind: 'reserved' }))].sort((a, b) => a.start - b.start);
        }
        return (blocks && blocks.ranges || []).filter((range) => range.start !== null)
                .map((range) => ({ ...range, nid: range.nids.length > 0 ? range.nids[0] : null,
                                            memory_blocks: [...new Set([range.first_block, range.last_block])].join('-'),
                                            kind: range.state === 'offline' || range.state === 'going-offline' ? 'offline' : null }));
}

function owner(range) {
        return range.nid === null ? 'no node' : 'node ' + range.nid;
}

function strip(ranges) {
        const made = element('div', { class: ranges.length > DENSE ? 'strip dense' : 'strip', 'aria-hidden': true });
        let end = null;

        for (const range of ranges) {
                const size = range.end - range.start;
                const span = element('span', { class: [range.nid === null ? null : nodeClass(range.nid), range.kind].filter(Boolean).join(' '),
                                               title: owner(range) + ': ' + hex(range.start) + ' to ' + hex(range.end) + ', ' + bytes(size) +
                                                      (range.kind ? ', ' + KINDS[range.kind] : '') });

                if (end !== null && range.start > end)
                        made.append(element('span', { class: 'hole', title: 'a hole of ' + bytes(range.start - end) }));
                if (ranges.length <= DENSE && range.kind !== 'reserved' && range.nid !== null)
                        span.append(String(range.nid));
                span.style.flexGrow = size;
                made.append(span);
                end = range.end;
        }
        return made;
}

function sizeOf(ranges) {
        return bytes(ranges.reduce((sum, range) => sum + range.end - range.start, 0));
}

function legend(ranges) {
        const nids = [...new Set(ranges.map((range) => range.nid))].filter((nid) => nid !== null).sort((a, b) => a - b);
        const made = element('ul', { class: 'legend' });

        if (nids.length <= LEGEND_MAX)
                for (const nid of nids)
                        made.append(element('li', null, element('span', { class: 'swatch node ' + nodeClass(nid) }), 'Node ' + nid + ': ' +
                                            sizeOf(ranges.filter((range) => range.nid === nid && range.kind !== 'reserved'))));
        for (const [kind, text] of Object.entries(KINDS)) {
                const those = ranges.filter((range) => range.kind === kind);

                if (those.length > 0)
                        made.append(element('li', null, element('span', { class: 'swatch node ' + kind }), text + ': ' + sizeOf(those)));
        }
        return made;
}

const COLUMNS = [{ name: 'Start' }, { name: 'End' }, { name: 'Size' }, { name: 'Node' }, { name: 'What', text: true },
                 { name: 'Memory blocks', text: true }];

function what(range) {
        const words = [range.kind === 'reserved' ? KINDS.reserved : 'memory'];

        if (range.kind !== null && range.kind !== 'reserved')
                words.push(KINDS[range.kind]);
        else if (range.hotpluggable)
                words.push('hot-pluggable');
        if (range.nonvolatile)
                words.push('non-volatile');
        if (range.approximate)
                words.push('approximate');
        return words.join(', ');
}

function ranged(ranges) {
        return scrolling('Ranges of memory', table('Ranges of physical memory; the end is the first byte after', COLUMNS, ranges.map((range) =>
                [hex(range.start), hex(range.end), bytes(range.end - range.start), range.nid === null ? '' : String(range.nid), what(range),
                 typeof range.memory_blocks === 'string' ? range.memory_blocks.replaceAll(',', ', ') : ''])));
}

export function drawMemoryMap(meminfo, memblock, blocks) {
        const ranges = rangesOf(meminfo, memblock, blocks);
        const open = byId('map').querySelector('details[open]') !== null;

        if (ranges.length === 0) {
                byId('map').replaceChildren(element('p', { class: 'hint' }, 'The kernel and firmware tell of no ranges.'));
                return;
        }
        const source = meminfo ? SOURCES[meminfo.source] || meminfo.source : SOURCES.sysfs;
        const details = onDemand('The ' + plural(ranges.length, 'range') + ' as a table', () => ranged(ranges));

        byId('map').replaceChildren(strip(ranges), legend(ranges),
                element('p', { class: 'hint' }, 'From low to high addresses, without the holes; by ' + source + '. ' +
                        (meminfo && meminfo.refused ? 'The kernel refuses the SRAT, so all memory is on node 0. ' : '') +
                        (meminfo && meminfo.approximate ? 'Borders between nodes are approximate.' : '')),
                details);
        details.open = open;
}

const STATES = { possible: 'may ever come', online: 'are there', normal_memory: 'have normal memory', high_memory: 'have memory, high memory too',
                 memory: 'have memory', cpu: 'have CPUs', generic_initiator: 'have other initiators (accelerators, say)' };

export function drawStates(states) {
        byId('states').replaceChildren(table('The kernel\u2019s node masks',
                [{ name: 'Mask', text: true }, { name: 'Which', text: true }, { name: 'How many' }, { name: 'Nodes that', wide: true }],
                Object.entries(states).map(([name, mask]) => [name, element('span', { class: 'list' }, mask
                        ? mask.list.replaceAll(',', ', ') || 'none' : 'not told'), mask ? count(mask.count) : '', STATES[name] || ''])));
}
