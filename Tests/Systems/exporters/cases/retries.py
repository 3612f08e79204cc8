"""What exporters do about refusals, resets and answers that never come: nothing is lost, and nothing counts twice."""

import concurrent.futures

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import Counter, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from collector import Collector
from judge import run
from ways import GRPC, HTTP, Tries

RESOURCE = Resource({"service.name": "stubborn"})
SPANS, ORDERS, RECORDS = 100, 7, 20
UNANSWERED = 0.5  # seconds after which the first try is given up where it is never answered


def trace(exporter):
    """One batch of spans; returns their IDs."""
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=60_000))
    tracer = provider.get_tracer("retried")
    ids = set()
    for number in range(SPANS):
        with tracer.start_as_current_span(f"span {number}") as span:
            ids.add(f"{span.get_span_context().span_id:016x}")
    provider.force_flush()
    provider.shutdown()
    return ids


def count(reader):
    """One delta, which counts double where it is taken twice."""
    provider = MeterProvider([reader], RESOURCE, shutdown_on_exit=False)
    provider.get_meter("retried").create_counter("orders").add(ORDERS)
    reader.force_flush()
    provider.shutdown()


def log(exporter):
    provider = LoggerProvider(RESOURCE, shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter, schedule_delay_millis=60_000))
    for number in range(RECORDS):
        provider.get_logger("retried").emit(body=f"record {number}")
    provider.force_flush()
    provider.shutdown()


def retries(case, way, fault, expected_tries, is_stored_twice):
    tries = [Tries(UNANSWERED if fault.startswith("drop-answer") else None) for _ in range(3)]
    with Collector("--faults", fault) as collector:
        temporality = {Counter: AggregationTemporality.DELTA}
        reader = way.metric_reader(collector, tries[1], preferred_temporality=temporality)
        with concurrent.futures.ThreadPoolExecutor(3) as pool:  # they would wait one after the other
            exports = [
                pool.submit(trace, way.exporter("spans", collector, tries[0])),
                pool.submit(count, reader),
                pool.submit(log, way.exporter("logs", collector, tries[2])),
            ]
        ids = [export.result() for export in exports][0]
        report = collector.stop()
    case.clean(report)
    case.equal("tries of spans, metrics and logs", [each.count for each in tries], [expected_tries] * 3)
    copies = 2 if is_stored_twice else 1
    books = report.exporter("stubborn")
    case.equal("span IDs", sorted(span["spanId"] for span in report.spans), sorted(ids))
    case.equal("spans", books["spans"], SPANS)
    case.equal("duplicates", books["duplicateSpans"], SPANS * (copies - 1))
    case.equal("value", [series["value"] for series in report.document["telemetry"]["metrics"]], [ORDERS])
    case.equal("requests that were taken", books["requests"], 3 * copies)
    case.equal("data points", books["dataPoints"], copies)
    case.equal("log records", books["logRecords"], RECORDS * copies)
    case.seen = f"{expected_tries} tries, {books['spans']} spans and {books['duplicateSpans']} duplicates"


# The fault, how often each exporter sends its batch then, and whether the collector has stored it twice.
FAULTS = [
    ("unavailable=2", 3, False),
    ("too-many-requests=2", 3, False),
    ("drop-answer=1", 2, True),
    ("bad-gateway=1", 2, False),
    ("reset=1", 2, False),
    ("partial-success=5", 1, False),
]
run([(f"{way.transport} {fault[0]}", retries, way, *fault) for fault in FAULTS for way in (HTTP, GRPC)], at_once=6)
