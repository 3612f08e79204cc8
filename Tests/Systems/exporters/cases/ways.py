"""The ways from the SDK for Python to a collector: a transport and a compression of OTLP's exporters."""

import math

import grpc
import requests
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GRPCLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GRPCMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GRPCSpanExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HTTPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HTTPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HTTPSpanExporter
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

HTTP_PATHS = {"spans": "/v1/traces", "metrics": "/v1/metrics", "logs": "/v1/logs"}


class Tries:
    """Counts what an exporter sends, whether or not it is answered, and can make the first try a short one.

    Both exporters spend their timeout on all tries together: when an answer never comes nothing is left to try again.
    """

    def __init__(self, first_timeout=None):
        self.count = 0
        self.first_timeout = first_timeout

    def timeout(self, timeout):
        """Of the next try, which it counts."""
        self.count += 1
        return self.first_timeout if self.first_timeout and self.count == 1 else timeout


class CountingSession(requests.Session):
    def __init__(self, tries):
        super().__init__()
        self.tries = tries

    def request(self, *arguments, timeout=None, **options):
        return super().request(*arguments, timeout=self.tries.timeout(timeout), **options)


class CountingCalls(grpc.UnaryUnaryClientInterceptor):
    def __init__(self, tries):
        self.tries = tries

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(details._replace(timeout=self.tries.timeout(details.timeout)), request)


class CountedCalls:
    """Mixed into an exporter by gRPC, which makes itself a new channel after UNAVAILABLE."""

    tries = None

    def _initialize_channel_and_stub(self):
        super()._initialize_channel_and_stub()
        if self.tries:
            self._client = self._stub(grpc.intercept_channel(self._channel, CountingCalls(self.tries)))


class Way:
    http_exporters = {"spans": HTTPSpanExporter, "metrics": HTTPMetricExporter, "logs": HTTPLogExporter}
    grpc_exporters = {"spans": GRPCSpanExporter, "metrics": GRPCMetricExporter, "logs": GRPCLogExporter}
    http_compressions = {
        "identity": Compression.NoCompression, "gzip": Compression.Gzip, "deflate": Compression.Deflate
    }  # fmt: skip
    grpc_compressions = {
        "identity": grpc.Compression.NoCompression, "gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate
    }  # fmt: skip

    def __init__(self, transport, compression):
        self.transport = transport
        self.compression = compression
        self.name = f"{transport} {compression}"

    def exporter(self, signal, collector, tries=None, **options):
        """An exporter to the collector's port for this transport; `tries` counts what it sends."""
        if self.transport == "HTTP":
            if tries:
                options["session"] = CountingSession(tries)
            compression = self.http_compressions[self.compression]
            endpoint = collector.http + HTTP_PATHS[signal]
            return self.http_exporters[signal](endpoint=endpoint, compression=compression, **options)
        # Exporters in one process would share a connection, and a reset of one would be the others' too.
        options["channel_options"] = (("grpc.use_local_subchannel_pool", 1),)
        kind = type("Exporter", (CountedCalls, self.grpc_exporters[signal]), {"tries": tries})
        compression = self.grpc_compressions[self.compression]
        return kind(endpoint=collector.grpc, compression=compression, **options)

    def metric_reader(self, collector, tries=None, **options):
        """One that exports only when it is flushed."""
        return PeriodicExportingMetricReader(self.exporter("metrics", collector, tries, **options), math.inf)


WAYS = [Way(transport, name) for transport in ("HTTP", "gRPC") for name in ("identity", "gzip", "deflate")]
HTTP, GRPC = WAYS[0], WAYS[3]
