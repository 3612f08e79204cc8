"""Runs the cases of a file, several at once, and prints a line for each, in order."""

import concurrent.futures
import sys
import traceback


class Case:
    """What is seen in one case, and what of it is wrong."""

    def __init__(self, label):
        self.label = label
        self.seen = ""
        self.wrong = []

    def equal(self, what, actual, expected):
        if actual != expected:
            self.wrong.append(f"{what}: {shortened(actual)}, expected {shortened(expected)}")

    def true(self, what, is_so):
        if not is_so:
            self.wrong.append(f"not so: {what}")

    def rows(self, what, actual, expected):
        """Compares two mappings, and tells the first few differences."""
        for key in list(expected.keys() - actual.keys())[:3]:
            self.wrong.append(f"{what} {key}: missing, expected {shortened(expected[key])}")
        for key in list(actual.keys() - expected.keys())[:3]:
            self.wrong.append(f"{what} {key}: not expected, but there: {shortened(actual[key])}")
        differences = [key for key in expected.keys() & actual.keys() if expected[key] != actual[key]]
        for key in differences[:3]:
            self.equal(f"{what} {key}", actual[key], expected[key])
        if len(differences) > 3:
            self.wrong.append(f"{what}: {len(differences)} differ in all")

    def clean(self, report):
        """A run that violates nothing, in which nothing was refused."""
        self.equal("exit status", report.status, 0)
        self.equal("violations", report.document["violations"], [])
        for count in ("refusedRequests", "invalidSpans", "pushedBack", "cutTraces", "lateSpans", "repeatedSpans"):
            self.equal(count, report.document[count], 0)


def shortened(value):
    text = repr(value)
    return text if len(text) <= 400 else text[:400] + "…"


def run(cases, at_once=4):
    """Each case is a label, a function and the arguments behind the case itself; ends the process."""

    def judge(label, function, *arguments):
        case = Case(label)
        try:
            function(case, *arguments)
        except Exception:
            case.wrong.append(traceback.format_exc())
        return case

    failed = False
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for future in [pool.submit(judge, *case) for case in cases]:
            case = future.result()
            if case.wrong:
                failed = True
                print(f"WRONG {case.label}", *case.wrong, sep="\n", flush=True)
            else:
                print(f"ok    {case.label}: {case.seen}", flush=True)
    sys.exit(failed)
