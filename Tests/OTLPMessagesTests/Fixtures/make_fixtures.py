"""Writes the bodies that the scanner's tests read, and what Google's own parser finds in them.

Run it in a virtual environment with opentelemetry-proto==1.45.2 and protobuf==7.36.2:
    python make_fixtures.py
Every value is fixed, so that a second run writes the same bytes.
"""

import json
import pathlib

from google.rpc.status_pb2 import Status as RPCStatus
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

FOLDER = pathlib.Path(__file__).parent
START = 1_700_000_000_000_000_000


def trace_id(number):
    return (0x5350414E53544F52 << 64 | number).to_bytes(16, "big")


def span_id(number):
    return (0xA000_0000_0000_0000 | number).to_bytes(8, "big")


def attribute(key, value):
    kind = {str: "string_value", bool: "bool_value", int: "int_value", float: "double_value"}[type(value)]
    return KeyValue(key=key, value=AnyValue(**{kind: value}))


def length_delimited(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def fill_span(span, number, name, kind, *, parent=0, flags=0x101, status=None, attributes=()):
    span.trace_id = trace_id(number // 4 + 1)
    span.span_id = span_id(number + 1)
    if parent:
        span.parent_span_id = span_id(parent)
    span.name = name
    span.kind = kind
    span.start_time_unix_nano = START + number * 1_000_003
    span.end_time_unix_nano = span.start_time_unix_nano + 250_017 + number
    span.flags = flags
    span.status.code = status or Status.STATUS_CODE_UNSET
    span.attributes.extend(attribute(key, value) for key, value in attributes)


def sdk_batch():
    """What the Python SDK exports: several resources and scopes, every kind, links, events, statuses."""
    request = ExportTraceServiceRequest()
    names = ["websocket.receive", "chat.process_message", "chat.broadcast_message", "websocket.send", "größe ✓", ""]
    number = 0
    for instance in ["api-1", "api-2", None]:
        resource_spans = request.resource_spans.add(schema_url="https://opentelemetry.io/schemas/1.28.0")
        resource_spans.resource.attributes.append(attribute("telemetry.sdk.language", "python"))
        resource_spans.resource.attributes.append(attribute("process.pid", 4711))
        resource_spans.resource.attributes.append(attribute("service.name", "chat"))
        if instance:
            resource_spans.resource.attributes.append(attribute("service.instance.id", instance))
        for scope in ["chat.consumers", "opentelemetry.instrumentation.asgi"]:
            scope_spans = resource_spans.scope_spans.add(schema_url="")
            scope_spans.scope.name = scope
            scope_spans.scope.version = "0.66b2"
            for _ in range(20):
                span = scope_spans.spans.add()
                fill_span(
                    span, number, names[number % len(names)], number % 6, parent=number % 4,
                    flags=[0x101, 0x301, 0x100, 0x000][number % 4], status=number % 3,
                    attributes=[("messaging.system", "websocket"), ("size", number * 1000), ("ok", number % 2 == 0),
                                ("ratio", 0.25)],
                )
                if number % 5 == 0:
                    span.trace_state = "vendor=value,other=1"
                    link = span.links.add(trace_id=trace_id(900 + number), span_id=span_id(900), flags=0x301)
                    link.attributes.append(attribute("link.kind", "sender"))
                if number % 7 == 0:
                    event = span.events.add(name="exception", time_unix_nano=span.start_time_unix_nano + 5)
                    event.attributes.append(attribute("exception.stacktrace", "Traceback\n" + "  File\n" * 40))
                    span.dropped_events_count = 3
                if number % 3 == 2:
                    span.status.message = "ValueError: no such room"
                number += 1
    return request.SerializeToString()


def resource_after_spans():
    scope_spans = ScopeSpans()
    for number in range(3):
        fill_span(scope_spans.spans.add(), number, f"step {number}", Span.SPAN_KIND_SERVER)
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add().resource
    resource.attributes.append(attribute("service.name", "late"))
    resource.attributes.append(attribute("service.instance.id", "x"))
    body = length_delimited(2, scope_spans.SerializeToString()) + length_delimited(1, resource.SerializeToString())
    return length_delimited(1, body)


def unknown_fields():
    """Fields that no version declares, of every wire type but groups, at every level."""
    unknown = (
        varint(1001 << 3 | 0) + b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
        + varint(1002 << 3 | 1) + b"8 bytes."
        + varint(1003 << 3 | 2) + varint(200) + b"?" * 200
        + varint(536870911 << 3 | 5) + b"4by."
    )
    span = Span()
    fill_span(span, 0, "known", Span.SPAN_KIND_CONSUMER, status=Status.STATUS_CODE_ERROR)
    status = span.status.SerializeToString()
    span.ClearField("status")
    attribute_bytes = attribute("service.name", "future").SerializeToString()
    span_bytes = unknown + span.SerializeToString() + unknown + length_delimited(15, unknown + status + unknown)
    resource = unknown + length_delimited(1, unknown + attribute_bytes + unknown) + unknown
    scope_spans = unknown + length_delimited(2, span_bytes) + unknown
    return unknown + length_delimited(1, unknown + length_delimited(1, resource) + length_delimited(2, scope_spans)) + unknown


def merged_submessages():
    """Singular fields and messages that occur twice."""
    first, second = Span(), Span()
    fill_span(first, 1, "first", Span.SPAN_KIND_CLIENT, parent=7, status=Status.STATUS_CODE_ERROR)
    first.status.message = "from the first"
    fill_span(second, 2, "second", Span.SPAN_KIND_PRODUCER)
    second.ClearField("status")
    second.status.message = "merges, and leaves the code alone"
    merged = first.SerializeToString() + second.SerializeToString()
    reset = merged + length_delimited(15, Status(code=Status.STATUS_CODE_OK).SerializeToString()) + b"\x22\x00"
    text = length_delimited(1, b"service.name") + length_delimited(2, AnyValue(string_value="a").SerializeToString())
    rewritten = text + length_delimited(2, b"") + length_delimited(2, AnyValue(string_value="b").SerializeToString())
    instance = (
        length_delimited(2, AnyValue(string_value="gone").SerializeToString())
        + length_delimited(1, b"service.instance.id")
        + length_delimited(2, AnyValue(int_value=7).SerializeToString())
    )
    resource_spans = (
        length_delimited(1, length_delimited(1, rewritten))
        + length_delimited(2, length_delimited(2, merged))
        + length_delimited(1, length_delimited(1, instance))
        + length_delimited(2, length_delimited(2, reset))
    )
    return length_delimited(1, resource_spans)


def invalid_ids():
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number, (trace, span, parent) in enumerate([
        (trace_id(1), span_id(1), b""), (b"", span_id(1), b""), (trace_id(1), b"", b""), (bytes(16), span_id(1), b""),
        (trace_id(1), bytes(8), b""), (trace_id(1)[:15], span_id(1), b""), (trace_id(1) + b"0", span_id(1), b""),
        (trace_id(1).hex().encode(), span_id(1).hex().encode(), b""), (trace_id(1), span_id(1), b"1234567"),
        (trace_id(1), span_id(1), bytes(8)),
    ]):
        span_value = spans.add()
        fill_span(span_value, number, f"case {number}", Span.SPAN_KIND_SERVER)
        span_value.trace_id, span_value.span_id, span_value.parent_span_id = trace, span, parent
    beyond = spans.add()
    fill_span(beyond, 40, "numbers beyond", 6)
    beyond.status.code = 3
    beyond = spans.add()
    fill_span(beyond, 41, "negative numbers", -1)
    beyond.status.code = -1
    return request.SerializeToString()


def encoder():
    """What the Swift encoder must write, byte for byte, for the spans of EncoderTests."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    resource_spans.resource.attributes.append(attribute("service.name", "reference"))
    resource_spans.resource.attributes.append(attribute("service.instance.id", "i-1"))
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "spanstorm"
    scope_spans.scope.version = "1.0"
    for number in range(40):
        span = scope_spans.spans.add()
        fill_span(span, number, f"step {number}", number % 6, parent=number % 4, flags=0x301 if number % 2 else 0)
        span.ClearField("status")
        if number % 3 == 1:
            span.status.code = Status.STATUS_CODE_OK
        elif number % 3 == 2:
            span.status.code = Status.STATUS_CODE_ERROR
            span.status.message = "e" * (number * 10)
        if number % 4:
            span.attributes.append(attribute("text", "v" * (number * 13)))
            span.attributes.append(attribute("", ""))
            span.attributes.append(attribute("count", number * 1_000_000_007 - 5_000_000_000))
            span.attributes.append(attribute("flag", number % 2 == 0))
        if number == 39:
            span.attributes.append(attribute("long", "ü" * 10_000))
        if number % 5 == 0:
            span.links.add(trace_id=trace_id(number + 50), span_id=span_id(number + 60), flags=number)
    bare = scope_spans.spans.add(trace_id=trace_id(1), span_id=span_id(1))
    assert bare.name == ""
    return request.SerializeToString()


def expected(body):
    """What the scanner must find, by Google's parser."""
    request = ExportTraceServiceRequest.FromString(body)
    rows = []
    for resource_spans in request.resource_spans:
        texts = {item.key: item.value.string_value for item in resource_spans.resource.attributes}
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                is_right = (
                    len(span.trace_id) == 16 and any(span.trace_id) and len(span.span_id) == 8 and any(span.span_id)
                    and len(span.parent_span_id) in (0, 8)
                )
                rows.append({
                    "traceID": (span.trace_id if len(span.trace_id) == 16 else bytes(16)).hex(),
                    "spanID": (span.span_id if len(span.span_id) == 8 else bytes(8)).hex(),
                    "parentID": (span.parent_span_id if len(span.parent_span_id) == 8 else bytes(8)).hex(),
                    "start": span.start_time_unix_nano, "end": span.end_time_unix_nano, "name": span.name,
                    "kind": span.kind if 0 <= span.kind <= 5 else 0,
                    "status": span.status.code if 0 <= span.status.code <= 2 else 0,
                    "flags": span.flags, "isValid": is_right,
                    "service": texts.get("service.name", ""), "instance": texts.get("service.instance.id", ""),
                })
    return rows


BODIES = {
    "empty": b"",
    "sdk-batch": sdk_batch(),
    "resource-after-spans": resource_after_spans(),
    "unknown-fields": unknown_fields(),
    "merged-submessages": merged_submessages(),
    "invalid-ids": invalid_ids(),
    "encoder": encoder(),
}

if __name__ == "__main__":
    for name, body in BODIES.items():
        (FOLDER / f"{name}.bin").write_bytes(body)
    partial = ExportTraceServiceResponse()
    partial.partial_success.rejected_spans = 300
    partial.partial_success.error_message = "too many"
    answers = {
        "partialSuccess": partial.SerializeToString().hex(),
        "status": RPCStatus(code=3, message="byte 5: the message ends inside a field").SerializeToString().hex(),
    }
    document = {"spans": {name: expected(body) for name, body in BODIES.items()}, "answers": answers}
    (FOLDER / "expected.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
