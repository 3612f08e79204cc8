"""No HTTP pages: the chat is its WebSocket."""

urlpatterns = []
