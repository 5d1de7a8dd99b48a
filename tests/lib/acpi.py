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


def srat(*structures):
    return table(b"SRAT", 3, struct.pack("<IQ", 1, 0) + b"".join(structures))


def slit(rows):
    return table(b"SLIT", 1, struct.pack("<Q", len(rows)) + b"".join(bytes(row) for row in rows))


def cedt_window(base, size, target=0):
    return struct.pack("<BBHIQQBBHIHHI", 1, 0, 40, 0, base, size, 0, 0, 0, 0, 0, 0, target)


def cedt(*structures):
    return table(b"CEDT", 1, b"".join(structures))
