# SPDX-License-Identifier: MIT
"""A synthetic machine: sys/ and proc/ below a directory, in the text formats of a 6.x kernel.

The attributes hold what the files say, so that a test compares the daemon's answer with what the machine was built from:
masks (sysfs name -> list of ids, or None where the kernel has no such file) and nodes (nid -> Node).
"""
import os
import shutil
import tempfile

KIB = 1024
MIB = 1024 * KIB
PAGE = 4096

# Kernel name, and whether the kernel prints " kB" behind the value.
MEMINFO_FIELDS = [(name, True) for name in """
    MemTotal MemFree MemUsed SwapCached Active Inactive Active(anon) Inactive(anon) Active(file) Inactive(file)
    Unevictable Mlocked Dirty Writeback FilePages Mapped AnonPages Shmem KernelStack PageTables SecPageTables
    NFS_Unstable Bounce WritebackTmp KReclaimable Slab SReclaimable SUnreclaim AnonHugePages ShmemHugePages
    ShmemPmdMapped FileHugePages FilePmdMapped Unaccepted ShadowCallStack
    """.split()] + [("HugePages_Total", False), ("HugePages_Free", False), ("HugePages_Surp", False)]

NUMASTAT_FIELDS = "numa_hit numa_miss numa_foreign interleave_hit local_node other_node".split()

VMSTAT_FIELDS = """
    nr_free_pages nr_zone_inactive_anon nr_zone_active_anon nr_zone_inactive_file nr_zone_active_file
    nr_zone_unevictable nr_zone_write_pending nr_mlock nr_bounce nr_zspages nr_free_cma nr_unaccepted
    numa_hit numa_miss numa_foreign numa_interleave numa_local numa_other
    nr_inactive_anon nr_active_anon nr_inactive_file nr_active_file nr_unevictable nr_slab_reclaimable
    nr_slab_unreclaimable nr_isolated_anon nr_isolated_file workingset_nodes workingset_refault_anon
    workingset_refault_file workingset_activate_anon workingset_activate_file workingset_restore_anon
    workingset_restore_file workingset_nodereclaim nr_anon_pages nr_mapped nr_file_pages nr_dirty nr_writeback
    nr_writeback_temp nr_shmem nr_shmem_hugepages nr_shmem_pmdmapped nr_file_hugepages nr_file_pmdmapped
    nr_anon_transparent_hugepages nr_vmscan_write nr_vmscan_immediate_reclaim nr_dirtied nr_written
    nr_throttled_written nr_kernel_misc_reclaimable nr_foll_pin_acquired nr_foll_pin_released nr_kernel_stack
    nr_page_table_pages nr_sec_page_table_pages nr_swapcached pgpromote_success pgpromote_candidate
    pgdemote_kswapd pgdemote_direct pgdemote_khugepaged
    """.split()

CPU_MODES = "user nice system idle iowait irq softirq steal guest guest_nice".split()

MASK_FILES = ("possible", "online", "has_normal_memory", "has_memory", "has_cpu", "has_generic_initiator")

NODE_FILES = ("meminfo", "numastat", "vmstat", "distance", "cpulist", "cpumap",
              "hugepages/hugepages-2048kB/nr_hugepages", "hugepages/hugepages-2048kB/free_hugepages",
              "hugepages/hugepages-2048kB/surplus_hugepages", "hugepages/hugepages-1048576kB/nr_hugepages")



def scratch_directory(prefix):
    """A directory for a tree of many small files: in memory where there is room for it, which is several times faster."""
    fast = "/dev/shm"
    try:
        free = os.statvfs(fast)
        if os.access(fast, os.W_OK) and free.f_bavail * free.f_frsize > 1024 * MIB:
            return tempfile.mkdtemp(prefix=prefix, dir=fast)
    except OSError:
        pass
    return tempfile.mkdtemp(prefix=prefix)


def id_list(ids):
    """The kernel's list form: 0-1,4,6-8."""
    parts, ids = [], sorted(ids)
    while ids:
        end = 0
        while end + 1 < len(ids) and ids[end + 1] == ids[end] + 1:
            end += 1
        parts.append(str(ids[0]) if end == 0 else f"{ids[0]}-{ids[end]}")
        ids = ids[end + 1:]
    return ",".join(parts)


def id_map(ids, bits):
    """The kernel's map form: 32 bits a word, hexadecimal, the highest first."""
    value = sum(1 << i for i in ids)
    words = max(1, (bits + 31) // 32)
    first_width = ((bits - 1) % 32 + 4) // 4 if bits else 8
    out = [f"{(value >> (32 * w)) & 0xffffffff:08x}" for w in reversed(range(words))]
    out[0] = out[0][-first_width:] if int(out[0], 16) < 16 ** first_width else out[0]
    return ",".join(out)


class Node:
    def __init__(self, nid):
        self.nid = nid
        self.meminfo = {}       # kernel name -> (value, unit)
        self.numastat = {}
        self.vmstat = {}
        self.distances = {}     # nid -> distance
        self.cpus = []
        self.hugepages = {}     # size in KiB -> [total, free, surplus]
        self.blocks = {}        # number -> "online" | "offline"

    def meminfo_values(self):
        """As the JSON has it: bytes, and counts as they are."""
        return {k: v * KIB if unit == "kB" else v for k, (v, unit) in self.meminfo.items()}


class Machine:
    def __init__(self, nodes=2, ids=None, cpus_per_node=2, blocks_per_node=4, block_size=128 * MIB, memoryless=(),
                 cpuless=(), offline=(), generic_initiator=(), hugepage_sizes=(2048, 1048576), distance=None, root=None):
        self.root = root or scratch_directory("numad-machine.")
        self.ids = sorted(ids) if ids is not None else list(range(nodes))
        self.block_size = block_size
        self.blocks_per_node = blocks_per_node
        self.hugepage_sizes = tuple(hugepage_sizes)
        self.hostname = "synthetic-host-name"
        self.boot_id = "11111111-2222-4333-8444-555555555555"
        self.osrelease = "6.1.0-synthetic-amd64"
        self.distance_of = distance or (lambda a, b: 10 if a == b else 21 if a // 2 == b // 2 else 32)
        self.nodes = {}
        self.cpu_node = {}
        self.cpu_online = {}
        self.generic_initiator = sorted(generic_initiator)
        self.removed_masks = set()
        online = [n for n in self.ids if n not in offline]
        for index, nid in enumerate(online):
            self.nodes[nid] = self._new_node(nid, index, 0 if nid in cpuless else cpus_per_node,
                                             0 if nid in memoryless else blocks_per_node)
        self._write_all()

    # What it is made of

    def _new_node(self, nid, index, cpus, blocks):
        node = Node(nid)
        for c in range(cpus):
            cpu = index * cpus + c if cpus else 0
            while cpu in self.cpu_node:
                cpu += 1
            self.cpu_node[cpu] = nid
            self.cpu_online[cpu] = True
            node.cpus.append(cpu)
        first = index * self.blocks_per_node
        node.blocks = {first + b: "online" for b in range(blocks)}
        total_kb = len(node.blocks) * self.block_size // KIB
        for i, (name, kb) in enumerate(MEMINFO_FIELDS):
            node.meminfo[name] = ((1000 * (i + 1) + 7 * nid) if total_kb else 0, "kB" if kb else None)
        free_kb = total_kb // 2 + 4 * nid if total_kb else 0
        node.meminfo["MemTotal"] = (total_kb, "kB")
        node.meminfo["MemFree"] = (free_kb, "kB")
        node.meminfo["MemUsed"] = (total_kb - free_kb, "kB")
        node.hugepages = {size: [8 + nid % 5, 3, 1] if total_kb and size == 2048 else [0, 0, 0]
                          for size in self.hugepage_sizes}
        if 2048 in node.hugepages:
            for name, value in zip(("HugePages_Total", "HugePages_Free", "HugePages_Surp"), node.hugepages[2048]):
                node.meminfo[name] = (value, None)
        for i, name in enumerate(NUMASTAT_FIELDS):
            node.numastat[name] = 100000 * (i + 1) + nid if total_kb else 0
        for i, name in enumerate(VMSTAT_FIELDS):
            node.vmstat[name] = 3000 * (i + 1) + nid if total_kb else 0
        node.vmstat["nr_free_pages"] = free_kb // 4
        return node

    @property
    def online(self):
        return sorted(self.nodes)

    @property
    def masks(self):
        memory = [n for n in self.online if any(s == "online" for s in self.nodes[n].blocks.values())]
        masks = {
            "possible": list(self.ids), "online": self.online, "has_normal_memory": memory, "has_high_memory": None,
            "has_memory": memory, "has_cpu": [n for n in self.online if self.nodes[n].cpus],
            "has_generic_initiator": self.generic_initiator,
        }
        return {k: None if k in self.removed_masks else v for k, v in masks.items()}

    # Files

    def path(self, relative):
        return os.path.join(self.root, relative)

    def node_path(self, nid, relative=""):
        return f"sys/devices/system/node/node{nid}" + ("/" + relative if relative else "")

    def read(self, relative):
        with open(self.path(relative), "rb") as f:
            return f.read()

    def write(self, relative, text):
        """Replaces a file, as one step, so that a reader never sees half of it."""
        path = self.path(relative)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        with open(path + ".new", "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        os.rename(path + ".new", path)

    def overwrite(self, relative, text):
        """Changes a file where it lies, as sysfs does: who holds it open reads the new text."""
        with open(self.path(relative), "r+b") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
            f.truncate()

    def link(self, target, relative):
        path = self.path(relative)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            self.remove(relative)
        os.symlink(target, path)

    def remove(self, relative):
        path = self.path(relative)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)

    def make_directory(self, relative):
        self.remove(relative)
        os.makedirs(self.path(relative))

    def make_fifo(self, relative):
        self.remove(relative)
        os.mkfifo(self.path(relative))

    def delete(self):
        shutil.rmtree(self.root, ignore_errors=True)

    # The texts

    def meminfo_text(self, nid):
        lines = []
        for name, (value, unit) in self.nodes[nid].meminfo.items():
            if unit:
                lines.append(f"Node {nid} {name + ':':<16}{value:8d} {unit}\n")
            else:
                lines.append(f"Node {nid} {name + ':':<16}{value:6d}\n")
        return "".join(lines)

    def _zone_text(self, nid, zone, pages, start_pfn):
        text = f"Node {nid}, zone {zone:>8}\n"
        text += f"  pages free     {pages // 2}\n        boost    0\n        min      {pages // 100}\n"
        text += f"        low      {pages // 80}\n        high     {pages // 60}\n        promo    {pages // 50}\n"
        text += f"        spanned  {pages}\n        present  {pages}\n        managed  {pages - pages // 40}\n"
        text += "        cma      0\n        protection: (0, 0, 0, 0, 0)\n"
        if not pages:
            return text
        text += f"      nr_free_pages {pages // 2}\n      nr_zone_inactive_anon 10\n      numa_hit     77\n"
        text += "  pagesets\n"
        for cpu in self.nodes[nid].cpus[:2]:
            text += f"    cpu: {cpu}\n              count:    31\n              high:     378\n              batch:    63\n"
            text += "  vm stats threshold: 24\n"
        return text + f"  node_unreclaimable:  0\n  start_pfn:           {start_pfn}\n"

    def zones(self, nid):
        """[(zone, present pages, first page frame)]; the zones of a node without memory are there, and empty."""
        blocks = sorted(self.nodes[nid].blocks)
        pages = len(blocks) * self.block_size // PAGE
        start = blocks[0] * self.block_size // PAGE if blocks else 0
        return [("Normal", pages, start), ("Movable", 0, 0)]

    def _write_zoneinfo(self):
        text = ""
        for nid in self.online:
            for i, (zone, pages, start) in enumerate(self.zones(nid)):
                part = self._zone_text(nid, zone, pages, start)
                if i == 0 and pages:
                    head, rest = part.split("\n", 1)
                    part = f"{head}\n  per-node stats\n      nr_inactive_anon 1239\n      nr_active_anon 382\n{rest}"
                text += part
        self.write("proc/zoneinfo", text)

    def buddy(self, nid):
        return [40 + nid % 7, 30, 20, 10, 9, 8, 7, 6, 5, 4, 100 + nid]

    def _write_buddyinfo(self):
        text = ""
        for nid in self.online:
            if self.nodes[nid].blocks:
                text += f"Node {nid}, zone {'Normal':>8} " + "".join(f"{n:6d} " for n in self.buddy(nid)) + "\n"
        self.write("proc/buddyinfo", text)

    def cpu_ticks(self, cpu):
        return [1000 + cpu, 200, 300 + cpu, 50000, 60, 7, 8, 9, 10, 11]

    def _write_stat(self):
        online = [c for c in sorted(self.cpu_node) if self.cpu_online[c]]
        totals = [sum(column) for column in zip(*[self.cpu_ticks(c) for c in online])] or [0] * len(CPU_MODES)
        text = "cpu  " + " ".join(map(str, totals)) + "\n"
        text += "".join(f"cpu{c} " + " ".join(map(str, self.cpu_ticks(c))) + "\n" for c in online)
        text += "intr 289465 0 0 0 1 10\nctxt 483165\nbtime 1700000000\nprocesses 4242\nprocs_running 1\nprocs_blocked 0\n"
        self.write("proc/stat", text + "softirq 1200 0 100 200 300 0 0 400 0 200\n")

    def _write_masks(self):
        for name, ids in self.masks.items():
            if ids is None:
                self.remove(f"sys/devices/system/node/{name}")
            else:
                self.write(f"sys/devices/system/node/{name}", id_list(ids) + "\n")

    def _write_cpus(self):
        present = sorted(self.cpu_node)
        online = [c for c in present if self.cpu_online[c]]
        base = "sys/devices/system/cpu"
        self.write(f"{base}/present", id_list(present) + "\n")
        self.write(f"{base}/possible", id_list(present) + "\n")
        self.write(f"{base}/online", id_list(online) + "\n")
        self.write(f"{base}/offline", id_list([c for c in present if c not in online]) + "\n")
        for cpu in present:
            self.write(f"{base}/cpu{cpu}/online", f"{int(self.cpu_online[cpu])}\n")
            nid = self.cpu_node[cpu]
            if nid in self.nodes:
                self.link(f"../../node/node{nid}", f"{base}/cpu{cpu}/node{nid}")
                self.link(f"../../cpu/cpu{cpu}", self.node_path(nid, f"cpu{cpu}"))

    def write_node(self, nid):
        """Writes the files of a node again, from what its Node says."""
        node = self.nodes[nid]
        bits = max(self.cpu_node, default=0) + 1
        self.write(self.node_path(nid, "meminfo"), self.meminfo_text(nid))
        self.write(self.node_path(nid, "numastat"), "".join(f"{k} {v}\n" for k, v in node.numastat.items()))
        self.write(self.node_path(nid, "vmstat"), "".join(f"{k} {v}\n" for k, v in node.vmstat.items()))
        self.write(self.node_path(nid, "distance"), " ".join(str(node.distances[n]) for n in self.online) + "\n")
        self.write(self.node_path(nid, "cpulist"), id_list(node.cpus) + "\n")
        self.write(self.node_path(nid, "cpumap"), id_map(node.cpus, bits) + "\n")
        for size, values in node.hugepages.items():
            for name, value in zip(("nr_hugepages", "free_hugepages", "surplus_hugepages"), values):
                self.write(self.node_path(nid, f"hugepages/hugepages-{size}kB/{name}"), f"{value}\n")

    def _write_blocks(self, nid):
        for number, state in self.nodes[nid].blocks.items():
            base = f"sys/devices/system/memory/memory{number}"
            self.write(f"{base}/state", state + "\n")
            self.write(f"{base}/online", f"{int(state == 'online')}\n")
            self.write(f"{base}/phys_index", f"{number:08x}\n")
            self.write(f"{base}/phys_device", "0\n")
            self.write(f"{base}/removable", "1\n")
            self.write(f"{base}/valid_zones", "Normal\n" if state == "online" else "Normal Movable\n")
            self.link(f"../../memory/memory{number}", self.node_path(nid, f"memory{number}"))
            self.link(f"../../node/node{nid}", f"{base}/node{nid}")

    def _write_distances(self):
        for a in self.online:
            self.nodes[a].distances = {b: self.distance_of(a, b) for b in self.online}

    def _write_global(self):
        total = sum(n.meminfo["MemTotal"][0] for n in self.nodes.values())
        free = sum(n.meminfo["MemFree"][0] for n in self.nodes.values())
        self.write("proc/meminfo", f"MemTotal:       {total:8d} kB\nMemFree:        {free:8d} kB\n"
                                   f"MemAvailable:   {free:8d} kB\nBuffers:             752 kB\nCached:            74364 kB\n"
                                   "HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\n"
                                   "HugePages_Surp:        0\nHugepagesize:       2048 kB\n")
        self._write_zoneinfo()
        self._write_buddyinfo()
        self._write_stat()
        self._write_masks()

    def _write_all(self):
        self._write_distances()
        for nid in self.online:
            self.write_node(nid)
            self._write_blocks(nid)
        self._write_cpus()
        self._write_global()
        self.write("sys/devices/system/memory/block_size_bytes", f"{self.block_size:x}\n")
        self.write("sys/devices/system/memory/auto_online_blocks", "online\n")
        self.write("proc/sys/kernel/random/boot_id", self.boot_id + "\n")
        self.write("proc/sys/kernel/osrelease", self.osrelease + "\n")
        self.write("proc/sys/kernel/hostname", self.hostname + "\n")
        self.write("proc/sys/kernel/numa_balancing", "1\n")
        self.write("proc/sys/vm/zone_reclaim_mode", "0\n")

    # What happens to it

    def set_block(self, nid, number, state):
        self.nodes[nid].blocks[number] = state
        self._write_blocks(nid)
        self._write_masks()

    def add_node(self, nid, cpus=2, blocks=None):
        if nid not in self.ids:
            self.ids = sorted(self.ids + [nid])
        used = [b for n in self.nodes.values() for b in n.blocks]
        index = (max(used, default=-1) + self.blocks_per_node) // self.blocks_per_node
        self.nodes[nid] = self._new_node(nid, index, cpus, self.blocks_per_node if blocks is None else blocks)
        self._write_distances()
        for n in self.online:
            self.write_node(n)
        self._write_blocks(nid)
        self._write_cpus()
        self._write_global()

    def remove_node(self, nid):
        node = self.nodes.pop(nid)
        for number in node.blocks:
            self.remove(f"sys/devices/system/memory/memory{number}")
        for cpu in [c for c, n in self.cpu_node.items() if n == nid]:
            self.remove(f"sys/devices/system/cpu/cpu{cpu}")
            del self.cpu_node[cpu], self.cpu_online[cpu]
        self._write_distances()
        self._write_cpus()
        self._write_global()
        for n in self.online:
            self.write_node(n)
        self.remove(self.node_path(nid))

    def set_cpu(self, cpu, online):
        self.cpu_online[cpu] = online
        nid = self.cpu_node[cpu]
        self.nodes[nid].cpus = [c for c, n in sorted(self.cpu_node.items()) if n == nid and self.cpu_online[c]]
        self._write_cpus()
        self.write_node(nid)
        self._write_stat()
        self._write_masks()

    # Firmware

    def set_memmap(self, ranges):
        """[(start, end, type)]: /sys/firmware/memmap; end is the first byte after."""
        self.remove("sys/firmware/memmap")
        for i, (start, end, kind) in enumerate(ranges):
            self.write(f"sys/firmware/memmap/{i}/start", f"0x{start:x}\n")
            self.write(f"sys/firmware/memmap/{i}/end", f"0x{end - 1:x}\n")
            self.write(f"sys/firmware/memmap/{i}/type", kind + "\n")

    def set_table(self, name, table):
        """An ACPI table as bytes."""
        self.write(f"sys/firmware/acpi/tables/{name}", table)

    def set_packages(self, package_of):
        for cpu in self.cpu_node:
            self.write(f"sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id", f"{package_of(cpu)}\n")

    def set_cpu_topology(self, threads_per_core=1):
        """What hwloc needs of CPUs: one package a node, cores, caches of 1 MiB a core and 32 MiB a package."""
        bits = max(self.cpu_node) + 1
        for cpu, nid in self.cpu_node.items():
            package = [c for c, n in sorted(self.cpu_node.items()) if n == nid]
            at = package.index(cpu)
            core = package[at - at % threads_per_core:][:threads_per_core]
            base = f"sys/devices/system/cpu/cpu{cpu}"
            for name, value in (("physical_package_id", nid), ("core_id", at // threads_per_core),
                                ("core_cpus", id_map(core, bits)), ("package_cpus", id_map(package, bits))):
                self.write(f"{base}/topology/{name}", f"{value}\n")
            for index, (level, size, shared) in enumerate(((2, "1024K", core), (3, "32768K", package))):
                for name, value in (("level", level), ("type", "Unified"), ("size", size), ("coherency_line_size", 64),
                                    ("shared_cpu_map", id_map(shared, bits))):
                    self.write(f"{base}/cache/index{index}/{name}", f"{value}\n")

    def set_access(self, nid, access_class, initiators, **figures):
        """The HMAT's figures of a target: read_latency=…, write_bandwidth=…, in the kernel's units."""
        base = self.node_path(nid, f"access{access_class}/initiators")
        for initiator in initiators:
            self.link(f"../../../node{initiator}", f"{base}/node{initiator}")
        for name, value in figures.items():
            self.write(f"{base}/{name}", f"{value}\n")

    def set_side_cache(self, nid, level, **figures):
        for name, value in figures.items():
            self.write(self.node_path(nid, f"memory_side_cache/index{level}/{name}"), f"{value}\n")

    def set_tiers(self, tiers):
        """tier → nids"""
        self.remove("sys/devices/virtual/memory_tiering")
        for tier, nids in tiers.items():
            self.write(f"sys/devices/virtual/memory_tiering/memory_tier{tier}/nodelist", id_list(nids) + "\n")

    # Devices, placed and linked as the kernel does it

    def add_pci(self, address, pci_class, node=None, vendor=0x8086, device=0x1572, driver=None, irqs=()):
        """node None: no numa_node file. irqs: interrupt -> CPUs that handle it, as MSI."""
        place = f"sys/devices/pci{address[:7]}/{address}"
        self.link(f"../../../{place[4:]}", f"sys/bus/pci/devices/{address}")
        self.write(f"{place}/class", f"0x{pci_class:06x}\n")
        self.write(f"{place}/vendor", f"0x{vendor:04x}\n")
        self.write(f"{place}/device", f"0x{device:04x}\n")
        self.write(f"{place}/irq", "0\n")
        if node is not None:
            self.write(f"{place}/numa_node", f"{node}\n")
            self.write(f"{place}/local_cpulist", id_list(self.nodes[node].cpus if node >= 0 else list(self.cpu_node)) + "\n")
        if driver:
            self.link(f"../../../bus/pci/drivers/{driver}", f"{place}/driver")
        for irq in irqs:
            self.write(f"{place}/msi_irqs/{irq}", "msix\n")
            self.set_irq(irq, irqs[irq])
        return place

    def set_irq(self, irq, cpus):
        self.write(f"proc/irq/{irq}/smp_affinity_list", id_list(self.cpu_node) + "\n")
        self.write(f"proc/irq/{irq}/effective_affinity_list", id_list(cpus) + "\n")

    def add_named(self, subsystem, name, place, **attributes):
        """What a driver gives a name: place is the directory of the device that it is on."""
        own = f"{place}/{subsystem}/{name}"
        os.makedirs(self.path(own), exist_ok=True)
        self.link("../../../" + os.path.basename(place), f"{own}/device")
        self.link(f"../../{own[4:]}", f"sys/class/{subsystem}/{name}")
        for key, value in attributes.items():
            self.write(f"{own}/{key}", f"{value}\n")
        return own

    def add_interface(self, name, place, queues=1, speed=25000, operstate="up"):
        own = self.add_named("net", name, place, address="52:54:00:12:34:56", operstate=operstate, speed=speed)
        for i in range(queues):
            for kind in ("rx", "tx"):
                self.make_directory(f"{own}/queues/{kind}-{i}")
        return own

    def remove_mask(self, name):
        self.removed_masks.add(name)
        self._write_masks()
