"""Log records by every way, by the API and by Python's logging: each is counted once, for whom it came from."""

import logging
import sys
import warnings

from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from collector import Collector
from judge import run
from ways import WAYS

SOURCES = {
    "web/α": Resource({"service.name": "web", "service.instance.id": "α"}),
    "batch": Resource({"service.name": "batch"}),
}
BODIES = [
    "Bestellung 🧾 aufgenommen",
    "",
    7,
    -1.5,
    True,
    None,
    [1, "zwei", [3.0]],
    {"key": {"inner": [b"\0\xff"]}},
    b"\xff\xfe",
]
SEVERITIES = list(SeverityNumber)
ROUNDS = {"web/α": 40, "batch": 25}


def emit(provider, rounds):
    """Returns how many records it emitted."""
    count = 0
    for number in range(rounds):
        logger = provider.get_logger(f"scope {number % 3}", "1.0")
        for body in BODIES:
            severity = SEVERITIES[count % len(SEVERITIES)]
            logger.emit(
                timestamp=1_700_000_000_000_000_000 + count,
                severity_number=severity,
                severity_text=severity.name,
                body=body,
                attributes={"n": count, "text": "ü", "list": ["a", "b"]},
                event_name="event" if number % 2 else None,
            )
            count += 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it has moved to a package of instrumentations
        handler = LoggingHandler(logger_provider=provider)
    for number in range(rounds):
        try:
            raise ValueError("schief gegangen")
        except ValueError:
            handler.handle(
                logging.getLogger("foreign").makeRecord(
                    "foreign", logging.ERROR, __file__, 1, "%d Fehler", (number,), sys.exc_info()
                )
            )
        count += 1
    return count


def logs(case, way):
    with Collector() as collector:
        counts = {}
        for name, resource in SOURCES.items():
            provider = LoggerProvider(resource, shutdown_on_exit=False)
            provider.add_log_record_processor(BatchLogRecordProcessor(way.exporter("logs", collector)))
            counts[name] = emit(provider, ROUNDS[name])
            provider.force_flush()
            provider.shutdown()
        report = collector.stop()
    case.clean(report)
    arrived = {name: report.exporter(name)["logRecords"] for name in SOURCES}
    case.equal("records", arrived, counts)
    case.equal("exporters", len(report.document["telemetry"]["exporters"]), len(SOURCES))
    case.seen = ", ".join(f"{count} of {name}" for name, count in arrived.items())


run((f"logs by {way.name}", logs, way) for way in WAYS)
