"""The ASGI application: both protocols behind the OpenTelemetry middleware."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

from myproject import telemetry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")
http_application = get_asgi_application()  # sets Django up, which all below needs
telemetry.configure()

from myapp.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": OpenTelemetryMiddleware(http_application),
        "websocket": OpenTelemetryMiddleware(
            AuthMiddlewareStack(URLRouter(websocket_urlpatterns))
        ),
    }
)
