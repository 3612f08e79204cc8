import json
import time
from contextlib import contextmanager

from channels.generic.websocket import AsyncWebsocketConsumer
from opentelemetry import context, trace
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator


@contextmanager
def attached(ctx):
    """Run the block in `ctx`, or where it is when there is none."""
    token = None if ctx is None else context.attach(ctx)
    try:
        yield
    finally:
        if token is not None:
            context.detach(token)


class TracedConsumer(AsyncWebsocketConsumer):
    """Spans for connect, receive, send and disconnect; subclasses handle the messages."""

    tracer = trace.get_tracer(__name__)
    propagator = TraceContextTextMapPropagator()
    connection_context = None

    def server_span(self, name):
        return self.tracer.start_as_current_span(name, kind=SpanKind.SERVER)

    # --- Life of the socket -------------------------------------------------

    async def connect(self):
        with self.server_span("websocket.connect") as span:
            span.set_attributes(self.connection_attributes())
            try:
                await self.accept()
            except Exception as error:
                span.set_attribute("websocket.accepted", False)
                span.record_exception(error)
                span.set_status(StatusCode.ERROR, str(error))
                raise
            span.set_attribute("websocket.accepted", True)
            span.set_status(StatusCode.OK)
            # The context of a span that ends here: all later spans of the connection
            # get a parent that is long over.
            self.connection_context = context.get_current()

    def connection_attributes(self):
        attributes = {
            "websocket.url": self.scope.get("path", ""),
            "websocket.consumer": type(self).__name__,
        }
        user = self.scope.get("user")
        if user and user.is_authenticated:
            attributes |= {"user.id": str(user.id), "user.username": user.username}
        if client := self.scope.get("client"):
            attributes |= {"client.host": client[0], "client.port": client[1]}
        return attributes

    async def disconnect(self, close_code):
        with attached(self.connection_context):
            with self.server_span("websocket.disconnect") as span:
                span.set_attribute("websocket.close_code", close_code)
                span.set_attribute("websocket.consumer", type(self).__name__)
                await self.handle_disconnect(close_code)
                span.set_status(StatusCode.OK)

    # --- Messages in --------------------------------------------------------

    async def receive(self, text_data=None, bytes_data=None):
        with attached(self.connection_context):
            try:
                # P1: the span starts before the message's context is read, so it is
                # in the connection's trace and never in the message's. P7: recorded
                # even when the message is not sampled.
                with self.server_span("websocket.receive") as span:
                    span.set_attribute("websocket.consumer", type(self).__name__)
                    if text_data:
                        await self.receive_text(span, text_data)
                    elif bytes_data:
                        span.set_attribute("websocket.message.type", "binary")
                        span.set_attribute("websocket.message.size", len(bytes_data))
                        await self.handle_binary_message(bytes_data)
                    span.set_status(StatusCode.OK)
            except Exception as error:
                # P10: the span has ended; both calls only log a warning.
                span.record_exception(error)
                span.set_status(StatusCode.ERROR, str(error))
                raise  # P9: and that is the end of the socket

    async def receive_text(self, span, text):
        span.set_attribute("websocket.message.type", "text")
        span.set_attribute("websocket.message.size", len(text))  # P12: characters
        try:
            message = json.loads(text)
            # P9: a message that is no object fails here. P12: any JSON type goes in.
            span.set_attribute("websocket.message.action", message.get("type", "unknown"))
            if "trace_context" in message:
                # P5: never detached. P6: a bad carrier gives an empty context, hence a
                # new trace, and yet counts as propagated.
                context.attach(self.propagator.extract(message["trace_context"]))
                span.set_attribute("trace.propagated", True)
            started = time.time()
            await self.handle_message(message)
            took = (time.time() - started) * 1000
            span.set_attribute("websocket.handle_duration_ms", took)
        except json.JSONDecodeError:
            # P11: the status stays OK, and the client hears nothing.
            span.set_attribute("websocket.message.format", "invalid_json")
            span.add_event("Invalid JSON received")

    # --- Messages out -------------------------------------------------------

    def current_carrier(self):
        carrier = {}
        self.propagator.inject(carrier)
        return carrier

    async def send_json(self, message):
        # P3: read before the send span starts, so the receiver's parent is not
        # websocket.send but whatever is around it.
        message["trace_context"] = self.current_carrier()
        with self.tracer.start_as_current_span("websocket.send", kind=SpanKind.CLIENT) as span:
            span.set_attribute("websocket.message.type", message.get("type", "unknown"))
            span.set_attribute("trace.propagated", True)
            text = json.dumps(message)
            span.set_attribute("websocket.message.size", len(text))
            await self.send(text_data=text)

    # --- For subclasses -----------------------------------------------------

    async def handle_message(self, message):
        raise NotImplementedError

    async def handle_binary_message(self, data):
        pass

    async def handle_disconnect(self, close_code):
        pass
