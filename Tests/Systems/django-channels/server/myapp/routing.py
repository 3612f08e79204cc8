"""The chat's one route, served by the consumer of the chosen variant."""

from django.conf import settings
from django.urls import re_path

if settings.CHAT_FIXED:
    from myapp.consumers_fixed.chat import ChatConsumer
    from myapp.consumers_fixed.metrics import MetricsConsumer
else:
    from myapp.consumers.chat import ChatConsumer
    from myapp.consumers.metrics import MetricsConsumer

if settings.CHAT_METRICS:
    # The same name, because spans and metrics carry it.
    ChatConsumer = type("ChatConsumer", (MetricsConsumer, ChatConsumer), {})

websocket_urlpatterns = [
    re_path(r"^ws/chat/(?P<room_name>[^/]+)/$", ChatConsumer.as_asgi()),
]
