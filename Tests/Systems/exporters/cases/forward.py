"""Two collectors in a row: the second has all that the first has, whichever way it came."""

import json
import urllib.request

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from collector import Collector
from judge import run
from ways import WAYS

ROUNDS = 3
SPANS, RECORDS = 200, 30  # a round


def send(way, collector, resource):
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(way.exporter("spans", collector)))
    reader = way.metric_reader(collector)
    meters = MeterProvider([reader], resource, shutdown_on_exit=False)
    loggers = LoggerProvider(resource, shutdown_on_exit=False)
    loggers.add_log_record_processor(BatchLogRecordProcessor(way.exporter("logs", collector)))
    counter = meters.get_meter("forwarded").create_counter("spans")
    durations = meters.get_meter("forwarded").create_histogram("durations")
    for _ in range(ROUNDS):
        for number in range(SPANS):
            with tracers.get_tracer("forwarded", "1").start_as_current_span(f"Spanne {number} ü"):
                counter.add(1, {"even": number % 2 == 0})
                durations.record(number)
        for number in range(RECORDS):
            loggers.get_logger("forwarded").emit(body=f"Eintrag {number}")
        tracers.force_flush()
        loggers.force_flush()
        reader.force_flush()
    tracers.shutdown()
    loggers.shutdown()
    meters.shutdown()


def send_json(collector, name):
    """A span that no SDK sent; JSON is passed on as JSON."""
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": name}}]}
    span = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "JSON", "kind": 1,
            "startTimeUnixNano": "1700000000000000001", "endTimeUnixNano": "1700000000000000002"}  # fmt: skip
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "json"}, "spans": [span]}]}]}
    request = urllib.request.Request(
        collector.http + "/v1/traces", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5).close()


def spans(report):
    """Without the order, which several exporters at once leave open."""
    return {span["spanId"]: span for span in report.spans}


def books(report):
    """Without the bytes: a message of gRPC has five more than the body that it is passed on as."""
    return {
        (exporter["service"], exporter["instance"]): {
            **exporter, "bytes": 0, "scopes": sorted(exporter["scopes"], key=lambda scope: scope["name"])
        }
        for exporter in report.document["telemetry"]["exporters"]
    }  # fmt: skip


def forward(case, ways):
    with Collector() as second, Collector("--forward", second.http) as first:
        for way in ways:
            send(way, first, Resource({"service.name": way.name, "service.instance.id": "1"}))
        send_json(first, "by hand")
        total = ROUNDS * SPANS * len(ways) + 1
        # Spans, logs and metrics are passed on in the order in which they came: after the span nothing is due.
        second.wait_for_spans(total)
        reports = first.stop(), second.stop()
    for report in reports:
        case.clean(report)
        case.equal("spans", len(report.spans), total)
    case.rows("span", spans(reports[1]), spans(reports[0]))
    case.rows("exporter", books(reports[1]), books(reports[0]))
    case.rows("series", reports[1].series(), reports[0].series())
    for way in ways:
        exporter = reports[1].exporter(f"{way.name}/1")
        case.equal(f"log records of {way.name}", exporter["logRecords"], ROUNDS * RECORDS)
        values = [s["value"] for s in reports[1].series().values() if s["exporter"] == f"{way.name}/1" and "value" in s]
        case.equal(f"values of {way.name}", values, [ROUNDS * SPANS / 2] * 2)
    for count in ("requests", "duplicateSpans"):
        case.equal(count, reports[1].document[count], reports[0].document[count])
    case.seen = f"{total} spans, {len(reports[1].series())} series, {reports[1].document['requests']} requests at both"


def alone(case):
    """Nobody listens there: the first loses nothing by it."""
    with Collector() as placeholder:
        endpoint = placeholder.http
        placeholder.stop()
    with Collector("--forward", endpoint) as first:
        send(WAYS[0], first, Resource({"service.name": "alone"}))
        report = first.stop()
    case.clean(report)
    case.equal("spans", len(report.spans), ROUNDS * SPANS)
    case.seen = f"{len(report.spans)} spans at the first"


run([("forward by every way at once", forward, WAYS), ("forward to nobody", alone)])
