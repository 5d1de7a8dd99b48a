# SPDX-License-Identifier: MIT
"""ACPI tables as bytes, for machines whose firmware says what a test wants."""
import struct


def table(signature, revision, body, oem_table=b"SYNTHETI"):
    length = 36 + len(body)
    head = struct.pack("<4sIBB6s8sI4sI", signature, length, revision, 0, b"NUMAD ", oem_table, 1, b"TEST", 1)
    raw = bytearray(head + body)
    raw[9] = -sum(raw) & 0xff
    return bytes(raw)


def cpu(pxm, apic, enabled=True):
    return struct.pack("<BBBBIB3sI", 0, 16, pxm & 0xff, apic, int(enabled), 0, (pxm >> 8).to_bytes(3, "little"), 0)


def memory(pxm, base, length, enabled=True, hotpluggable=False, nonvolatile=False):
    flags = int(enabled) | int(hotpluggable) << 1 | int(nonvolatile) << 2
    return struct.pack("<BBIHQQIIQ", 1, 40, pxm, 0, base, length, 0, flags, 0)


def generic_initiator(pxm, handle_type, handle=b"", enabled=True):
    """handle_type 0: an ACPI device's HID and UID; 1: a PCI segment and function."""
    return struct.pack("<BBBBI16sII", 5, 32, 0, handle_type, pxm, handle, int(enabled), 0)


def its(pxm, its_id):
    return struct.pack("<BBIHI", 4, 12, pxm, 0, its_id)


def srat(*structures):
    return table(b"SRAT", 3, struct.pack("<IQ", 1, 0) + b"".join(structures))


def slit(rows):
    return table(b"SLIT", 1, struct.pack("<Q", len(rows)) + b"".join(bytes(row) for row in rows))


def hmat_proximity(memory, initiator=None):
    return struct.pack("<HHIHHIIIQQ", 0, 0, 40, int(initiator is not None), 0, initiator or 0, memory, 0, 0, 0)


def hmat_locality(data_type, base_unit, initiators, targets, entries):
    """entries: row by row, one row for each initiator."""
    body = struct.pack(f"<{len(initiators) + len(targets)}I{len(entries)}H", *initiators, *targets, *entries)
    head = struct.pack("<HHIBBBBIIIQ", 1, 0, 32 + len(body), 0, data_type, 0, 0, len(initiators), len(targets), 0, base_unit)
    return head + body


def hmat_cache(pxm, size, levels, level, line_size):
    return struct.pack("<HHIIIQIHH", 2, 0, 32, pxm, 0, size, levels | level << 4 | line_size << 16, 0, 0)


def hmat(*structures):
    return table(b"HMAT", 2, bytes(4) + b"".join(structures))


def cedt_bridge(uid, base, length):
    return struct.pack("<BBHIIIQQ", 0, 0, 32, uid, 1, 0, base, length)


def cedt_window(base, size, target=0):
    return struct.pack("<BBHIQQBBHIHHI", 1, 0, 40, 0, base, size, 0, 0, 0, 0, 0, 0, target)


def cedt(*structures):
    return table(b"CEDT", 1, b"".join(structures))
