// SPDX-License-Identifier: MIT
// The live page: one stream for figures and events, and the documents that change rarely, fetched anew when they do.

import { byId, bytes, clock, count, element, plural, setText } from './dom.js';
import { drawChecks } from './checks.js';
import { drawDevices } from './devices.js';
import { TABLE_MAX, drawDistances, offerDistances } from './distances.js';
import { TYPES, addEvent, resetEvents } from './events.js';
import { drawMemoryMap, drawStates } from './memory.js';
import * as nodes from './nodes.js';

// How long a connection may take, how long one may be silent, and the pauses between tries.
const OPEN_MS = 6000, SILENT_MS = 40000, RETRY_MS = 1000, RETRY_MAX_MS = 8000;
// A burst of events is one look at what it changed.
const SETTLE_MS = 300;
// Evidence changes without an event.
const CHECKS_MS = 60000;

let source = null, watchdog = null, retry = null, pause = RETRY_MS, lostSince = null;
let figures = null;                  // the last ones
let lastSeq = null, startedAt = null; // of the daemon's numbering
let looking = null, lookedGeneration = null, fetching = false, again = false;
let unlooked = true;                 // since the connection was made

// All addresses are relative: the page may stand behind a proxy's prefix.
async function get(path) {
        const response = await fetch(path, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(30000) });

        if (!response.ok)
                throw new Error(path + ': ' + response.status);
        return response.json();
}

function tell(state, text) {
        byId('connection').dataset.state = state;
        setText(byId('connection'), text);
}

// What changes rarely

function drawFacts(document_) {
        const all = nodes.totals();
        const facts = [['Nodes', count(all.nodes)], ['CPUs', count(all.cpus)], ['Memory', bytes(all.memory)], ['Kernel', document_.kernel],
                       ['Boot', (document_.boot_id || '').slice(0, 8)], ['Generation', String(document_.generation)]];

        byId('facts').replaceChildren(...facts.filter(([, value]) => value)
                .map(([name, value]) => element('div', null, element('dt', null, name), element('dd', null, value))));
        setText(byId('machine'), document_.hostname || 'this machine');
        document.title = (document_.hostname || 'this machine') + ': ' + plural(all.nodes, 'node');
}

async function fetchEvents() {
        const last = figures.last_seq;
        const document_ = await get('v1/events?since=' + Math.max(0, last - 100));

        if (startedAt !== document_.started_at || lastSeq === null) {
                startedAt = document_.started_at;
                resetEvents(document_.events);
        } else {
                document_.events.forEach(addEvent);
        }
        lastSeq = Math.max(last, document_.last_seq);
}

async function fetchAll() {
        const few = figures.nodes.length <= TABLE_MAX;
        const [states, meminfo, checks, tiers, devices, distances] = await Promise.all([
                get('v1/node_states'), get('v1/numa_meminfo'), get('v1/checks'), get('v1/memory_tiers'),
                get('v1/devices'),
                few ? get('v1/distances') : null, fetchEvents(),
        ]);
        const map = meminfo.numa_meminfo;
        const memblock = map && map.blocks.some((block) => block.hotpluggable) ? (await get('v1/memblock')).memblock : null;
        const blocks = map ? null : (await get('v1/memory_blocks')).memory_blocks;

        nodes.drawStates(states.node_states, tiers.memory_tiers);
        drawStates(states.node_states);
        drawMemoryMap(map, memblock, blocks);
        drawChecks(checks.checks);
        drawDevices(devices.devices);
        if (few)
                drawDistances(distances.distances);
        else
                offerDistances(figures.nodes.length, () => get('v1/distances'));
        drawFacts(states);
        if (byId('main').getAttribute('aria-busy') === 'true')
                performance.mark('complete');
        byId('main').setAttribute('aria-busy', 'false');
}

// One at a time; what is asked for meanwhile is one more.
async function look() {
        if (fetching) {
                again = true;
                return;
        }
        fetching = true;
        unlooked = false;
        lookedGeneration = figures.generation;
        try {
                await fetchAll();
        } catch {
                if (source)
                        lost();
        }
        fetching = false;
        if (again && source) {
                again = false;
                lookSoon();
        }
}

function lookSoon() {
        clearTimeout(looking);
        looking = setTimeout(look, SETTLE_MS);
}

// The stream

function heard() {
        clearTimeout(watchdog);
        watchdog = setTimeout(reconnect, SILENT_MS);
}

function onFigures(event) {
        const fresh = JSON.parse(event.data);
        const before = figures && figures.boot_id === fresh.boot_id ? figures : null;

        performance.clearMeasures('update');
        performance.clearMarks('figures');
        performance.mark('figures');
        heard();
        pause = RETRY_MS;
        lostSince = null;
        figures = fresh;
        nodes.draw(fresh, before);
        setText(byId('sampled'), 'sampled at ' + clock(new Date(fresh.sampled_at)));
        tell('live', 'Live');
        if (unlooked)
                look();
        else if (fresh.generation !== lookedGeneration)
                lookSoon();
        performance.measure('update', 'figures');
}

function onEvent(event) {
        const data = JSON.parse(event.data);

        heard();
        lastSeq = data.seq;
        addEvent(data);
        lookSoon();
}

// Some events are gone, or the daemon was started anew.
function onGap(event) {
        heard();
        lastSeq = JSON.parse(event.data).last_seq;
        startedAt = null;
        lookSoon();
}

function disconnect() {
        if (source)
                source.close();
        source = null;
        for (const timer of [watchdog, retry, looking])
                clearTimeout(timer);
}

function lost() {
        disconnect();
        if (lostSince === null)
                lostSince = new Date();
        tell('lost', 'Connection lost at ' + clock(lostSince) + '; trying again');
        retry = setTimeout(connect, pause);
        pause = Math.min(pause * 2, RETRY_MAX_MS);
}

function connect() {
        disconnect();
        if (document.hidden)
                return;
        unlooked = true;
        if (figures === null && lostSince === null)
                tell('connecting', 'Connecting');
        source = new EventSource('v1/stream' + (lastSeq === null ? '' : '?since=' + lastSeq));
        watchdog = setTimeout(lost, OPEN_MS);
        source.addEventListener('open', heard);
        source.addEventListener('error', lost);
        source.addEventListener('figures', onFigures);
        source.addEventListener('gap', onGap);
        for (const type of TYPES)
                source.addEventListener(type, onEvent);
}

// Without a word if it works: a machine that is never sampled is silent for long.
function reconnect() {
        connect();
}

// Nothing is asked for while nobody looks.
document.addEventListener('visibilitychange', () => {
        if (document.hidden) {
                disconnect();
                tell('paused', 'Paused');
        } else {
                connect();
        }
});

setInterval(() => {
        if (source && !document.hidden && figures)
                get('v1/checks').then((document_) => drawChecks(document_.checks), () => {});
}, CHECKS_MS);

connect();
