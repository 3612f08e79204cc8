"""Spans of every sort, in traces over two services, and what the SDK recorded of them."""

import collections
import random

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACES = 100
STATUS = {StatusCode.UNSET: 0, StatusCode.OK: 1, StatusCode.ERROR: 2}
NAMES = [
    "GET /orders/{id}", "注文を受ける 🧾", "naïve façade – Ω", "שלום, עולם", "e\u0301 combining", "👩‍👩‍👧‍👦",
    'quote " backslash \\ slash /', "tab\tnewline\nNUL\0 escape\x1b[31m", "", "x" * 3000,
]  # fmt: skip
SCOPES = [("shop.orders", "1.0"), ("shop.orders", "2.0"), ("仓库", "0.1.0-β"), ("bare", None)]
ATTRIBUTES = {
    "text": "größer", "yes": True, "no": False, "int": -(2**63), "big": 2**63 - 1, "double": 0.1, "huge": 1e308,
    "texts": ["a", "ß", ""], "bools": [True, False], "ints": [1, -1], "doubles": [0.5, -0.0], "none": [],
}  # fmt: skip
FRONT = Resource({"service.name": "front ünd", "service.instance.id": "pod-1", "host.cores": 8})
STOCK = Resource({"service.name": "stock", "deployment": ["a", "b"]})


class Recorder:
    """A provider whose spans go to a collector, and beside it are kept as they were recorded."""

    def __init__(self, resource, exporter):
        self.truth = InMemorySpanExporter()
        self.provider = TracerProvider(ParentBased(ALWAYS_ON), resource, shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.truth))
        self.provider.add_span_processor(BatchSpanProcessor(exporter))
        self.tracers = [self.provider.get_tracer(name, version) for name, version in SCOPES]

    def close(self):
        self.provider.force_flush()
        self.provider.shutdown()


def decorate(span, dice):
    """Gives a span everything that OTLP has a field for, and one of the three statuses."""
    for key in dice.sample(sorted(ATTRIBUTES), 4):
        span.set_attribute(key, ATTRIBUTES[key])
    for number in range(dice.randrange(3)):
        span.add_event(f"event {number} ✓", dict(dice.sample(sorted(ATTRIBUTES.items()), 2)))
    if dice.random() < 0.2:
        span.record_exception(ValueError("schief gegangen"))
    code = dice.choice(list(StatusCode))
    span.set_status(Status(code, "warum?" if code is StatusCode.ERROR else None))


def link(dice):
    context = SpanContext(dice.getrandbits(128) | 1, dice.getrandbits(64) | 1, bool(dice.getrandbits(1)), TraceFlags(1))
    return Link(context, {"n": 1, "text": "ü"})


def record(front, stock, dice):
    """Traces over two services: below a caller's span or none, and one in ten not sampled. Returns what was not."""
    propagator = TraceContextTextMapPropagator()
    unsampled = set()
    for number in range(TRACES):
        sampled = number % 10 != 9
        context = Context()
        if number % 2:
            parent = f"00-{dice.getrandbits(128) | 1:032x}-{dice.getrandbits(64) | 1:016x}-0{int(sampled)}"
            context = propagator.extract({"traceparent": parent, "tracestate": "vendor=1,w=2"}, context)
        elif not sampled:
            continue
        # A server's or consumer's parent is another process's; the other kinds' are local.
        root = front.tracers[number % 4].start_span(
            dice.choice(NAMES), context, dice.choice([SpanKind.SERVER, SpanKind.CONSUMER]),
            links=[link(dice) for _ in range(dice.randrange(3))],
        )  # fmt: skip
        spans = [root]
        for kind in (SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.PRODUCER):
            above = set_span_in_context(spans[-1])
            spans.append(dice.choice(front.tracers).start_span(dice.choice(NAMES), above, kind))
        headers = {}
        propagator.inject(headers, set_span_in_context(spans[-1]))
        spans.append(
            dice.choice(stock.tracers).start_span(
                dice.choice(NAMES), propagator.extract(headers, Context()), SpanKind.CONSUMER
            )
        )
        if not sampled:
            unsampled.update(f"{span.get_span_context().span_id:016x}" for span in spans)
        for span in reversed(spans):
            decorate(span, dice)
            span.end()
    return unsampled


def recorded(recorder):
    """What the SDK recorded, as a line of the collector's file has it."""
    resource = recorder.provider.resource.attributes
    exporter = "/".join(resource[key] for key in ("service.name", "service.instance.id") if key in resource)
    rows = {}
    for span in recorder.truth.get_finished_spans():
        is_remote = span.parent is not None and span.parent.is_remote
        rows[f"{span.context.span_id:016x}"] = {
            "traceId": f"{span.context.trace_id:032x}",
            "spanId": f"{span.context.span_id:016x}",
            "parentSpanId": f"{span.parent.span_id:016x}" if span.parent else "0" * 16,
            "name": span.name,
            "kind": span.kind.value + 1,  # OTLP has 0 for unspecified
            "startTimeUnixNano": str(span.start_time),
            "endTimeUnixNano": str(span.end_time),
            "status": STATUS[span.status.status_code],
            # Whether it is known where the parent was, and whether that was elsewhere; the SDK sends no more.
            "flags": 0x300 if is_remote else 0x100,
            "exporter": exporter,
        }
    return rows


def scopes(recorder):
    counts = collections.Counter()
    for span in recorder.truth.get_finished_spans():
        counts[span.instrumentation_scope.name, span.instrumentation_scope.version or ""] += 1
    return counts


class Services:
    """Two services whose spans go to the exporters; `close` sends all that waits."""

    def __init__(self, exporters, seed):
        self.front, self.stock = (Recorder(*each) for each in zip((FRONT, STOCK), exporters))
        self.unsampled = record(self.front, self.stock, random.Random(seed))

    def close(self):
        self.front.close()
        self.stock.close()

    def truth(self):
        return recorded(self.front) | recorded(self.stock)

    def judge(self, case, report):
        """Compares all that the report tells of spans with what was recorded."""
        truth = self.truth()
        arrived = {span["spanId"]: span for span in report.spans}
        case.equal("lines", len(report.spans), len(truth))
        case.rows("span", arrived, truth)
        case.true("spans were not sampled", len(self.unsampled) >= 25 and not self.unsampled & arrived.keys())
        case.equal("spans", report.document["spans"], len(truth))
        case.equal("traces", report.document["traces"], len({row["traceId"] for row in truth.values()}))
        for recorder, name in ((self.front, "front ünd/pod-1"), (self.stock, "stock")):
            books = report.exporter(name)
            case.equal(f"spans of {name}", books["spans"], len(recorder.truth.get_finished_spans()))
            counts = {(scope["name"], scope["version"]): scope["spans"] for scope in books["scopes"]}
            case.equal(f"scopes of {name}", counts, scopes(recorder))
        case.equal("kinds", {row["kind"] for row in arrived.values()}, {1, 2, 3, 4, 5})
        case.equal("statuses", {row["status"] for row in arrived.values()}, {0, 1, 2})
