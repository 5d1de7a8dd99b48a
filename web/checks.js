// SPDX-License-Identifier: MIT
// What was found, worst first, and what to do about it: numad-telemetry-checks(7) in short.

import { byId, element, onDemand, table } from './dom.js';

const ADVICE = {
        distance_asymmetric: 'The distances come from the firmware\u2019s SLIT: update the firmware, or ask its maker.',
        distance_flat: 'Update the firmware, or look for a setting that hides the topology; a virtual machine needs distances in its configuration.',
        distance_self: 'The kernel refuses such a SLIT: a hypervisor or the kernel made these distances up.',
        distance_slit: 'Look into the kernel\u2019s log for SLIT, and for numa= on its command line.',
        srat_node_offline: 'Look for numa=off, mem= and memmap= on the kernel\u2019s command line.',
        srat_refused: 'The kernel treats the machine as one node. It is the firmware\u2019s to mend.',
        firmware_table_damaged: 'Update the firmware; if only this program says so, report it with a recording (--record).',
        memory_overlap: 'It is the firmware\u2019s to mend; a changed memory configuration may avoid it.',
        memory_self_overlap: 'The kernel goes on; nothing needs doing.',
        memory_uneven: 'A DIMM may have failed or sit in the wrong slot: compare with dmidecode -t memory.',
        memory_block_offline: 'Set it online (lsmem, chmem), or let the kernel do it: /sys/devices/system/memory/auto_online_blocks.',
        memory_total_mismatch: 'Usual in virtual machines with a balloon or restored from a snapshot: rely on neither figure.',
        memory_unmanaged: 'Reserved at boot (crash kernel, firmware, balloon) or not yet initialized: see Memory: in the kernel\u2019s log.',
        memory_exhausted: 'Look at the memory policy of what runs there: numastat -p, numactl.',
        cpuless_node: 'As memory expanders and accelerators are; nothing needs doing.',
        memoryless_node: 'If that was not intended, memory is missing there.',
        numa_balancing_off: 'Right where everything is bound by hand, otherwise worth a try: kernel.numa_balancing.',
        zone_reclaim_mode: 'For most servers 0 is better: vm.zone_reclaim_mode.',
        interleaving_suspected: 'Look for Node interleaving or NUMA nodes per socket in the firmware\u2019s setup.',
        network_interrupts_remote: 'Let CPUs of its own node handle them (irqbalance, /proc/irq/N/smp_affinity_list): see /v1/devices.',
};

const SEVERITIES = ['critical', 'warning', 'info'];

function nodesOf(check) {
        return check.nodes.length === 0 ? '' : check.nodes.length > 12 ? check.nodes.length + ' nodes'
                : 'node ' + check.nodes.join(', ');
}

function finding(check) {
        return element('li', { 'data-severity': check.severity },
                element('p', null, element('span', { class: 'tag', 'data-severity': check.severity }, check.severity), ' ',
                        element('strong', null, check.id), ' ', nodesOf(check)),
                element('p', null, check.evidence || check.description),
                ADVICE[check.id] ? element('p', { class: 'advice' }, 'To do: ' + ADVICE[check.id]) : null);
}

function all(checks) {
        return table('All checks', [{ name: 'Check', text: true }, { name: 'Result', text: true }, { name: 'Looks for', wide: true }],
                     checks.map((check) => [check.id, check.raised === null ? 'the kernel does not say' : check.raised ? check.severity : 'clear',
                                            check.description]));
}

export function drawChecks(checks) {
        const raised = checks.filter((check) => check.raised)
                .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
        const unknown = checks.filter((check) => check.raised === null).length;
        const open = byId('checks').querySelector('details[open]') !== null;
        const details = onDemand(checks.length + ' checks: ' + raised.length + ' found something, ' +
                                 (checks.length - raised.length - unknown) + ' are clear, ' + unknown + ' cannot be told', () => all(checks));

        byId('checks').replaceChildren(raised.length > 0 ? element('ul', null, ...raised.map(finding))
                                                         : element('p', null, 'Nothing to do.'), details);
        details.open = open;
}
