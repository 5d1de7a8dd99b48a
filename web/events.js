// SPDX-License-Identifier: MIT
// The last events, newest first, and the marks they leave on the nodes.

import { byId, clock, element, plural, setText } from './dom.js';
import { forgetMarks, mark } from './nodes.js';

const KEPT = 100;
// A burst is read out once, when it is over.
const ANNOUNCE_MS = 1000;

const SEVERITY = { node_offline: 'warning', memory_offline: 'warning', memory_removed: 'warning', cpu_offline: 'warning',
                   check_raised: 'warning', sample_failed: 'warning', node_online: 'good', memory_online: 'good', cpu_online: 'good',
                   check_cleared: 'good', sample_recovered: 'good' };

// daemon/event.c has them; an EventSource hears a type only by its name.
export const TYPES = ['node_online', 'node_offline', 'node_state_changed', 'memory_added', 'memory_online', 'memory_offline',
                      'memory_removed', 'cpu_online', 'cpu_offline', 'distance_changed', 'hugepages_changed', 'check_raised',
                      'check_cleared', 'sample_failed', 'sample_recovered'];

let list = null, seen = new Set();
let unsaid = [], timer = null;

function announce(event) {
        unsaid.push(event.message);
        clearTimeout(timer);
        timer = setTimeout(() => {
                setText(byId('announce'), (unsaid.length > 3 ? plural(unsaid.length, 'event') + ', the last: ' : '') +
                                          unsaid.slice(unsaid.length > 3 ? -1 : 0).join(' '));
                unsaid = [];
        }, ANNOUNCE_MS);
}

function add(event) {
        const time = new Date(event.time), severity = SEVERITY[event.type] || 'info';

        if (seen.has(event.seq))
                return false;
        seen.add(event.seq);
        if (!list) {
                list = element('ol', { reversed: '' });
                byId('events').replaceChildren(list);
        }
        list.prepend(element('li', { 'data-severity': severity, 'data-seq': event.seq },
                element('time', { datetime: event.time }, clock(time)), ' ', element('span', { class: 'tag' }, event.type),
                element('p', null, event.message)));
        while (list.childElementCount > KEPT)
                list.lastChild.remove();
        if (event.nid !== null)
                mark(event.nid, time.getTime(), severity);
        return true;
}

// All that are kept, oldest first: what is shown begins anew.
export function resetEvents(events) {
        list = null;
        seen = new Set();
        forgetMarks();
        byId('events').replaceChildren(element('p', { class: 'hint' }, 'Nothing has changed since the daemon was started.'));
        events.slice(-KEPT).forEach(add);
}

// One that has just come.
export function addEvent(event) {
        if (add(event))
                announce(event);
}
