# SPDX-License-Identifier: MIT
"""The guest's kernel and initramfs, made without root.

The kernel comes out of Debian's package, is unpacked once and kept in a cache directory; the initramfs is
written here as a newc archive, so neither a loop device nor mknod nor fakeroot is asked for.
"""

import contextlib
import fcntl
import glob
import hashlib
import os
import re
import shutil
import stat
import subprocess
import tarfile

from tap import Skip

KERNEL_METAPACKAGE = 'linux-image-cloud-amd64'
DOWNLOAD_SECONDS = 180          # 27 MB; a hanging mirror must not hang the tests


def cache_directory(given=None):
    """The argument, $NUMAD_VM_CACHE, or tests/vm/cache below the build directory, which is where tests are run."""
    path = given or os.environ.get('NUMAD_VM_CACHE') or os.path.join(os.getcwd(), 'tests/vm/cache')
    os.makedirs(path, exist_ok=True)
    return os.path.abspath(path)


@contextlib.contextmanager
def _locked(cache):
    # Scenarios run in parallel under `make -j`; one of them downloads.
    with open(os.path.join(cache, '.lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _command(arguments, cwd=None, seconds=DOWNLOAD_SECONDS):
    """Standard output, or Skip with the first thing the command complained of."""
    try:
        done = subprocess.run(arguments, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=seconds, env=dict(os.environ, LC_ALL='C'))
    except FileNotFoundError:
        raise Skip(f'{arguments[0]} is not installed') from None
    except subprocess.TimeoutExpired:
        raise Skip(f"{' '.join(arguments)}: no end after {seconds} s") from None
    if done.returncode:
        errors = [l for l in done.stderr.splitlines() if l.startswith('E: ')] or done.stderr.splitlines()[-1:]
        raise Skip(f"{' '.join(arguments)}: {errors[0] if errors else done.returncode}")
    return done.stdout


def _apt_private(cache):
    """apt's options for package lists of our own: the system's may be missing or too old to download by."""
    state = os.path.join(cache, 'apt')
    for folder in ('lists/partial', 'archives/partial'):
        os.makedirs(os.path.join(state, folder), exist_ok=True)
    return ['-o', f'Dir::State::Lists={state}/lists', '-o', f'Dir::Cache={state}']


def _unpack_package(cache, find_name, into):
    """Downloads the package that find_name(apt options) names and unpacks it to cache/into."""
    target = os.path.join(cache, into)
    partial = target + '.partial'
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)
    quick = ['-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=20']
    try:
        _command(['apt-get', *quick, 'download', find_name([])], cwd=partial)
    except Skip:
        own = _apt_private(cache)
        _command(['apt-get', *quick, *own, '-o', 'APT::Sandbox::User=', 'update'])
        _command(['apt-get', *quick, *own, 'download', find_name(own)], cwd=partial)
    package, = glob.glob(os.path.join(partial, '*.deb'))
    _command(['dpkg', '-x', package, partial])
    os.unlink(package)
    # The rename is last, so that a download that was broken off is never taken for a whole one.
    os.rename(partial, target)


def _kernel_package(apt_options):
    for line in _command(['apt-cache', *apt_options, 'depends', KERNEL_METAPACKAGE]).splitlines():
        match = re.match(r'\s*Depends: (linux-image-\S+)', line)
        if match:
            return match[1]
    raise Skip(f'{KERNEL_METAPACKAGE}: unknown to apt')


def kernel(cache):
    """Path of a vmlinuz: $NUMAD_VM_KERNEL, or Debian's cloud kernel out of the cache."""
    given = os.environ.get('NUMAD_VM_KERNEL')
    if given:
        if not os.access(given, os.R_OK):
            raise Skip(f'NUMAD_VM_KERNEL: {given} cannot be read')
        return given
    pattern = os.path.join(cache, 'kernel/boot/vmlinuz-*')
    with _locked(cache):
        if not glob.glob(pattern):
            _unpack_package(cache, _kernel_package, 'kernel')
        return sorted(glob.glob(pattern))[-1]


def busybox(cache):
    """Path of a statically linked busybox: the installed one, or one in the cache."""
    for candidate in filter(None, (shutil.which('busybox'), '/usr/bin/busybox', '/bin/busybox')):
        if os.access(candidate, os.X_OK) and not shared_libraries(candidate):
            return candidate
    with _locked(cache):
        if not os.path.isdir(os.path.join(cache, 'busybox')):
            _unpack_package(cache, lambda _: 'busybox-static', 'busybox')
    for candidate in ('bin/busybox', 'usr/bin/busybox'):
        path = os.path.join(cache, 'busybox', candidate)
        if os.path.exists(path):
            return path
    raise Skip('busybox-static: no busybox in the package')


def shared_libraries(binary):
    """The libraries of a binary as ldd resolves them, the loader included; empty for a static one."""
    done = subprocess.run(['ldd', binary], capture_output=True, text=True, env=dict(os.environ, LC_ALL='C'))
    missing = re.findall(r'^\s*(\S+) => not found', done.stdout, re.M)
    if missing:
        raise RuntimeError(f"{binary}: libraries not found: {', '.join(missing)}")
    return sorted(set(re.findall(r'(?:=>\s+|^\s+)(/\S+) \(0x', done.stdout, re.M)))


DEBIAN_RELEASE = 'bookworm'
# What a guest does not read: it would be unpacked into its memory.
DEBIAN_LEFT_OUT = ('usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/info', 'var/cache', 'var/lib/apt/lists')
DEBIAN_SECONDS = 400


def debian(cache, packages):
    """Path of a tar of a small Debian with systemd and these packages, out of the cache."""
    name = 'debian-' + hashlib.sha256(' '.join(sorted(packages)).encode()).hexdigest()[:12] + '.tar'
    path = os.path.join(cache, name)
    with _locked(cache):
        if not os.path.exists(path):
            _command(['mmdebstrap', '--variant=minbase', f"--include={','.join(packages)}", DEBIAN_RELEASE, path + '.partial.tar'],
                     seconds=DEBIAN_SECONDS)
            os.rename(path + '.partial.tar', path)
    return path


class Archive:
    """A newc cpio. What is added belongs to root; parents are made as they are needed."""

    def __init__(self):
        self.entries = {}

    def _add(self, path, mode, data=b'', rdev=(0, 0), owner=(0, 0)):
        path = path.strip('/')
        parent = os.path.dirname(path)
        if parent and parent not in self.entries:
            self.directory(parent)
        self.entries[path] = (mode, data, rdev, owner)

    def tree(self, tar_path, left_out=()):
        """All that is in a tar, with its owners."""
        with tarfile.open(tar_path) as tar:
            for member in tar:
                path = member.name.removeprefix('./').strip('/')
                if not path or any(path.startswith(folder + '/') for folder in left_out):
                    continue
                self._add_member(tar, path, member)

    def _add_member(self, tar, path, member):
        owner = (member.uid, member.gid)
        if member.isdir():
            self._add(path, stat.S_IFDIR | member.mode, owner=owner)
        elif member.issym():
            self._add(path, stat.S_IFLNK | 0o777, member.linkname.encode(), owner=owner)
        elif member.ischr() or member.isblk():
            kind = stat.S_IFCHR if member.ischr() else stat.S_IFBLK
            self._add(path, kind | member.mode, rdev=(member.devmajor, member.devminor), owner=owner)
        elif member.isfile() or member.islnk():
            self._add(path, stat.S_IFREG | member.mode, tar.extractfile(member).read(), owner=owner)

    def directory(self, path, mode=0o755):
        self._add(path, stat.S_IFDIR | mode)

    def symlink(self, path, target):
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, path, mode, major, minor):
        self._add(path, stat.S_IFCHR | mode, rdev=(major, minor))

    def file(self, path, data, mode=0o644):
        self._add(path, stat.S_IFREG | mode, data.encode() if isinstance(data, str) else data)

    def copy(self, path, source):
        """A file with its permissions, or a folder with all that is in it. Links inside a folder stay links."""
        if os.path.isdir(source):
            self.directory(path, stat.S_IMODE(os.stat(source).st_mode))
            for name in sorted(os.listdir(source)):
                inner = os.path.join(source, name)
                if os.path.islink(inner):
                    self.symlink(f'{path}/{name}', os.readlink(inner))
                elif os.path.isdir(inner) or os.path.isfile(inner):
                    self.copy(f'{path}/{name}', inner)
            return
        with open(source, 'rb') as stream:
            self.file(path, stream.read(), stat.S_IMODE(os.stat(source).st_mode))

    def binary(self, path, source):
        """A program, and its libraries where the loader of this machine finds them."""
        self.copy(path, source)
        for library in shared_libraries(source):
            if library.strip('/') not in self.entries:
                self.copy(library, library)

    def write(self, destination):
        with open(destination, 'wb') as out:
            for inode, (path, (mode, data, rdev, owner)) in enumerate(self.entries.items(), 1):
                _newc_entry(out, path.encode(), inode, mode, data, rdev, owner)
            _newc_entry(out, b'TRAILER!!!', 0, 0, b'', (0, 0), (0, 0))


def _newc_entry(out, name, inode, mode, data, rdev, owner):
    links = 2 if stat.S_ISDIR(mode) else 1
    header = (inode, mode, *owner, links, 0, len(data), 0, 0, *rdev, len(name) + 1, 0)
    entry = b'070701' + b''.join(b'%08x' % value for value in header) + name + b'\0'
    out.write(entry + b'\0' * (-len(entry) % 4))
    out.write(data + b'\0' * (-len(data) % 4))


AGENT_UNIT = '''[Unit]
Description=What the host talks to
After=multi-user.target
[Service]
ExecStart=/etc/agent
[Install]
WantedBy=multi-user.target
'''


def debian_archive(tar_path):
    """A Debian with systemd as process 1, and the agent that the host talks to."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'guest')
    archive = Archive()
    archive.tree(tar_path, DEBIAN_LEFT_OUT)
    archive.symlink('init', 'lib/systemd/systemd')
    archive.file('etc/hosts', '127.0.0.1 localhost\n::1 localhost\n')
    archive.file('etc/hostname', 'guest\n')
    with open(os.path.join(here, 'agent')) as stream:
        archive.file('etc/agent', stream.read(), 0o755)
    archive.file('etc/systemd/system/agent.service', AGENT_UNIT)
    archive.symlink('etc/systemd/system/multi-user.target.wants/agent.service', '../agent.service')
    # Nobody logs in.
    archive.symlink('etc/systemd/system/serial-getty@.service', '/dev/null')
    archive.symlink('etc/systemd/system/getty.target', '/dev/null')
    return archive


def guest_archive(busybox_path):
    """What every guest has: busybox, its init and users, and the agent that the host talks to."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'guest')
    archive = Archive()
    for folder in ('proc', 'sys', 'dev', 'run', 'root', 'var/log', 'usr/bin', 'usr/sbin'):
        archive.directory(folder)
    archive.directory('tmp', 0o1777)
    # The kernel opens it for process 1 before anything could mount devtmpfs.
    archive.character_device('dev/console', 0o600, 5, 1)
    archive.file('bin/busybox', open(busybox_path, 'rb').read(), 0o755)
    for applet in _command([busybox_path, '--list']).split():
        if applet != 'busybox':
            archive.symlink(f'bin/{applet}', 'busybox')
    archive.symlink('init', 'bin/busybox')
    archive.file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'
                               'nobody:x:65534:65534:nobody:/tmp:/bin/sh\n')
    archive.file('etc/group', 'root:x:0:\nnogroup:x:65534:\n')
    archive.file('etc/hosts', '127.0.0.1 localhost\n::1 localhost\n')
    for name in sorted(os.listdir(here)):
        with open(os.path.join(here, name)) as stream:
            # inittab is read; all else is run.
            archive.file(f'etc/{name}', stream.read(), 0o644 if name == 'inittab' else 0o755)
    return archive
