"""Tokens and TLS: who shows the token and knows the authority sends, nobody else does, and no output has the token."""

import os
import signal
import urllib.error
import urllib.request

CERTIFICATE, KEY, AUTHORITY = (
    os.path.join(os.environ["EXPORTERS_CERTIFICATES"], name) for name in ("server.pem", "server.key", "authority.pem")
)
os.environ["OTEL_EXPORTER_OTLP_CERTIFICATE"] = AUTHORITY  # the exporters read it when they are made

import certifi
import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

from collector import Collector
from judge import run
from ways import GRPC, HTTP, WAYS

TOKEN = "s3cret-Tök".encode().hex() + "-._~+/="  # every character that RFC 6750 allows beside letters and digits
TLS = ("--tls-certificate", CERTIFICATE, "--tls-key", KEY)


def some_spans(count=10):
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("secured")
    spans = [tracer.start_span(f"span {number}") for number in range(count)]
    for span in spans:
        span.end()
    return spans


def send(way, collector, token=None, timeout=10, **options):
    """Whether the exporter says that its spans were taken."""
    if token:
        options["headers"] = {"authorization": f"Bearer {token}"}
    exporter = way.exporter("spans", collector, timeout=timeout, **options)
    result = exporter.export(some_spans())
    exporter.shutdown()
    return result is SpanExportResult.SUCCESS


def http_status(collector, token):
    fields = {"content-type": "application/x-protobuf"} | ({"authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(collector.http + "/v1/traces", b"", fields)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def grpc_status(collector, token):
    with grpc.insecure_channel(collector.grpc.removeprefix("http://")) as channel:
        try:
            metadata = [("authorization", f"Bearer {token}")] if token else []
            TraceServiceStub(channel).Export(ExportTraceServiceRequest(), timeout=5, metadata=metadata)
            return grpc.StatusCode.OK
        except grpc.RpcError as error:
            return error.code()


def token(case, way, text, by_variable):
    """The token shown, another one, half of it, and none."""
    options = () if by_variable else ("--token", TOKEN)
    variables = {"SPANSTORM_COLLECTOR_TOKEN": TOKEN} if by_variable else {}
    wrong = [TOKEN[:-1], TOKEN + "=", TOKEN.swapcase(), None]
    with Collector(*options, text=text, environment=variables) as collector:
        case.true("the token lets in", send(way, collector, TOKEN))
        for shown in wrong:
            case.true(f"{shown} does not let in", not send(way, collector, shown))
        if way is HTTP:
            statuses = [http_status(collector, shown) for shown in [TOKEN, *wrong]]
            case.equal("statuses", statuses, [200, 401, 401, 401, 401])
        else:
            statuses = [grpc_status(collector, shown) for shown in [TOKEN, *wrong]]
            case.equal("statuses", statuses, [grpc.StatusCode.OK] + [grpc.StatusCode.UNAUTHENTICATED] * 4)
        report = collector.stop(signal.SIGINT)
    case.equal("exit status", report.status, 0)
    case.equal("spans", len(report.spans), 10)
    case.true("no output has the token", TOKEN not in report.output and TOKEN[:-1] not in report.output)
    if not text:
        case.equal("refused", report.document["refusedRequests"], 8)
    case.seen = f"10 spans with it, {statuses[0]}; none without, {statuses[1]}"


def tls(case, way):
    with Collector(*TLS) as collector:
        case.true(
            "the endpoint is https", collector.http.startswith("https://") and collector.grpc.startswith("https://")
        )
        case.true("who knows the authority sends", send(way, collector))
        # An exporter that trusts whom everybody trusts.
        if way.transport == "HTTP":
            is_taken = send(way, collector, timeout=1, certificate_file=certifi.where())
        else:
            is_taken = send(way, collector, timeout=1, credentials=grpc.ssl_channel_credentials())
        case.true("who does not know it does not send", not is_taken)
        report = collector.stop()
    case.equal("exit status", report.status, 0)
    case.equal("spans", len(report.spans), 10)
    case.seen = "10 spans, none by who does not know the authority"


def tls_with_token(case, way):
    with Collector(*TLS, "--token", TOKEN) as collector:
        case.true("the token lets in", send(way, collector, TOKEN))
        case.true("no token does not", not send(way, collector))
        report = collector.stop()
    case.equal("spans", len(report.spans), 10)
    case.true("no output has the token", TOKEN not in report.output)
    case.seen = "10 spans"


cases = []
for way in (HTTP, GRPC):
    cases.append((f"token by {way.transport}", token, way, False, False))
    cases.append((f"token by {way.transport}, of the environment, report in text", token, way, True, True))
cases += [(f"TLS by {way.name}", tls, way) for way in WAYS]
cases += [(f"TLS and token by {way.transport}", tls_with_token, way) for way in (HTTP, GRPC)]
run(cases)
