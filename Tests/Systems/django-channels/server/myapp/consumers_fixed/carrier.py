"""W3C trace context in and out of JSON objects."""

from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_propagator = TraceContextTextMapPropagator()


def inject():
    carrier = {}
    _propagator.inject(carrier)
    return carrier


def extract(carrier):
    """The context that `carrier` holds, or None when it holds no valid one.

    It comes from a client, so it may be any JSON value; and names of W3C headers know
    no case.
    """
    if not isinstance(carrier, dict):
        return None
    headers = {name.lower(): value for name, value in carrier.items() if isinstance(value, str)}
    found = _propagator.extract(headers, context=Context())
    return found if trace.get_current_span(found).get_span_context().is_valid else None


@contextmanager
def continued(carrier):
    """Run the block in the context that `carrier` holds, and leave it again."""
    token = context.attach(extract(carrier) or Context())
    try:
        yield
    finally:
        context.detach(token)
