"""The Celery application, and telemetry for its worker's processes."""

import os
from pathlib import Path

from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")

app = Celery("myproject")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_providers = []


@worker_process_init.connect
def start_telemetry(**_):
    """R5: a forked worker has no provider unless it makes its own, after the fork."""
    from django.conf import settings

    from myproject import telemetry

    if settings.CHAT_WORKER_TRACED:
        _providers.extend(telemetry.configure())


@worker_process_shutdown.connect
def flush_telemetry(**_):
    """Pool processes leave without running atexit: send what is still queued."""
    for provider in _providers:
        provider.shutdown()


@worker_ready.connect
def tell_system(**_):
    """`system start` waits for this file."""
    Path(os.environ["CHAT_STATE"], "worker.ready").touch()
