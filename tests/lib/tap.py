# SPDX-License-Identifier: MIT
"""Runs the unittest classes of a script and prints TAP, so that automake's tap-driver counts every test."""
import argparse
import os
import sys
import traceback
import unittest

QUICK = os.environ.get("NUMAD_QUICK", "") not in ("", "0") or "--quick" in sys.argv[1:]

#: Marks what ./check --quick leaves out.
slow = unittest.skipIf(QUICK, "left out by --quick")

#: Called when a test fails; each returns lines that help to understand why (the log of a daemon, say).
diagnostics = []


class TapResult(unittest.TestResult):
    def __init__(self, stream):
        super().__init__()
        self.stream = stream
        self.count = 0
        self.failed_tests = 0
        self._failing = False
        self._skip = None
        self._todo = None

    def _say(self, line):
        self.stream.write(line + "\n")
        self.stream.flush()

    def _comment(self, text):
        for line in text.rstrip("\n").splitlines():
            self._say("# " + line.encode("ascii", "backslashreplace").decode())

    def _report(self, ok, name, directive=""):
        self.count += 1
        if not ok:
            self.failed_tests += 1
        self._say(f"{'ok' if ok else 'not ok'} {self.count} - {name}{directive}")

    @staticmethod
    def _name(test):
        return getattr(test, "_testMethodName", None) or str(test)

    def _explain(self, err):
        self._failing = True
        kind, value, tb = err
        text = "".join(traceback.format_exception(kind, value, tb))
        self._comment(text if len(text) < 6000 else text[:3000] + "\n[...]\n" + text[-2500:])
        for source in diagnostics:
            for line in source():
                self._comment(line)

    def startTest(self, test):
        super().startTest(test)
        self._failing, self._skip, self._todo = False, None, None

    def stopTest(self, test):
        super().stopTest(test)
        name = self._name(test)
        if self._skip is not None and not self._failing:
            self._report(True, name, f" # SKIP {self._skip}")
        else:
            self._report(not self._failing, name)

    def _outside_a_test(self, test):
        return not isinstance(test, unittest.TestCase)

    def addError(self, test, err):
        self._explain(err)
        if self._outside_a_test(test):
            self._report(False, self._name(test))

    addFailure = addError

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._comment("with " + subtest._subDescription())
            self._explain(err)

    def addSkip(self, test, reason):
        if self._outside_a_test(test):
            self._report(True, self._name(test), f" # SKIP {reason}")
        elif self._skip is None:
            self._skip = reason.replace("\n", " ")

    def wasSuccessful(self):
        return self.failed_tests == 0


def main(module="__main__"):
    parser = argparse.ArgumentParser(description="Prints TAP.")
    parser.add_argument("--quick", action="store_true", help="leave out what takes long (or NUMAD_QUICK=1)")
    parser.add_argument("-k", dest="patterns", action="append", metavar="WORD", help="only tests with WORD in their name")
    parser.add_argument("binary", nargs="?", help="the daemon (or NUMAD_TELEMETRY=; default ./numad-telemetry)")
    options = parser.parse_args()
    if options.binary:
        os.environ["NUMAD_TELEMETRY"] = os.path.abspath(options.binary)
    loader = unittest.TestLoader()
    if options.patterns:
        loader.testNamePatterns = [f"*{p}*" for p in options.patterns]
    suite = loader.loadTestsFromModule(sys.modules[module])
    result = TapResult(sys.stdout)
    suite.run(result)
    print(f"1..{result.count}", flush=True)
    sys.exit(0 if result.wasSuccessful() else 1)
