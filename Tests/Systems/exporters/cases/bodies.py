"""Bodies that no SDK here writes: OTLP's JSON, in the shape of the specification's examples, by plain HTTP clients."""

import gzip
import http.client
import json
import os
import subprocess
import tempfile
import urllib.request
from urllib.parse import urlsplit

from collector import Collector
from judge import run

RESOURCE = {
    "attributes": [
        {"key": "service.name", "value": {"stringValue": "by hand"}},
        {"key": "service.instance.id", "value": {"stringValue": "ü"}},
        {"key": "cores", "value": {"intValue": "8"}},
        {"key": "ports", "value": {"arrayValue": {"values": [{"intValue": 80}, {"intValue": "443"}]}}},
        {"key": "labels", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": True}}]}}},
        {"key": "blob", "value": {"bytesValue": "AP+A"}},
        {"key": "nothing", "value": {}},
    ],
    "droppedAttributesCount": 0,
    "unknownField": {"deep": [1, {"deeper": None}]},
}
EXPORTER = "by hand/ü"
SCOPE = {"name": "hand.written", "version": "1.2", "attributes": [], "unknownField": "ignored"}
TRACE = "5b8efff798038103d269b633813fc60c"
BEGIN = 1_700_000_000_000_000_001  # more digits than a double has

TRACES = {
    "resourceSpans": [
        {
            "resource": RESOURCE,
            "scopeSpans": [
                {
                    "scope": SCOPE,
                    "spans": [
                        {
                            "traceId": TRACE.upper(),
                            "spanId": "EEE19B7EC3C1B174",
                            "parentSpanId": "",
                            "traceState": "",
                            "name": "ein Dienst 🧾 \u2028",
                            "startTimeUnixNano": str(BEGIN),
                            "endTimeUnixNano": BEGIN + 2_000_000,
                            "kind": 2,
                            "flags": 257,
                            "attributes": [{"key": "id", "value": {"intValue": "-9223372036854775808"}}],
                            "events": [{"timeUnixNano": BEGIN, "name": "e", "attributes": [], "unknownField": [[]]}],
                            "links": [{"traceId": TRACE, "spanId": "0102030405060708", "attributes": []}],
                            "status": {"code": 2, "message": "kaputt", "unknownField": 1.5e300},
                            "unknownField": {"traceId": "nonsense", "spans": [{"spanId": 7}]},
                        },
                        {
                            "status": {},
                            "endTimeUnixNano": str(BEGIN + 1_000_000),
                            "name": "unten",
                            "kind": 3,
                            "parentSpanId": "eee19b7ec3c1b174",
                            "spanId": "eee19B7EC3c1b173",
                            "startTimeUnixNano": BEGIN + 1,
                            "traceId": TRACE,
                            "unknown_field": None,
                        },
                    ],
                    "schemaUrl": "https://opentelemetry.io/schemas/1.4.0",
                }
            ],
        }
    ],
    "unknownField": [],
}
SPANS = [
    {
        "traceId": TRACE, "spanId": "eee19b7ec3c1b174", "parentSpanId": "0" * 16, "name": "ein Dienst 🧾 \u2028",
        "startTimeUnixNano": str(BEGIN), "endTimeUnixNano": str(BEGIN + 2_000_000), "kind": 2, "flags": 257,
        "status": 2, "exporter": EXPORTER,
    },
    {
        "traceId": TRACE, "spanId": "eee19b7ec3c1b173", "parentSpanId": "eee19b7ec3c1b174", "name": "unten",
        "startTimeUnixNano": str(BEGIN + 1), "endTimeUnixNano": str(BEGIN + 1_000_000), "kind": 3, "flags": 0,
        "status": 0, "exporter": EXPORTER,
    },
]  # fmt: skip


def point(**fields):
    times = {"startTimeUnixNano": str(BEGIN), "timeUnixNano": BEGIN + 1_000_000_000}
    return times | {"attributes": [{"key": "k", "value": {"stringValue": "v"}}], "unknownField": {}} | fields


# A metric of each sort, and what the report must tell of it.
METRICS = [
    ({"name": "sum.string", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [
        point(asInt="9223372036854775807")]}},
     {"kind": "sum", "value": 9223372036854775807}),
    ({"name": "sum.number", "sum": {"aggregationTemporality": 1, "isMonotonic": False, "dataPoints": [
        point(asInt=-9223372036854775808)]}},
     {"kind": "sum", "value": -9223372036854775808}),
    ({"name": "sum.double", "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": [
        point(asDouble=5.25)]}},
     {"kind": "sum", "value": 5.25}),
    ({"name": "gauge.double", "unit": "1", "description": "d", "gauge": {"dataPoints": [point(asDouble=-1e-7)]}},
     {"kind": "gauge", "value": -1e-7}),
    ({"name": "gauge.whole", "gauge": {"dataPoints": [point(asDouble=10)]}}, {"kind": "gauge", "value": 10}),
    ({"name": "histogram", "histogram": {"aggregationTemporality": 2, "dataPoints": [
        point(count="5", sum=7.5, bucketCounts=["1", 3, "1"], explicitBounds=[0, 2.5], min=-1, max=4, exemplars=[])]}},
     {"kind": "histogram", "count": 5, "sum": 7.5, "min": -1, "max": 4, "bounds": [0, 2.5], "counts": [1, 3, 1]}),
    ({"name": "exponential", "exponentialHistogram": {"aggregationTemporality": 1, "dataPoints": [
        point(count=7, sum=9.25, scale=-1, zeroCount="2", zeroThreshold=0.001, flags=0, min=-2, max=8,
              positive={"offset": -1, "bucketCounts": ["1", "2"]}, negative={"offset": 3, "bucketCounts": [2]})]}},
     {"kind": "exponentialHistogram", "count": 7, "sum": 9.25, "scale": -1, "zeroCount": 2, "min": -2, "max": 8,
      "positive": {"offset": -1, "counts": [1, 2]}, "negative": {"offset": 3, "counts": [2]}}),
    ({"name": "summary", "summary": {"dataPoints": [
        point(count="3", sum=1.5, quantileValues=[{"quantile": 0.5, "value": 0.5}])]}},
     {"kind": "summary", "count": 3, "sum": 1.5}),
]  # fmt: skip
METRICS_BODY = {
    "resourceMetrics": [
        {"resource": RESOURCE, "scopeMetrics": [{"scope": SCOPE, "metrics": [each for each, _ in METRICS]}]}
    ]
}
LOGS = {
    "resourceLogs": [
        {
            "resource": RESOURCE,
            "scopeLogs": [
                {
                    "scope": SCOPE,
                    "logRecords": [
                        {
                            "timeUnixNano": BEGIN,
                            "observedTimeUnixNano": str(BEGIN),
                            "severityNumber": 10,
                            "severityText": "Information",
                            "traceId": TRACE.upper(),
                            "spanId": "EEE19b7ec3c1b174",
                            "body": body,
                            "attributes": [{"key": "double", "value": {"doubleValue": 637.704}}],
                            "unknownField": [{}],
                        }
                        for body in (
                            {"stringValue": "ein Eintrag"},
                            {"intValue": "1"},
                            {"kvlistValue": {"values": []}},
                            {},
                        )
                    ],
                }
            ],
        }
    ]
}
REQUESTS = [("/v1/traces", TRACES), ("/v1/metrics", METRICS_BODY), ("/v1/logs", LOGS)]


def written(body):
    return json.dumps(body, ensure_ascii=False, indent=2).encode()


# --- Clients: each posts a body, and gives status, content type and body of the answer ---


def by_urllib(endpoint, path, body):
    request = urllib.request.Request(endpoint + path, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.headers["content-type"], answer.read()


def by_urllib_gzip(endpoint, path, body):
    fields = {"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "gzip"}
    request = urllib.request.Request(endpoint + path, gzip.compress(body), fields)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.headers["content-type"], answer.read()


def connection(endpoint):
    url = urlsplit(endpoint)
    return http.client.HTTPConnection(url.hostname, url.port, timeout=10)


def by_chunks(endpoint, path, body):
    """Chunks of a few bytes, which end inside of names, numbers and characters."""
    client = connection(endpoint)
    chunks = (body[start : start + 7] for start in range(0, len(body), 7))
    client.request("POST", path, chunks, {"Content-Type": "application/json"}, encode_chunked=True)
    answer = client.getresponse()
    return answer.status, answer.headers["content-type"], answer.read()


def by_expectation(endpoint, path, body):
    """Sends the body only once it was asked for."""
    client = connection(endpoint)
    client.putrequest("POST", path)
    fields = {"Content-Type": "application/json", "Content-Length": len(body), "Expect": "100-continue"}
    for name, value in fields.items():
        client.putheader(name, value)
    client.endheaders()
    interim = b""
    while not interim.endswith(b"\r\n\r\n"):
        part = client.sock.recv(1)
        if not part:
            raise ConnectionError(f"closed after {interim}")
        interim += part
    if not interim.startswith(b"HTTP/1.1 100 "):
        raise ValueError(f"not asked for the body, but answered {interim}")
    client.send(body)
    answer = client.getresponse()
    return answer.status, answer.headers["content-type"], answer.read()


def by_curl(*options):
    def post(endpoint, path, body):
        with tempfile.NamedTemporaryFile(dir=os.environ["EXPORTERS_FOLDER"]) as file:
            file.write(body)
            file.flush()
            command = ["curl", "--silent", "--show-error", "--max-time", "10", *options]
            command += ["--header", "content-type: application/json", "--data-binary", f"@{file.name}"]
            command += ["--write-out", "\\n%{http_version} %{http_code} %{content_type}", endpoint + path]
            output = subprocess.run(command, capture_output=True, check=True).stdout
        answer, _, told = output.rpartition(b"\n")
        version, status, content_type = told.decode().split(" ", 2)
        if version != ("1.1" if "--http1.1" in options else "2"):
            raise ValueError(f"curl spoke HTTP/{version}")
        return int(status), content_type, answer

    return post


def bodies(case, post, options=()):
    with Collector(*options) as collector:
        # Both ports serve everything.
        for endpoint, (path, body) in zip((collector.http, collector.grpc, collector.http), REQUESTS):
            status, content_type, answer = post(endpoint, path, written(body))
            case.equal(f"answer to {path}", (status, content_type), (200, "application/json"))
            case.equal(f"body of the answer to {path}", json.loads(answer), {})
        report = collector.stop()
    case.clean(report)
    case.equal("spans", report.spans, SPANS)
    series = report.series()
    case.equal("series", len(series), len(METRICS))
    for metric, told in METRICS:
        found = series[EXPORTER, SCOPE["name"], metric["name"], (("k", "v"),)]
        case.equal(metric["name"], {key: found.get(key) for key in told}, told)
    books = report.exporter(EXPORTER)
    case.equal("log records", books["logRecords"], 4)
    case.equal("scopes", books["scopes"], [{"name": "hand.written", "version": "1.2", "spans": 2}])
    case.seen = f"{books['spans']} spans, {books['dataPoints']} data points, {books['logRecords']} log records"


certificate, key, authority = (
    os.path.join(os.environ["EXPORTERS_CERTIFICATES"], name) for name in ("server.pem", "server.key", "authority.pem")
)
run(
    [
        ("JSON by urllib", bodies, by_urllib),
        ("JSON by urllib, gzip", bodies, by_urllib_gzip),
        ("JSON by http.client, chunked", bodies, by_chunks),
        ("JSON by http.client, Expect: 100-continue", bodies, by_expectation),
        ("JSON by curl, HTTP/1.1", bodies, by_curl("--http1.1")),
        ("JSON by curl, HTTP/2 without TLS", bodies, by_curl("--http2-prior-knowledge")),
        ("JSON by curl, HTTP/2 by TLS", bodies, by_curl("--http2", "--cacert", authority),
         ("--tls-certificate", certificate, "--tls-key", key)),
    ]
)  # fmt: skip
