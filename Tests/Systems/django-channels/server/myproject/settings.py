"""Settings of the chat; `system` chooses everything that varies by CHAT_* variables."""

import os
from pathlib import Path
from urllib.parse import quote


def flag(name):
    return os.environ.get(name, "") == "1"


# --- What this run is -------------------------------------------------------

STATE = Path(os.environ["CHAT_STATE"])
CHAT_FIXED = os.environ.get("CHAT_VARIANT", "fixed") == "fixed"
CHAT_CELERY = flag("CHAT_CELERY")
CHAT_WORKER_TRACED = flag("CHAT_WORKER_TRACED")
CHAT_METRICS = flag("CHAT_METRICS")
CHAT_TASK_SECONDS = float(os.environ.get("CHAT_TASK_SECONDS", "1"))
CHAT_CAPACITY = int(os.environ.get("CHAT_CAPACITY", "10000"))
REDIS_SOCKET = os.environ.get("CHAT_REDIS_SOCKET", "")

# --- Django -----------------------------------------------------------------

SECRET_KEY = "only ever served on the loopback interface"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "channels",
    "myapp",
]
ROOT_URLCONF = "myproject.urls"
ASGI_APPLICATION = "myproject.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": STATE / "chat.sqlite3",
        # Channels does all database work in one thread: keep its connection
        # open, and let a commit cost no fsync (the data is thrown away).
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 10,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
        },
    }
}

# --- Channels and Celery ----------------------------------------------------

# A full channel drops messages without a word, and over redis all sockets of a process
# share one channel. Channels' own capacity of 100 is too little on a busy machine.
if os.environ.get("CHAT_LAYER", "memory") == "redis":
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {
                "capacity": CHAT_CAPACITY,
                "hosts": [
                    {
                        "address": "unix://" + quote(REDIS_SOCKET),
                        # redis-py 8 gives up a read after 5 s, exactly as long as
                        # the layer's blocking pop: idle sockets would be killed (R1).
                        "socket_timeout": None,
                        # Its pool ends at 100 connections, and all sockets of a room that
                        # leave at once need one each: disconnects would fail.
                        "max_connections": 10000,
                    }
                ],
            },
        }
    }
else:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            "CONFIG": {"capacity": CHAT_CAPACITY},
        }
    }

CELERY_BROKER_URL = "redis+socket://" + quote(REDIS_SOCKET)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
