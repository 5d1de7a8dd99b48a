# SPDX-License-Identifier: MIT
"""Test Anything Protocol, as much of it as the scenarios need."""

import os
import signal
import sys
import time
import traceback


class Skip(Exception):
    """The scenario cannot run here; the message says what is missing."""


class Tap:
    """Numbers the assertions and writes them; the plan comes last, because a scenario only then knows it."""

    def __init__(self, stream=sys.stdout):
        self.stream = stream
        self.count = 0
        self.failed = 0
        self.started = time.monotonic()
        self.last = self.started

    def _write(self, line):
        self.stream.write(line + '\n')
        self.stream.flush()

    def diag(self, text):
        for line in str(text).splitlines():
            self._write('# ' + line)

    def ok(self, condition, name, why=None):
        """One assertion. `why` is shown when it fails. Gives back whether it held."""
        self.count += 1
        # A '#' in a name would start a directive.
        name = name.replace('#', r'\#')
        self._write(f"{'ok' if condition else 'not ok'} {self.count} - {name}")
        if not condition:
            self.failed += 1
            if why is not None:
                self.diag(why)
        return bool(condition)

    def equal(self, got, want, name):
        return self.ok(got == want, name, f'got:  {got!r}\nwant: {want!r}')

    def match(self, pattern, text, name):
        import re
        return self.ok(re.search(pattern, text, re.M), name, f'no match for {pattern!r} in:\n{text}')

    def same_lines(self, got, want, name):
        """Compares two lists of lines; a failure shows the difference."""
        import difflib
        return self.ok(got == want, name,
                       '\n'.join(difflib.unified_diff(want, got, 'want', 'got', lineterm='')))

    def raises(self, kind, function, name):
        """`function` has to raise `kind`; gives back the exception, or None."""
        try:
            value = function()
        except kind as error:
            self.ok(True, name)
            return error
        self.ok(False, name, f'no {kind.__name__}; got {value!r}')
        return None

    def skip(self, name, reason):
        """One assertion that cannot be made here."""
        self.count += 1
        self._write(f'ok {self.count} - {name} # SKIP {reason}')

    def took(self, what):
        """Writes how long it is since the last such line."""
        now = time.monotonic()
        self.diag(f'{now - self.last:6.2f} s  {what}')
        self.last = now

    def plan(self):
        self._write(f'1..{self.count}')


def _terminated(signum, _frame):
    # SIGTERM and SIGHUP leave through the `with` blocks as ^C does, so that the machine is ended.
    raise SystemExit(128 + signum)


def scenario(function):
    """Runs function(tap) as a whole test file and exits with its result."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _terminated)
    tap = Tap()
    try:
        if os.environ.get('NUMAD_QUICK'):
            raise Skip('left out by --quick')
        function(tap)
    except Skip as reason:
        if tap.count == 0:
            print(f'1..0 # SKIP {reason}')
            sys.exit(0)
        tap.ok(False, f'could not go on: {reason}')
    except Exception as error:
        tap.ok(False, f'{os.path.basename(sys.argv[0])} ran to its end', traceback.format_exc())
        for note in getattr(error, 'notes', []):
            tap.diag(note)
    tap.diag(f'{time.monotonic() - tap.started:6.2f} s  in all')
    tap.plan()
    sys.exit(1 if tap.failed else 0)
