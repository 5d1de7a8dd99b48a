# SPDX-License-Identifier: MIT
"""What the kernel itself says of its memory model, picked out of a console log."""

import re

_STAMP = re.compile(r'^(<\d+>)?\[ *\d+\.\d+\](\[ *[CT]\d+\])? ?')


def lines(console):
    """The log's lines without time stamps and carriage returns."""
    return [_STAMP.sub('', line.rstrip('\r')) for line in console.split('\n')]


def memblock_dumps(console):
    """Every `MEMBLOCK configuration` of a boot with memblock=debug, each a list of stripped lines."""
    dumps, inside = [], False
    for line in lines(console):
        if line.startswith('MEMBLOCK configuration'):
            dumps.append([])
            inside = True
        elif inside and re.match(r'\s+(memory|reserved)(\.cnt|\[0x|\s+size)|\s+memory size', line):
            dumps[-1].append(line.strip())
        else:
            inside = False
    return dumps


def memblock_memory(console):
    """The `memory[…]` lines of the last dump: what --format memblock has to equal. The kernel's tab is kept."""
    dumps = memblock_dumps(console)
    return [line for line in dumps[-1] if line.startswith('memory[')] if dumps else []


def early_node_ranges(console):
    """`Early memory node ranges` as [(nid, start, end)], end inclusive as printed."""
    found, inside = [], False
    for line in lines(console):
        if line.startswith('Early memory node ranges'):
            inside = True
            continue
        match = inside and re.match(r'\s+node\s+(\d+): \[mem 0x([0-9a-f]+)-0x([0-9a-f]+)\]', line)
        if match:
            found.append((int(match[1]), int(match[2], 16), int(match[3], 16)))
        elif found:
            break
    return found


def numa_lines(console):
    """The `NUMA: Node 0 [mem …] + [mem …] -> [mem …]` lines: merges that numa_cleanup_meminfo() made."""
    return [line.strip() for line in lines(console) if line.startswith('NUMA: ')]


def srat_lines(console):
    """`ACPI: SRAT: Node 0 PXM 0 [mem …]` and `SRAT: PXM 0 -> APIC 0x00 -> Node 0`."""
    return [line.strip() for line in lines(console) if 'SRAT: ' in line]


def pxm_to_nid(console):
    """{pxm: nid} as the SRAT lines give it."""
    found = {}
    for line in srat_lines(console):
        match = re.search(r'Node (\d+) PXM (\d+)', line)
        if match:
            found[int(match[2])] = int(match[1])
        match = re.search(r'PXM (\d+) -> APIC \S+ -> Node (\d+)', line)
        if match:
            found[int(match[1])] = int(match[2])
    return found
