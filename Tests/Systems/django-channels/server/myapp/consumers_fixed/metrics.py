import time

from opentelemetry import metrics

meter = metrics.get_meter(__name__)
connections = meter.create_up_down_counter(
    "websocket.connections", unit="1", description="Open WebSocket connections"
)
messages = meter.create_counter(
    "websocket.messages", unit="1", description="WebSocket messages, both ways"
)
duration = meter.create_histogram(
    "websocket.connection.duration", unit="s", description="Life of a WebSocket connection"
)
size = meter.create_histogram(
    "websocket.message.size", unit="bytes", description="Size of a WebSocket message"
)


class MetricsConsumer:
    """Counts open connections and messages both ways; put it first among the bases."""

    connected_at = None

    async def connect(self):
        await super().connect()
        self.connected_at = time.monotonic()
        connections.add(1, {"consumer": type(self).__name__})

    async def disconnect(self, close_code):
        if self.connected_at is not None:
            attributes = {"consumer": type(self).__name__}
            connections.add(-1, attributes)
            duration.record(
                time.monotonic() - self.connected_at,
                attributes | {"close_code": close_code},
            )
        await super().disconnect(close_code)

    async def receive(self, text_data=None, bytes_data=None):
        self.count("inbound", text_data, bytes_data)
        await super().receive(text_data, bytes_data)

    async def send(self, text_data=None, bytes_data=None, close=False):
        self.count("outbound", text_data, bytes_data)
        await super().send(text_data, bytes_data, close)

    def count(self, direction, text, data):
        attributes = {
            "consumer": type(self).__name__,
            "direction": direction,
            "type": "binary" if text is None else "text",
        }
        messages.add(1, attributes)
        size.record(len(data if text is None else text.encode()), attributes)
