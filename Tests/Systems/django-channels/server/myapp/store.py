"""The database behind the chat, for both variants."""

from channels.db import database_sync_to_async

from myapp.models import ChatMessage


@database_sync_to_async
def save_message(user, room, message):
    author = user if user.is_authenticated else None
    return ChatMessage.objects.create(user=author, room=room, message=message)
