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
    """Install the providers; the tracer provider is returned so that it can be shut down."""
    resource = Resource.create(
        {"service.name": "django-channels-app", "service.version": "1.0.0"}
    )
    if settings.CHAT_METRICS:
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        metrics.set_meter_provider(MeterProvider([reader], resource=resource))
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider
