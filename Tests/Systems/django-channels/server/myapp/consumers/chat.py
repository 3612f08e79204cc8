import time

from django.conf import settings
from opentelemetry import context, trace
from opentelemetry.trace import SpanKind

from myapp.consumers.base import TracedConsumer, attached
from myapp.store import save_message


class ChatConsumer(TracedConsumer):
    # --- The room -----------------------------------------------------------

    async def connect(self):
        self.room = self.scope["url_route"]["kwargs"]["room_name"]
        self.group = f"chat_{self.room}"
        trace.get_current_span().set_attribute("chat.room", self.room)
        with self.tracer.start_as_current_span("chat.join_group") as span:
            await self.channel_layer.group_add(self.group, self.channel_name)
            span.set_attribute("chat.group", self.group)
            span.set_attribute("chat.channel", self.channel_name)
        await super().connect()

    async def handle_disconnect(self, close_code):
        with self.tracer.start_as_current_span("chat.leave_group") as span:
            await self.channel_layer.group_discard(self.group, self.channel_name)
            span.set_attribute("chat.group", self.group)

    async def handle_message(self, message):
        match message.get("type"):
            case "chat_message":
                await self.handle_chat_message(message)
            case "typing":
                await self.handle_typing(message)
            case other:
                # P8: with a trace_context the current span is the client's, which is
                # not ours to record on: the event is lost.
                trace.get_current_span().add_event(f"Unknown message type: {other}")

    # --- Chat messages ------------------------------------------------------

    async def handle_chat_message(self, message):
        # P2: the parent is the client's span itself.
        with self.tracer.start_as_current_span("chat.process_message") as span:
            text = message.get("message", "")
            span.set_attribute("chat.message.length", len(text))
            with self.tracer.start_as_current_span("chat.save_message"):
                saved = await save_message(self.scope["user"], self.room, text)
                span.set_attribute("chat.message.id", str(saved.id))
            if settings.CHAT_CELERY:
                self.queue_background_task(saved)
            with self.tracer.start_as_current_span("chat.broadcast_message") as broadcast:
                broadcast.set_attribute("chat.group", self.group)
                await self.channel_layer.group_send(
                    self.group,
                    {
                        "type": "chat.message.broadcast",
                        "message": text,
                        "user": self.scope["user"].username,
                        "message_id": str(saved.id),
                        "trace_context": self.current_carrier(),
                    },
                )

    def queue_background_task(self, saved):
        from myapp.tasks import process_message_async

        # P13: read before the queue span starts, so the task is a child of
        # chat.process_message; and delay() talks to the broker in the event loop.
        carrier = self.current_carrier()
        with self.tracer.start_as_current_span("chat.queue_background_task"):
            process_message_async.delay(message_id=str(saved.id), trace_context=carrier)

    async def chat_message_broadcast(self, event):
        carrier = event.get("trace_context")
        with attached(None if carrier is None else self.propagator.extract(carrier)):
            with self.tracer.start_as_current_span(
                "chat.send_broadcast", kind=SpanKind.CONSUMER
            ) as span:
                span.set_attribute("chat.message.id", event["message_id"])
                span.set_attribute("chat.user", event["user"])
                await self.send_json(
                    {
                        "type": "chat_message",
                        "message": event["message"],
                        "user": event["user"],
                        "timestamp": time.time(),
                    }
                )

    # --- Typing -------------------------------------------------------------

    async def handle_typing(self, message):
        with self.tracer.start_as_current_span("chat.typing_indicator") as span:
            is_typing = message.get("is_typing", False)
            span.set_attribute("chat.typing", is_typing)
            await self.channel_layer.group_send(
                self.group,
                {
                    "type": "chat.typing.broadcast",
                    "user": self.scope["user"].username,
                    "is_typing": is_typing,
                    "trace_context": self.current_carrier(),
                },
            )

    async def chat_typing_broadcast(self, event):
        # P4: never detached, and the consumer's task goes on in this context: later
        # spans of the middleware land in this message's trace.
        if "trace_context" in event:
            context.attach(self.propagator.extract(event["trace_context"]))
        await self.send_json(
            {"type": "typing", "user": event["user"], "is_typing": event["is_typing"]}
        )
