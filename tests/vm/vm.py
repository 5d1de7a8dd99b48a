# SPDX-License-Identifier: MIT
"""A virtual NUMA machine for scenarios: boots a Debian kernel with a described topology under QEMU.

    from vm import VM, machine, scenario

    def main(tap):
        with VM(machine.hotplug(), binaries=['./numad-telemetry']) as vm:
            vm.plug_dimm('dimm0', '256M', node=2)
            vm.wait_for('test -d /sys/devices/system/node/node2')
            tap.equal(vm.output('cat /sys/devices/system/node/online'), '0-2', 'node 2 is online')

    scenario(main)

It asks for neither root nor KVM, and uses none: where machines are virtual themselves KVM lets QEMU start and the guest
hang. Every wait has a limit, and QEMU never outlives the scenario: it is ended by its own process id when the `with` block
is left, and by the kernel should the scenario be killed outright.
Logs go to tests/vm/logs/SCENARIO below the current directory ($NUMAD_VM_LOGS names another place for them).
"""

import base64
import ctypes
import json
import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

import image
import klog      # noqa: F401  (scenarios take them from here)
import machine
from machine import Access, Machine, Node, SideCache    # noqa: F401
from tap import Skip, Tap, scenario                     # noqa: F401

QEMU = 'qemu-system-x86_64'
BOOT_SECONDS = 90           # 5 s on an idle 2-core machine without KVM; a loaded builder is much slower
RUN_SECONDS = 30
LIFE_SECONDS = 600          # whatever a scenario does, its machine is not used for longer
GRACE_SECONDS = 10          # what the guest gets beyond its own limit before the host gives it up
PIECE = 2000                # bytes of a message to the guest; its tty buffers 4095 and has no flow control
KERNEL_OPTIONS = 'console=ttyS0 panic=-1 memblock=debug'
PR_SET_PDEATHSIG = 1
PROC_FILES = ('/proc/cmdline /proc/meminfo /proc/zoneinfo /proc/buddyinfo /proc/iomem /proc/stat '
              '/sys/firmware/memmap/*/* /sys/devices/system/node/* /sys/devices/system/node/node*/* '
              '/sys/devices/system/memory/memory*/state')


class Timeout(Exception):
    """A wait reached its limit. `result` is what a command had written until then, or None."""

    def __init__(self, message, result=None):
        super().__init__(message)
        self.result = result


class GuestDied(Exception):
    """QEMU ended while something was still expected of the guest."""


class MonitorError(Exception):
    """The monitor refused a command."""


class CommandFailed(Exception):
    """A guest command whose success was taken for granted failed."""

    def __init__(self, command, result):
        super().__init__(f'{command!r}: exit status {result.status}\n{result.stdout}{result.stderr}')
        self.result = result


@dataclass
class Result:
    """What a guest command gave back. A status over 128 is 128 + the signal that ended it."""
    stdout: str
    stderr: str
    status: int
    stdout_bytes: bytes = b''

    def __str__(self):
        return self.stdout


@dataclass(frozen=True)
class Uevent:
    action: str
    subsystem: str
    devpath: str
    seqnum: int

    @property
    def short(self):
        """`add memory/memory32`: action and the last two parts of the path, as the kernel's devices differ by them."""
        return f"{self.action} {'/'.join(self.devpath.split('/')[-2:])}"


def _die_with_parent():
    # Also after SIGKILL, when no `finally` runs any more.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class _Line:
    """One end of a socket pair to QEMU, read by lines within a deadline."""

    def __init__(self, vm, what):
        self.vm = vm
        self.what = what
        self.host, self.far = socket.socketpair()
        self.host.setblocking(False)
        self.buffer = b''

    def send(self, data, deadline):
        while data:
            self.vm._alive_until(deadline, f'{self.what}: sending')
            if select.select([], [self.host], [], 0.2)[1]:
                data = data[self.host.send(data):]

    def read_line(self, deadline, waiting_for):
        while b'\n' not in self.buffer:
            if select.select([self.host], [], [], 0.2)[0]:
                try:
                    data = self.host.recv(1 << 16)
                except ConnectionError:
                    data = b''
                self.buffer += data
                if data:
                    continue
                self.vm._wait_exit(GRACE_SECONDS)
            self.vm._alive_until(deadline, f'{self.what}: {waiting_for}')
        line, self.buffer = self.buffer.split(b'\n', 1)
        return line.rstrip(b'\r').decode(errors='replace')

    def close(self):
        self.host.close()


class VM:
    """A running machine. Use it in a `with` statement."""

    def __init__(self, topology=None, *, binaries=(), files=None, append='', name=None, cache=None, logs=None,
                 qemu_arguments=(), boot_timeout=BOOT_SECONDS, life=LIFE_SECONDS, debian=()):
        """
        topology        a Machine; machine.one_node() if none is given
        binaries        host programs, put to /usr/bin with their shared libraries; (host path, guest path) also goes
        files           {guest path: bytes or text, or a pathlib.Path of a file or folder of the host}
        append          more kernel options
        name            of the log directory; the scenario's by default. Two machines of a scenario need two names
        qemu_arguments  more of them, as they are
        debian          packages of a Debian with systemd as process 1; none: busybox
        """
        self.topology = topology or machine.one_node()
        self.name = name or os.path.basename(sys.argv[0]) or 'vm'
        self.append = append
        self.extra = list(qemu_arguments)
        self.boot_timeout = boot_timeout
        self.life = life
        self.process = None
        self.turn = 0
        self.events = []
        self.boot_seconds = None
        self.logs = os.path.abspath(logs or os.path.join(os.environ.get('NUMAD_VM_LOGS') or 'tests/vm/logs', self.name))
        self.console_path = os.path.join(self.logs, 'console.log')

        if not shutil.which(QEMU):
            raise Skip(f'{QEMU} is not installed')
        store = image.cache_directory(cache)
        self.kernel = image.kernel(store)
        if debian:
            self.archive = image.debian_archive(image.debian(store, debian))
        else:
            self.archive = image.guest_archive(image.busybox(store))
        for binary in binaries:
            source, target = (binary, f'/usr/bin/{os.path.basename(binary)}') if isinstance(binary, str) else binary
            self.archive.binary(target, source)
        for path, content in (files or {}).items():
            if isinstance(content, (str, bytes)):
                self.archive.file(path, content)
            else:
                self.archive.copy(path, os.fspath(content))

    # Start and end

    def __enter__(self):
        try:
            self.boot()
        except BaseException as error:
            self.close(error)
            raise
        return self

    def __exit__(self, _kind, error, _trace):
        self.close(error)

    def boot(self):
        """Starts QEMU and waits until the guest's agent answers."""
        shutil.rmtree(self.logs, ignore_errors=True)
        os.makedirs(self.logs)
        initrd = os.path.join(self.logs, 'initramfs.cpio')
        self.archive.write(initrd)
        self.agent = _Line(self, 'guest')
        self.qmp_line = _Line(self, 'monitor')
        command = self._command_line(initrd)
        with open(os.path.join(self.logs, 'qemu.command'), 'w') as stream:
            stream.write(shlex.join(command) + '\n')
        self.transcript = open(os.path.join(self.logs, 'transcript.log'), 'w')
        started = time.monotonic()
        self.deadline = started + self.life
        with open(os.path.join(self.logs, 'qemu.log'), 'w') as log:
            # A session of its own: ^C on the terminal reaches the scenario, which ends QEMU in order.
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            pass_fds=[self.agent.far.fileno(), self.qmp_line.far.fileno()],
                                            start_new_session=True, preexec_fn=_die_with_parent)
        self.agent.far.close()
        self.qmp_line.far.close()

        deadline = self._limit(self.boot_timeout)
        self.qmp_line.read_line(deadline, 'greeting')
        self.qmp('qmp_capabilities')
        while not self.agent.read_line(deadline, f'boot, of {self.boot_timeout} s').endswith('READY'):
            pass
        self.boot_seconds = time.monotonic() - started

    def _command_line(self, initrd):
        console = self.console_path.replace(',', ',,')
        return [QEMU, '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-name', self.name,
                '-cpu', 'max', *self.topology.qemu_arguments(),
                '-kernel', self.kernel, '-initrd', initrd, '-append', f'{KERNEL_OPTIONS} {self.append}'.strip(),
                '-chardev', f'file,id=console,path={console}', '-serial', 'chardev:console',
                '-chardev', f'socket,id=agent,fd={self.agent.far.fileno()}', '-serial', 'chardev:agent',
                '-chardev', f'socket,id=qmp,fd={self.qmp_line.far.fileno()}', '-mon', 'chardev=qmp,mode=control',
                *self.extra]

    def close(self, error=None):
        """Ends QEMU, whatever state it is in. An exception that comes through gets the console's end as a note."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            if self._wait_exit(5) is None:
                self.process.kill()
                self.process.wait()
        self.agent.close()
        self.qmp_line.close()
        self.transcript.close()
        try:
            os.unlink(os.path.join(self.logs, 'initramfs.cpio'))
        except FileNotFoundError:
            pass
        if isinstance(error, Exception) and not isinstance(error, Skip):
            tail = '\n'.join(self.console().splitlines()[-20:])
            with open(os.path.join(self.logs, 'qemu.log')) as stream:
                error.notes = [f'qemu ended with {self.process.returncode}: {stream.read().strip()}',
                               f'end of {self.console_path}:', tail]

    def shutdown(self, timeout=RUN_SECONDS):
        """Powers the guest off in order; gives back QEMU's exit status."""
        self._say('poweroff -f', 'root', timeout)
        if self._wait_exit(timeout) is None:
            raise Timeout(f'the guest did not power off within {timeout} s')
        return self.process.returncode

    def _wait_exit(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def _limit(self, seconds):
        return min(time.monotonic() + seconds, self.deadline)

    def _alive_until(self, deadline, doing):
        if self.process.poll() is not None:
            raise GuestDied(f'{doing}: qemu has ended with {self.process.returncode}')
        if time.monotonic() >= deadline:
            reason = f' (the machine has had its {self.life} s)' if deadline >= self.deadline else ''
            raise Timeout(f'{doing}: the time is up{reason}')

    # The guest

    def _say(self, script, user, timeout):
        self.turn += 1
        deadline = self._limit(timeout + GRACE_SECONDS)
        text = base64.b64encode(script.encode()).decode()
        for start in range(0, len(text), PIECE):
            self.agent.send(f'PART {self.turn} {text[start:start + PIECE]}\n'.encode(), deadline)
            while self.agent.read_line(deadline, 'taking a script') != f'HAVE {self.turn}':
                pass
        self.agent.send(f'RUN {self.turn} {user} {timeout}\n'.encode(), deadline)
        return deadline

    def run(self, command, user='root', timeout=RUN_SECONDS, check=False):
        """Runs a shell script in the guest and waits for its end. What it leaves in the background lives on.

        After `timeout` seconds the guest kills it and Timeout is raised; the machine can be used further.
        With check=True a status other than 0 raises CommandFailed.
        """
        deadline = self._say(command, user, timeout)
        doing = f'{command[:200]!r}, of {timeout} s'
        # An answer to a command that the host had given up may still come before ours.
        while True:
            words = self.agent.read_line(deadline, doing).split()
            if words[:2] == ['DONE', str(self.turn)]:
                break
        out, err = (base64.b64decode(self.agent.read_line(deadline, doing)) for _ in range(2))
        if self.agent.read_line(deadline, doing) != f'END {self.turn}':
            raise GuestDied(f'{doing}: the answer is garbled')
        result = Result(out.decode(errors='replace'), err.decode(errors='replace'), int(words[2]), out)
        self.transcript.write(f'{user}$ {command}\n{result.stdout}{result.stderr}-> {result.status}\n')
        self.transcript.flush()
        if words[3] == '1':
            raise Timeout(f'{doing}: the time is up', result)
        if check and result.status:
            raise CommandFailed(command, result)
        return result

    def output(self, command, user='root', timeout=RUN_SECONDS):
        """Standard output of a command that has to succeed, without the last newline."""
        return self.run(command, user, timeout, check=True).stdout.rstrip('\n')

    def wait_for(self, condition, timeout=RUN_SECONDS, user='root'):
        """Repeats a guest command until it succeeds; gives back its Result, or raises Timeout with the last one."""
        deadline = self._limit(timeout)
        while True:
            result = self.run(condition, user, timeout)
            if result.status == 0:
                return result
            if time.monotonic() >= deadline:
                raise Timeout(f'{condition!r} was not true within {timeout} s', result)
            time.sleep(0.05)

    def start(self, command, user='root', log='/run/started.log'):
        """Runs a program in the guest's background with its output in `log`; gives back its process id."""
        self.run(f': > {log}; chmod 666 {log}', check=True)
        return int(self.output(f'exec setsid {command} > {log} 2>&1 < /dev/null & echo $!', user=user))

    def fetch(self, path, timeout=RUN_SECONDS):
        """A guest file's bytes; a copy stays among the logs."""
        data = self.run(f'cat {shlex.quote(path)}', timeout=timeout, check=True).stdout_bytes
        with open(os.path.join(self.logs, path.strip('/').replace('/', '-')), 'wb') as stream:
            stream.write(data)
        return data

    def put(self, path, data, mode=0o644):
        """Writes a small guest file. Large ones belong into `files`, which costs no serial line."""
        text = base64.encodebytes(data.encode() if isinstance(data, str) else data).decode()
        path = shlex.quote(path)
        self.run(f'base64 -d > {path} <<end\n{text}end\nchmod {mode:o} {path}', check=True)

    def collect(self):
        """Copies what the kernel says of its nodes to proc.log among the logs; gives it back as well."""
        text = self.run(f'for f in {PROC_FILES}; do [ -f $f ] && {{ echo "== $f"; cat $f; }}; done 2> /dev/null').stdout
        with open(os.path.join(self.logs, 'proc.log'), 'w') as stream:
            stream.write(text)
        return text

    def console(self):
        """The kernel's console log so far."""
        try:
            with open(self.console_path, errors='replace', newline='') as stream:
                return stream.read()
        except FileNotFoundError:
            return ''

    # Uevents

    def record_uevents(self):
        """Starts to keep the kernel's uevents, from now on."""
        self.run(': > /run/uevents; setsid uevent /etc/uevent-line > /dev/null 2>&1 &', check=True)
        # 15 is NETLINK_KOBJECT_UEVENT; a socket that listens has a group.
        self.wait_for("awk '$2 == 15 && $3 != 0 && $4 != \"00000000\" { n = 1 } END { exit !n }' /proc/net/netlink")
        self.seen = int(self.output('cat /sys/kernel/uevent_seqnum'))

    def uevents(self, timeout=RUN_SECONDS):
        """The uevents since the last call, once the last that the kernel has numbered is here."""
        last = self.output('cat /sys/kernel/uevent_seqnum')
        self.wait_for(f'[ {last} = {self.seen} ] || grep -q "^{last} " /run/uevents', timeout)
        events = []
        for line in self.output('cat /run/uevents').splitlines():
            seqnum, action, subsystem, devpath = line.split(' ')
            if int(seqnum) > self.seen:
                events.append(Uevent(action, subsystem, devpath, int(seqnum)))
        self.seen = max([self.seen, *(e.seqnum for e in events)])
        return events

    # The monitor

    def qmp(self, command, timeout=RUN_SECONDS, **arguments):
        """A QMP command; gives back its return value. Events that arrive meanwhile are kept for wait_event()."""
        deadline = self._limit(timeout)
        message = {'execute': command, 'arguments': arguments} if arguments else {'execute': command}
        self.qmp_line.send(json.dumps(message).encode() + b'\n', deadline)
        while True:
            reply = json.loads(self.qmp_line.read_line(deadline, command))
            if 'error' in reply:
                raise MonitorError(f"{command}: {reply['error']['desc']}")
            if 'return' in reply:
                return reply['return']
            self.events.append(reply)

    def monitor(self, command, timeout=RUN_SECONDS):
        """A command as typed at QEMU's monitor (`device_add pc-dimm,…`); gives back what it prints."""
        text = self.qmp('human-monitor-command', timeout, **{'command-line': command}).replace('\r', '')
        self.transcript.write(f'(qemu) {command}\n{text}')
        self.transcript.flush()
        if re.match(r'Error: |unknown command|invalid ', text):
            raise MonitorError(f'{command}: {text.strip()}')
        return text

    def wait_event(self, name, timeout=RUN_SECONDS, **data):
        """Waits for a QMP event with these data (DEVICE_DELETED, device='dimm0') and takes it away."""
        deadline = self._limit(timeout)
        while True:
            for event in self.events:
                if event.get('event') == name and data.items() <= event.get('data', {}).items():
                    self.events.remove(event)
                    return event
            self.events.append(json.loads(self.qmp_line.read_line(deadline, f'event {name} {data or ""}')))

    def plug_dimm(self, name, size, node):
        """Plugs memory into a domain; the guest works on it after this has returned."""
        self.monitor(f'object_add memory-backend-ram,id={name}-mem,size={size}')
        self.monitor(f'device_add pc-dimm,id={name},memdev={name}-mem,node={node}')

    def unplug_dimm(self, name, timeout=RUN_SECONDS):
        """Asks the guest for the memory and waits until it has let go; MonitorError if it refuses."""
        self.monitor(f'device_del {name}')
        deadline = self._limit(timeout)
        while True:
            for event in list(self.events):
                kind, data = event.get('event'), event.get('data', {})
                if data.get('device') != name:
                    continue
                self.events.remove(event)
                if kind == 'DEVICE_DELETED':
                    self.monitor(f'object_del {name}-mem')
                    return
                if kind in ('MEM_UNPLUG_ERROR', 'DEVICE_UNPLUG_GUEST_ERROR'):
                    raise MonitorError(f'device_del {name}: the guest refused')
            self.events.append(json.loads(self.qmp_line.read_line(deadline, f'device_del {name}')))

    def _free_socket(self, node):
        """The QMP description of a domain's last free socket, or None."""
        for place in self.qmp('query-hotpluggable-cpus'):
            if place['props'].get('node-id') == node and 'qom-path' not in place:
                return place
        return None

    def plug_cpu(self, name, node):
        """Fills a free socket of a domain; the CPU is offline until somebody sets it online."""
        place = self._free_socket(node)
        if place is None:
            raise MonitorError(f'domain {node} has no free socket')
        where = ','.join(f'{key}={value}' for key, value in place['props'].items())
        self.monitor(f"device_add {place['type']},id={name},{where}")

    def unplug_cpu(self, name, timeout=RUN_SECONDS):
        """Asks the guest for the CPU and waits until its socket is free.

        Let it be the last that a machine is used for: QEMU 7.2 corrupts its heap here and aborts some time later,
        with certainty when a DIMM is plugged afterwards.
        """
        self.monitor(f'device_del {name}')
        deadline = self._limit(timeout)
        # QEMU 7.2 says DEVICE_DELETED of the CPU's local APIC only, so the list of sockets has to be asked.
        while any(place.get('qom-path') == f'/machine/peripheral/{name}'
                  for place in self.qmp('query-hotpluggable-cpus')):
            self._alive_until(deadline, f'device_del {name}')
            time.sleep(0.05)
