"""OpenTelemetry for one process: call `configure` once in each process that traces.

The exporters take their endpoint, headers and limits from the standard OTEL_*
environment variables; nothing is hard-coded here.
"""

from django.conf import settings
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def configure():
    """Install the providers; they are returned in the order in which to shut them down.

    The metrics come last: the SDK counts in them what became of the spans.
    """
    resource = Resource.create(
        {"service.name": "django-channels-app", "service.version": "1.0.0"}
    )
    providers = []
    if settings.CHAT_METRICS:
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        providers.append(MeterProvider([reader], resource=resource))
        metrics.set_meter_provider(providers[0])
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracers)
    return [tracers, *providers]
