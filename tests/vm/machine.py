# SPDX-License-Identifier: MIT
"""NUMA topologies in a few words, turned into QEMU's.

A node of this description is a *proximity domain* for the guest: its place in the list is the PXM that the
SRAT names. Linux gives its own ids (nid) in the order in which the SRAT first names a domain, CPUs before
memory; see pxm_order().
"""

from dataclasses import dataclass, field

UNITS = {'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40}


def size_bytes(size):
    """'384M' or a number → bytes."""
    if isinstance(size, int):
        return size
    return int(size[:-1]) * UNITS[size[-1]] if size[-1] in UNITS else int(size)


@dataclass
class Node:
    mem: object = 0             # '384M'; 0: memory-less
    cpus: object = 0            # how many, or a list of socket ids; 0: CPU-less
    spare_cpus: int = 0         # sockets that are empty at boot, for VM.plug_cpu()
    initiator: int = None       # HMAT: the domain that is nearest to this memory (its own, if it has CPUs)


@dataclass
class Access:
    """One pair of the HMAT."""
    initiator: int
    target: int
    latency_ns: int
    bandwidth: str              # per second, '200M'


@dataclass
class SideCache:
    """A memory-side cache of the HMAT."""
    node: int
    size: str
    level: int = 1
    line: int = 64


@dataclass
class Machine:
    nodes: list = field(default_factory=list)       # empty: a machine without an SRAT
    mem: str = '512M'                               # only without nodes
    cpus: int = 1                                   # only without nodes
    distances: dict = field(default_factory=dict)   # {(from, to): value}; what is left out is mirrored, else 20
    slots: int = 0                                  # for DIMMs that are plugged later
    maxmem: str = '8G'                              # only with slots
    below_4g: str = None                            # most memory below 4 GiB; the rest goes above
    hmat: list = field(default_factory=list)        # Access and SideCache

    def sockets(self):
        """[(socket id, domain)] in order, and how many of them are filled at boot."""
        owner = {}
        free = iter(range(sum(n.cpus if isinstance(n.cpus, int) else len(n.cpus) for n in self.nodes)))
        for pxm, node in enumerate(self.nodes):
            ids = node.cpus if not isinstance(node.cpus, int) else [next(free) for _ in range(node.cpus)]
            for socket in ids:
                if socket in owner:
                    raise ValueError(f'socket {socket} is in domains {owner[socket]} and {pxm}')
                owner[socket] = pxm
        present = len(owner)
        if sorted(owner) != list(range(present)):
            raise ValueError(f'sockets {sorted(owner)}: QEMU fills 0 to {present - 1} at boot')
        for pxm, node in enumerate(self.nodes):
            for _ in range(node.spare_cpus):
                owner[len(owner)] = pxm
        return sorted(owner.items()), present

    def distance(self, src, dst):
        if (src, dst) in self.distances:
            return self.distances[src, dst]
        return 10 if src == dst else self.distances.get((dst, src), 20)

    def qemu_arguments(self):
        machine = "q35,accel=tcg"
        if self.hmat:
            machine += ',hmat=on'
        if self.below_4g:
            machine += f',max-ram-below-4g={self.below_4g}'
        total = sum(size_bytes(n.mem) for n in self.nodes) if self.nodes else size_bytes(self.mem)
        memory = f'size={total}b'
        if self.slots:
            memory += f',slots={self.slots},maxmem={self.maxmem}'
        if not self.nodes:
            return ['-machine', machine, '-m', memory, '-smp', str(self.cpus)]

        sockets, present = self.sockets()
        args = ['-machine', machine, '-m', memory,
                '-smp', f'{present},sockets={len(sockets)},cores=1,threads=1,maxcpus={len(sockets)}']
        for pxm, node in enumerate(self.nodes):
            option = f'node,nodeid={pxm}'
            if node.mem:
                args += ['-object', f'memory-backend-ram,id=mem{pxm},size={size_bytes(node.mem)}']
                option += f',memdev=mem{pxm}'
            if self.hmat:
                has_cpus = any(owner == pxm for _, owner in sockets)
                initiator = pxm if has_cpus else node.initiator
                if initiator is not None:
                    option += f',initiator={initiator}'
            args += ['-numa', option]
        for socket, pxm in sockets:
            args += ['-numa', f'cpu,node-id={pxm},socket-id={socket}']
        if self.distances:
            every = range(len(self.nodes))
            for src in every:
                for dst in every:
                    args += ['-numa', f'dist,src={src},dst={dst},val={self.distance(src, dst)}']
        return args + self._hmat_arguments()

    def _hmat_arguments(self):
        args = []
        for access in (a for a in self.hmat if isinstance(a, Access)):
            pair = f'hmat-lb,initiator={access.initiator},target={access.target},hierarchy=memory'
            args += ['-numa', f'{pair},data-type=access-latency,latency={access.latency_ns}',
                     '-numa', f'{pair},data-type=access-bandwidth,bandwidth={access.bandwidth}']
        # QEMU wants latency and bandwidth of a domain before its caches.
        for cache in (c for c in self.hmat if isinstance(c, SideCache)):
            args += ['-numa', f'hmat-cache,node-id={cache.node},size={cache.size},level={cache.level},'
                              f'associativity=direct,policy=write-back,line={cache.line}']
        return args


def no_srat():
    """No NUMA at all: the kernel fakes node 0."""
    return Machine(mem='512M', cpus=2)


def one_node():
    return Machine([Node('512M', cpus=2)])


def four_unequal_nodes():
    """The boundaries at 192 and 512 MiB: with blocks of 128 MiB, one block belongs to two nodes."""
    return Machine([Node('192M', cpus=1), Node('320M', cpus=1), Node('128M', cpus=1), Node('384M', cpus=1)],
                   distances={(0, 1): 12, (0, 2): 20, (0, 3): 22, (1, 2): 22, (1, 3): 20, (2, 3): 12})


def around_4g():
    """Node 0 is cut in two by the hole below 4 GiB, node 1 lies above."""
    return Machine([Node('768M', cpus=1), Node('256M', cpus=1)], below_4g='512M')


def pxm_order():
    """The boot CPU is in PXM 2: Linux makes nodes 0 1 2 3 out of PXM 2 3 0 1; the addresses follow the PXM."""
    return Machine([Node('128M', cpus=[2]), Node('256M'), Node('384M', cpus=[0]), Node('256M', cpus=[1])],
                   distances={(0, 1): 11, (0, 2): 12, (0, 3): 13, (1, 2): 14, (1, 3): 15, (2, 3): 16})


def cpuless_memoryless():
    """Node 0 has both; PXM 1 has CPUs only, 2 memory only, 3 nothing until a DIMM is plugged."""
    return Machine([Node('384M', cpus=1), Node(cpus=1), Node('256M'), Node()],
                   distances={(0, 1): 21, (0, 2): 17}, slots=4)


def hmat():
    """Two packages, and slow memory that is nearest to the first; a memory-side cache on node 0."""
    return Machine([Node('256M', cpus=1), Node('256M', cpus=1), Node('512M', initiator=0)],
                   distances={(0, 1): 21, (0, 2): 17, (1, 2): 28},
                   hmat=[Access(0, 0, 80, '200G'), Access(0, 1, 140, '100G'), Access(0, 2, 300, '20G'),
                         Access(1, 0, 140, '100G'), Access(1, 1, 80, '200G'), Access(1, 2, 400, '10G'),
                         SideCache(0, '16M')])


def hotplug():
    """Two nodes with everything, and PXM 2: possible, empty, a socket free; DIMM slots."""
    return Machine([Node('384M', cpus=1), Node('256M', cpus=1), Node(spare_cpus=1)],
                   distances={(0, 1): 21, (0, 2): 31, (1, 2): 31}, slots=4)
