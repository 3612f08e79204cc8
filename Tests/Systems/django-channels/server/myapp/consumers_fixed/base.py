import json
import logging
import time

from channels.generic.websocket import AsyncWebsocketConsumer
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind, StatusCode

from myapp.consumers_fixed import carrier

log = logging.getLogger(__name__)


def parse(text):
    """The JSON object in `text`, or else why there is none: (message, problem)."""
    try:
        message = json.loads(text)
    except ValueError:
        return None, "invalid_json"
    return (message, None) if isinstance(message, dict) else (None, "not_an_object")


class TracedConsumer(AsyncWebsocketConsumer):
    """Spans for connect, receive, send and disconnect; subclasses handle the messages.

    A message's spans are in the message's trace and only link to the connection, whose
    server span lives as long as the socket.
    """

    tracer = trace.get_tracer(__name__)
    connection_links = ()

    # --- Life of the socket -------------------------------------------------

    async def connect(self):
        connection = trace.get_current_span().get_span_context()
        if connection.is_valid:
            self.connection_links = (Link(connection),)
        await self.join()
        try:
            with self.tracer.start_as_current_span(
                "websocket.connect",
                kind=SpanKind.SERVER,
                attributes=self.connection_attributes(),
            ) as span:
                span.set_attribute("websocket.accepted", False)
                await self.accept()
                span.set_attribute("websocket.accepted", True)
        except Exception:
            await self.leave()
            raise

    def connection_attributes(self):
        attributes = {
            "websocket.url": self.scope["path"],
            "websocket.consumer": type(self).__name__,
        }
        user = self.scope.get("user")
        if user and user.is_authenticated:
            attributes |= {"user.id": str(user.id), "user.username": user.username}
        if client := self.scope.get("client"):
            attributes |= {"client.host": client[0], "client.port": client[1]}
        return attributes

    async def disconnect(self, close_code):
        with self.tracer.start_as_current_span(
            "websocket.disconnect",
            kind=SpanKind.SERVER,
            attributes={
                "websocket.close_code": close_code,
                "websocket.consumer": type(self).__name__,
            },
        ):
            await self.leave()

    # --- Messages in --------------------------------------------------------

    async def receive(self, text_data=None, bytes_data=None):
        started = time.time_ns()  # reading the message belongs to the span's time
        if text_data is not None:
            message, problem = parse(text_data)
        else:
            message, problem = None, None
        sender = carrier.extract(message.get("trace_context")) if message else None
        try:
            with self.tracer.start_as_current_span(
                "websocket.receive",
                context=sender or Context(),  # without a sender's trace, a new one
                kind=SpanKind.SERVER,
                links=self.connection_links,
                start_time=started,
                attributes={
                    "websocket.consumer": type(self).__name__,
                    "websocket.message.type": "binary" if text_data is None else "text",
                    "websocket.message.size": len(
                        bytes_data if text_data is None else text_data.encode()
                    ),
                    "trace.propagated": sender is not None,
                },
            ) as span:
                if problem:
                    span.set_attribute("websocket.message.format", problem)
                    span.set_status(StatusCode.ERROR, problem)
                elif message is not None:
                    await self.handle(message, span)
        except Exception:
            # The span has it; one bad message is no reason to end the socket.
            log.exception("message not handled")

    async def handle(self, message, span):
        action = message.get("type", "unknown")
        if isinstance(action, str):
            span.set_attribute("websocket.message.action", action)
        started = time.perf_counter()
        await self.handle_message(message)
        took = (time.perf_counter() - started) * 1000
        span.set_attribute("websocket.handle_duration_ms", took)

    # --- Messages out -------------------------------------------------------

    async def send_json(self, message):
        with self.tracer.start_as_current_span(
            "websocket.send",
            kind=SpanKind.CLIENT,
            attributes={
                "websocket.message.type": message["type"],
                "trace.propagated": True,
            },
        ) as span:
            # Only now: the receiver's parent is this very span.
            text = json.dumps(message | {"trace_context": carrier.inject()})
            span.set_attribute("websocket.message.size", len(text))  # ASCII: bytes
            await self.send(text_data=text)

    # --- For subclasses -----------------------------------------------------

    async def join(self):
        pass

    async def leave(self):
        pass

    async def handle_message(self, message):
        raise NotImplementedError
