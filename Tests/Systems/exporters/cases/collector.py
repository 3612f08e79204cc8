"""`spanstorm collect` as a child process: started on free ports, ended by a signal, its report read."""

import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time

POLL = 0.02  # seconds between two looks at something that tells nobody when it changes
START_LIMIT = 30  # seconds until a start has failed
STOP_LIMIT = 30  # seconds until a stop becomes a SIGKILL
LIFE_LIMIT = "120s"  # a collector whose parent was killed ends by itself

alive = set()  # the processes that were started here


def end(*_):
    """Ends what was started here, whatever the threads are at, and this process."""
    for process in list(alive):
        process.kill()
    os._exit(143)


signal.signal(signal.SIGTERM, end)


class Report:
    """What a collector printed at its end, and the spans that it wrote."""

    def __init__(self, status, document, spans, output):
        self.status = status
        self.document = document  # of --format json; None of text
        self.spans = spans  # in the order of arrival
        self.output = output  # everything that it printed on both streams

    def exporter(self, name):
        """The books of an exporter, as people name it: its service, and its instance where it has one."""
        for exporter in self.document["telemetry"]["exporters"]:
            if name == "/".join(part for part in (exporter["service"], exporter["instance"]) if part):
                return exporter
        raise LookupError(f"no exporter is called '{name}' in {self.document['telemetry']['exporters']}")

    def balance(self, name):
        return {balance["exporter"]: balance for balance in self.document["telemetry"]["balances"]}[name]

    def series(self):
        """By exporter, scope, name and attributes."""
        return {
            (series["exporter"], series["scope"], series["name"], tuple(sorted(series["attributes"].items()))): series
            for series in self.document["telemetry"]["metrics"]
        }


class Collector:
    """A context manager: `http` and `grpc` are the endpoints, `stop()` gives the report."""

    def __init__(self, *options, text=False, environment=None):
        self.options = options
        self.text = text
        self.environment = environment or {}
        self._lines = {"stdout": [], "stderr": []}
        self._endpoints = queue.Queue()

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(dir=os.environ["EXPORTERS_FOLDER"])
        self._journal = os.path.join(self._folder.name, "spans.jsonl")
        command = [os.environ["EXPORTERS_SPANSTORM"], "collect", "--port", "0", "--grpc-port", "0", "--for", LIFE_LIMIT]
        command += ["--spans-to", self._journal, "--format", "text" if self.text else "json", *self.options]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **self.environment},
        )
        alive.add(self._process)
        self._readers = [
            threading.Thread(target=self._read, args=(name, getattr(self._process, name)), daemon=True)
            for name in self._lines
        ]
        for reader in self._readers:
            reader.start()
        try:
            self.http, self.grpc = (self._endpoints.get(timeout=START_LIMIT) for _ in range(2))
        except queue.Empty:
            self.__exit__()
            raise TimeoutError(f"the collector does not listen: {self._lines}") from None
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        alive.discard(self._process)
        self._folder.cleanup()

    def stop(self, number=signal.SIGTERM):
        self._process.send_signal(number)
        self._process.wait(STOP_LIMIT)
        for reader in self._readers:
            reader.join(STOP_LIMIT)
        output = self._lines["stdout"] + self._lines["stderr"]
        printed = "".join(line for line in self._lines["stdout"] if not line.startswith("listening "))
        return Report(
            self._process.returncode, None if self.text else json.loads(printed), self.spans(), "".join(output)
        )

    def spans(self):
        """Those that it has written so far."""
        with open(self._journal, encoding="utf-8", newline="\n") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def wait_for_spans(self, count, limit=20):
        wait_until(lambda: len(self.spans()) >= count, f"{count} spans have arrived", limit)

    def _read(self, name, stream):
        # The line with the endpoint may stand on either stream: of JSON, standard output has nothing else.
        for line in stream:
            line = line.decode()
            self._lines[name].append(line)
            if line.startswith("listening "):
                self._endpoints.put(line.split()[1])


def wait_until(is_so, what, limit=20):
    deadline = time.monotonic() + limit
    while not is_so():
        if time.monotonic() >= deadline:
            raise TimeoutError(f"not within {limit} s: {what}")
        time.sleep(POLL)
