from django.conf import settings
from django.db import models


class ChatMessage(models.Model):
    # Null for an anonymous visitor (R7).
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True)
    room = models.CharField(max_length=100)
    message = models.TextField()
    sent_at = models.DateTimeField(auto_now_add=True)
