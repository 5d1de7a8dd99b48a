// SPDX-License-Identifier: MIT
// Devices and the nodes that they are on; of interfaces, the nodes that serve them.

import { UNKNOWN, byId, scrolling, table } from './dom.js';

const COLUMNS = [{ name: 'Device', text: true }, { name: 'Class', text: true }, { name: 'Driver', text: true }, { name: 'Node' },
                 { name: 'Speed' }, { name: 'Interrupts on nodes' }];

function speed(bits) {
        if (bits === null)
                return UNKNOWN;
        return bits < 1e9 ? bits / 1e6 + '\u00a0Mbit/s' : bits / 1e9 + '\u00a0Gbit/s';
}

function row(device) {
        const network = device.subsystem === 'net';

        return [device.name, device.class, device.driver || UNKNOWN, device.node === null ? UNKNOWN : String(device.node),
                network ? speed(device.speed_bits_per_second) : '',
                !network ? '' : device.interrupt_nodes === null ? UNKNOWN : device.interrupt_nodes.join(', ') || 'none'];
}

// Each once, by its name if it has one; the chipset's own functions are nobody's concern.
function chosen(devices) {
        const named = devices.filter((device) => device.subsystem !== 'pci');
        const functions = new Set(named.map((device) => device.pci));

        return named.concat(devices.filter((device) => device.subsystem === 'pci' && device.class !== 'other' && !functions.has(device.name)));
}

export function drawDevices(devices) {
        const shown = chosen(devices || []);

        byId('devices-section').hidden = shown.length === 0;
        byId('devices').replaceChildren(scrolling('All devices', table('All devices', COLUMNS, shown.map(row))));
}
