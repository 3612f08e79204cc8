"""The SDK's metrics of itself against what arrived: every span that was started is accounted for."""

import os

os.environ["OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED"] = "true"  # every part of the SDK reads it when it is made

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, TraceIdRatioBased

from collector import Collector
from judge import run
from ways import GRPC, HTTP

RESOURCE = Resource({"service.name": "accountant", "service.instance.id": "1"})
EXPORTER = "accountant/1"
QUEUE = 64


class Telemetry:
    """Spans and metrics of one service by one way, the SDK's metrics of itself among them."""

    def __init__(self, way, collector, sampler=ALWAYS_ON, **processor):
        self.reader = way.metric_reader(collector)
        self.meters = MeterProvider([self.reader], RESOURCE, shutdown_on_exit=False)
        self.provider = TracerProvider(sampler, RESOURCE, shutdown_on_exit=False, meter_provider=self.meters)
        exporter = way.exporter("spans", collector, meter_provider=self.meters)
        self.provider.add_span_processor(BatchSpanProcessor(exporter, meter_provider=self.meters, **processor))
        self.tracer = self.provider.get_tracer("accounts")
        self.started = self.sampled = 0

    def start_spans(self, count):
        for number in range(count):
            span = self.tracer.start_span(f"span {number % 10}")
            self.started += 1
            self.sampled += span.get_span_context().trace_flags.sampled
            span.end()

    def close(self):
        self.provider.force_flush()
        self.reader.force_flush()  # after the spans: what it tells is final
        self.provider.shutdown()
        self.meters.shutdown()


def judge(case, report, telemetry, **expected):
    """Compares the balance with what is expected; of what is not named there is none."""
    balance = report.balance(EXPORTER)
    whole = dict(dropped=0, sampledOut=0, live=0, waiting=0, unexplained=0, beganBefore=False, exporter=EXPORTER)
    whole |= dict(started=telemetry.started) | expected
    case.rows("balance", balance, whole)
    parts = ("received", "dropped", "sampledOut", "unexplained")
    case.equal("sum of the parts", sum(balance[part] for part in parts), balance["started"])
    case.equal("lines", len(report.spans), balance["received"])
    case.seen = f"{balance['started']} started = " + " + ".join(f"{balance[part]} {part}" for part in parts)


def clean(case, way):
    with Collector() as collector:
        telemetry = Telemetry(way, collector)
        telemetry.start_spans(1000)
        telemetry.close()
        report = collector.stop()
    case.clean(report)
    judge(case, report, telemetry, received=1000)


def half(case, way):
    with Collector() as collector:
        telemetry = Telemetry(way, collector, TraceIdRatioBased(0.5))
        telemetry.start_spans(1000)
        telemetry.close()
        report = collector.stop()
    case.clean(report)
    case.true("about half of them are sampled", 350 < telemetry.sampled < 650)
    judge(case, report, telemetry, received=telemetry.sampled, sampledOut=1000 - telemetry.sampled)


def burst(case, way):
    """While the exporter waits for an answer its queue takes 64 of 500 spans."""
    with Collector("--faults", "slow=1s/1") as collector:
        telemetry = Telemetry(way, collector, max_queue_size=QUEUE, max_export_batch_size=QUEUE)
        telemetry.start_spans(QUEUE)
        collector.wait_for_spans(QUEUE)  # stored at once, answered after a second
        telemetry.start_spans(500)
        telemetry.close()
        report = collector.stop()
    case.clean(report)
    judge(case, report, telemetry, received=2 * QUEUE, dropped=500 - QUEUE)


def refused(case, way, lost):
    """A batch that is refused for good is lost; `lost` is where the balance has it."""
    with Collector("--faults", "bad-request=1") as collector:
        telemetry = Telemetry(way, collector)
        telemetry.start_spans(100)
        telemetry.provider.force_flush()
        telemetry.reader.force_flush()  # the first request for metrics is refused as well; the next tells all again
        telemetry.start_spans(150)
        telemetry.close()
        report = collector.stop()
    case.equal("exit status", report.status, 0)
    judge(case, report, telemetry, received=150, **{lost: 100})


cases = []
for way in (HTTP, GRPC):
    cases += [
        (f"balance by {way.transport}", clean, way),
        (f"balance by {way.transport}, half sampled", half, way),
        (f"balance by {way.transport}, queue of {QUEUE} and a burst", burst, way),
        # The HTTP exporter counts a batch that was refused as exported: it sets no error.type for a status.
        (f"balance by {way.transport}, bad-request=1", refused, way, "unexplained" if way is HTTP else "dropped"),
    ]
run(cases)
