import time

from opentelemetry import metrics

meter = metrics.get_meter(__name__)
connections = meter.create_counter(
    # A counter: it never falls, so it cannot tell how many are open.
    "websocket.connections", unit="1", description="Number of WebSocket connections"
)
messages = meter.create_counter(
    "websocket.messages", unit="1", description="Number of WebSocket messages"
)
duration = meter.create_histogram(
    "websocket.connection.duration", unit="s", description="WebSocket connection duration"
)
size = meter.create_histogram(
    "websocket.message.size", unit="bytes", description="WebSocket message size"
)


class MetricsConsumer:
    """Counts what comes in; put it before the consumer among the bases."""

    connected_at = None

    async def connect(self):
        self.connected_at = time.time()
        connections.add(1, {"consumer": type(self).__name__})
        await super().connect()

    async def disconnect(self, close_code):
        if self.connected_at:
            duration.record(
                time.time() - self.connected_at,
                {"consumer": type(self).__name__, "close_code": close_code},
            )
        await super().disconnect(close_code)

    async def receive(self, text_data=None, bytes_data=None):
        attributes = {"consumer": type(self).__name__, "direction": "inbound"}
        if data := text_data or bytes_data:
            attributes["type"] = "text" if text_data else "binary"
            size.record(len(data), attributes)
        messages.add(1, attributes)
        await super().receive(text_data, bytes_data)
