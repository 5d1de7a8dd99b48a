# SPDX-License-Identifier: MIT
"""What both kinds of packages are made from, the tarball of make dist, and how their tests call programs."""
import fcntl
import os
import shutil
import subprocess
import tempfile
import unittest

from daemon import SOURCE_ROOT, binary

NAME = "numad-telemetry"


def version():
    """The version of the build: what configure.ac says."""
    with open(os.path.join(build_directory(), "config.h")) as f:
        return next(line.split('"')[1] for line in f if line.startswith("#define PACKAGE_VERSION "))


def build_directory():
    return os.path.dirname(binary())


def call(*command, cwd=None, path=None, **environment):
    """Runs a program to its end in an environment of its own (no variable of make's or the tests'), and returns
    what it wrote. Its failure is an AssertionError with the end of it."""
    clean = {k: v for k, v in os.environ.items() if k in ("HOME", "TMPDIR", "USER", "LOGNAME")}
    clean["PATH"] = (path + ":" if path else "") + "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    clean["LC_ALL"] = "C.UTF-8"
    clean.update(environment)
    result = subprocess.run(command, cwd=cwd, env=clean, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, errors="replace")
    if result.returncode:
        raise AssertionError(f"{' '.join(command)}: exit status {result.returncode}\n{result.stdout[-5000:]}")
    return result.stdout


def make_tarball(directory):
    """The path of the distribution, made in the build directory and moved into the directory."""
    with open(os.path.join(build_directory(), "Makefile")) as makefile:
        # The tests of the two kinds may run at the same time.
        fcntl.flock(makefile, fcntl.LOCK_EX)
        call("make", "-s", "dist", cwd=build_directory())
        return shutil.move(os.path.join(build_directory(), f"{NAME}-{version()}.tar.xz"), directory)


#: Skips a class in the unpacked distribution: make distcheck is no place to make packages.
in_a_clone = unittest.skipUnless(os.path.isdir(os.path.join(SOURCE_ROOT, "debian")), "only in a clone")


class PackageTest(unittest.TestCase):
    """The class has a directory, .tmp, in which make_packages() makes the packages once for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.tmp = tempfile.mkdtemp(prefix="numad-package.")
        cls.addClassCleanup(shutil.rmtree, cls.tmp, ignore_errors=True)
        cls.make_packages()

    def read(self, *path):
        with open(os.path.join(*path)) as f:
            return f.read()

    def assert_works_unpacked(self, root, unit):
        """The daemon below root says its version, reads this machine, and is what the unit starts."""
        program = os.path.join(root, "usr/sbin", NAME)
        self.assertIn(version(), call(program, "--version").splitlines()[0])
        self.assertIn("\nnuma_nodes{", call(program, "--once"))
        self.assertIn(f"\nExecStart=/usr/sbin/{NAME}", self.read(root, unit))
        self.assertIn("\nType=notify\n", self.read(root, unit))
