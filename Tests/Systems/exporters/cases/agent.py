"""A collector written in Rust in between: what the SDK sends to it, it sends on by exporters of its own."""

import importlib.util
import os
import socket
import subprocess
import tempfile
from pathlib import Path

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from collector import STOP_LIMIT, Collector, alive, wait_until
from judge import run
from spans import Services, recorded

PROGRAM = Path(importlib.util.find_spec("rotel").origin).parent / "rotel-agent"
TOKEN = "geheim"
WAYS = [(protocol, compression) for protocol in ("grpc", "http") for compression in ("none", "gzip")]
ORDERS, RECORDS = 42, 15


def free_ports():
    """Two, which nobody had a moment ago: rotel can't tell which it was given."""
    with socket.socket() as one, socket.socket() as other:
        for listener in (one, other):
            listener.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


class Rotel:
    """A context manager: a running agent; `stop()` ends it once it has sent all that it has."""

    def __init__(self, endpoint, protocol, compression, *options):
        self.options = ["--otlp-exporter-endpoint", endpoint, "--otlp-exporter-protocol", protocol]
        self.options += ["--otlp-exporter-compression", compression, "--otlp-exporter-retry-initial-backoff", "200ms"]
        self.options += options

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(dir=os.environ["EXPORTERS_FOLDER"])
        port, grpc_port = free_ports()
        self.url = f"http://127.0.0.1:{port}"
        command = [PROGRAM, "start", "--exporter", "otlp", "--disable-batching", *self.options]
        command += ["--otlp-http-endpoint", f"127.0.0.1:{port}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc_port}"]
        command += ["--pid-file", f"{self._folder.name}/pid", "--log-file", f"{self._folder.name}/log"]
        self._output = open(f"{self._folder.name}/output", "wb+")
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT
        )
        alive.add(self._process)
        try:
            wait_until(lambda: self._listens(port), "rotel listens")
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        alive.discard(self._process)
        self._output.close()
        self._folder.cleanup()

    def stop(self):
        self._process.terminate()
        self._process.wait(STOP_LIMIT)

    def _listens(self, port):
        if self._process.poll() is not None:
            self._output.seek(0)
            raise RuntimeError(f"rotel ended: {self._output.read().decode()}")
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0


def send(rotel, seed):
    """Spans of two services, a counter and log records."""
    services = Services([OTLPSpanExporter(f"{rotel.url}/v1/traces") for _ in range(2)], seed)
    services.close()
    resource = Resource({"service.name": "beside"})
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{rotel.url}/v1/metrics"), float("inf"))
    meters = MeterProvider([reader], resource, shutdown_on_exit=False)
    meters.get_meter("rotel").create_counter("orders").add(ORDERS)
    reader.force_flush()
    loggers = LoggerProvider(resource, shutdown_on_exit=False)
    loggers.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(f"{rotel.url}/v1/logs")))
    for number in range(RECORDS):
        loggers.get_logger("rotel").emit(body=f"Eintrag {number}")
    meters.shutdown()
    loggers.shutdown()
    return services


def judge_all(case, services, report):
    case.clean(report)
    services.judge(case, report)
    beside = report.exporter("beside")
    case.equal("log records", beside["logRecords"], RECORDS)
    case.equal("values", [series["value"] for series in report.document["telemetry"]["metrics"]], [ORDERS])
    case.seen = f"{len(report.spans)} spans, {report.document['duplicateSpans']} duplicates"


def passes_on(case, protocol, compression, seed):
    with Collector() as collector, Rotel(collector.http, protocol, compression) as rotel:
        services = send(rotel, seed)
        rotel.stop()
        report = collector.stop()
    judge_all(case, services, report)
    case.equal("duplicates", report.document["duplicateSpans"], 0)


def shows_token(case, protocol):
    fields = ("--otlp-exporter-custom-headers", f"authorization=Bearer {TOKEN}")
    with Collector("--token", TOKEN) as collector, Rotel(collector.http, protocol, "gzip", *fields) as rotel:
        services = send(rotel, 1)
        rotel.stop()
        report = collector.stop()
    judge_all(case, services, report)
    case.true("no output has the token", TOKEN not in report.output)


def sent_on(case, protocol, fault, loses=False):
    """Spans alone, against a fault; returns them and the report."""
    with Collector("--faults", fault) as collector:
        with Rotel(collector.http, protocol, "none", "--otlp-exporter-request-timeout", "2s") as rotel:
            services = Services([OTLPSpanExporter(f"{rotel.url}/v1/traces") for _ in range(2)], 2)
            services.close()
            if not loses:
                collector.wait_for_spans(len(services.truth()))
            rotel.stop()
        report = collector.stop()
    case.clean(report)
    case.seen = f"{len(report.spans)} spans, {report.document['duplicateSpans']} duplicates"
    return services, report


def retries(case, protocol, fault, is_stored_twice):
    services, report = sent_on(case, protocol, fault)
    services.judge(case, report)
    first_batch = len(services.front.truth.get_finished_spans())
    case.equal("duplicates", report.document["duplicateSpans"], first_batch if is_stored_twice else 0)


def gives_up(case, protocol, fault):
    """It drops what it was sending: the first service's spans."""
    services, report = sent_on(case, protocol, fault, loses=True)
    case.rows("span", {span["spanId"]: span for span in report.spans}, recorded(services.stock))
    case.seen += f", {len(services.front.truth.get_finished_spans())} given up"


FAULTS = [
    ("unavailable=2", False), ("too-many-requests=2", False), ("bad-gateway=1", False), ("drop-answer=1", True),
]  # fmt: skip
PROTOCOLS = ("grpc", "http")
run(
    [(f"rotel by {protocol} {compression}", passes_on, protocol, compression, seed)
     for seed, (protocol, compression) in enumerate(WAYS)]
    + [(f"rotel by {protocol}, token", shows_token, protocol) for protocol in PROTOCOLS]
    + [(f"rotel by {protocol}, {fault[0]}", retries, protocol, *fault) for fault in FAULTS for protocol in PROTOCOLS]
    + [(f"rotel by {protocol}, {fault}", gives_up, protocol, fault)
       for fault in ("reset=1", "bad-request=1") for protocol in PROTOCOLS],
    at_once=6,
)  # fmt: skip
