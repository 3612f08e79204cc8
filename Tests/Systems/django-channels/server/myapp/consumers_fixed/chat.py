import asyncio
import time

from django.conf import settings
from opentelemetry import trace
from opentelemetry.trace import SpanKind

from myapp.consumers_fixed import carrier
from myapp.consumers_fixed.base import TracedConsumer
from myapp.store import save_message


class ChatConsumer(TracedConsumer):
    # --- The room -----------------------------------------------------------

    async def join(self):
        self.room = self.scope["url_route"]["kwargs"]["room_name"]
        self.group = f"chat_{self.room}"
        trace.get_current_span().set_attribute("chat.room", self.room)
        with self.tracer.start_as_current_span(
            "chat.join_group",
            attributes={"chat.group": self.group, "chat.channel": self.channel_name},
        ):
            await self.channel_layer.group_add(self.group, self.channel_name)

    async def leave(self):
        with self.tracer.start_as_current_span(
            "chat.leave_group", attributes={"chat.group": self.group}
        ):
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def handle_message(self, message):
        match message.get("type"):
            case "chat_message":
                await self.handle_chat_message(message)
            case "typing":
                await self.handle_typing(message)
            case other:
                trace.get_current_span().add_event(f"Unknown message type: {other}")

    # --- Chat messages ------------------------------------------------------

    async def handle_chat_message(self, message):
        text = str(message.get("message", ""))
        with self.tracer.start_as_current_span(
            "chat.process_message", attributes={"chat.message.length": len(text)}
        ) as span:
            with self.tracer.start_as_current_span("chat.save_message"):
                saved = await save_message(self.scope["user"], self.room, text)
            message_id = str(saved.id)
            span.set_attribute("chat.message.id", message_id)
            if settings.CHAT_CELERY:
                await self.queue_background_task(message_id)
            with self.tracer.start_as_current_span(
                "chat.broadcast_message",
                kind=SpanKind.PRODUCER,
                attributes={"chat.group": self.group},
            ):
                await self.channel_layer.group_send(
                    self.group,
                    {
                        "type": "chat.message.broadcast",
                        "message": text,
                        "user": self.scope["user"].username,
                        "message_id": message_id,
                        "trace_context": carrier.inject(),
                    },
                )

    async def queue_background_task(self, message_id):
        from myapp.tasks import process_message_async

        with self.tracer.start_as_current_span(
            "chat.queue_background_task", kind=SpanKind.PRODUCER
        ):
            # In a thread: delay() waits for the broker, other sockets should not.
            await asyncio.to_thread(
                process_message_async.delay,
                message_id=message_id,
                trace_context=carrier.inject(),
            )

    async def chat_message_broadcast(self, event):
        with carrier.continued(event["trace_context"]):
            with self.tracer.start_as_current_span(
                "chat.send_broadcast",
                kind=SpanKind.CONSUMER,
                links=self.connection_links,
                attributes={
                    "chat.message.id": event["message_id"],
                    "chat.user": event["user"],
                },
            ):
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
        is_typing = bool(message.get("is_typing", False))
        with self.tracer.start_as_current_span(
            "chat.typing_indicator",
            kind=SpanKind.PRODUCER,
            attributes={"chat.typing": is_typing},
        ):
            await self.channel_layer.group_send(
                self.group,
                {
                    "type": "chat.typing.broadcast",
                    "user": self.scope["user"].username,
                    "is_typing": is_typing,
                    "trace_context": carrier.inject(),
                },
            )

    async def chat_typing_broadcast(self, event):
        with carrier.continued(event["trace_context"]):
            await self.send_json(
                {"type": "typing", "user": event["user"], "is_typing": event["is_typing"]}
            )
