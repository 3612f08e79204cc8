"""An exporter whose queue overflows, and that tells nobody: its batches show it."""

import time

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from collector import POLL, Collector
from judge import run
from ways import GRPC, HTTP

BATCH, QUEUE = 64, 512
SECONDS, SPANS_PER_SECOND = 4, 640  # twice what one batch each 0.2 s carries


def export(way, collector):
    """Spans at an even rate; returns how many."""
    provider = TracerProvider(resource=Resource({"service.name": "busy"}), shutdown_on_exit=False)
    exporter = way.exporter("spans", collector)
    provider.add_span_processor(
        BatchSpanProcessor(exporter, max_queue_size=QUEUE, max_export_batch_size=BATCH, schedule_delay_millis=500)
    )
    tracer = provider.get_tracer("busy")
    begin, count = time.monotonic(), 0
    while (elapsed := time.monotonic() - begin) < SECONDS:
        while count < elapsed * SPANS_PER_SECOND:
            tracer.start_span("work").end()
            count += 1
        time.sleep(POLL)
    provider.force_flush()
    provider.shutdown()
    return count


def overflow(case, way, overflows):
    with Collector(*(("--faults", "slow=200ms") if overflows else ())) as collector:
        count = export(way, collector)
        report = collector.stop()
    case.clean(report)
    books = report.exporter("busy")
    case.equal("signs of a full queue", books["showsOverflow"], overflows)
    case.equal("spans are lost", books["spans"] < count, overflows)
    case.equal("largest batch", books["largestBatch"], BATCH)
    case.equal("balances", report.document["telemetry"]["balances"], [])
    case.seen = (
        f"{count} spans, {books['spans']} received, {'signs' if books['showsOverflow'] else 'no sign'} of overflow"
    )


run(
    [(f"overflow by {way.transport}", overflow, way, True) for way in (HTTP, GRPC)]
    + [(f"no overflow by {way.transport}", overflow, way, False) for way in (HTTP, GRPC)]
)
