"""Serve the chat by uvicorn or daphne on 127.0.0.1, and say on which port.

    serve.py uvicorn|daphne PORT PORT_FILE

The socket is bound here, so that with port 0 the kernel's choice is already ours
when anybody hears of it. PORT_FILE appears once connections are accepted.
"""

import os
import socket
import sys


def bind(port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(2048)
    return listener


def announce(port, path):
    draft = path + ".new"
    with open(draft, "w") as file:
        print(port, file=file)
    os.rename(draft, path)  # whoever sees the file sees it whole


def load():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.settings")
    from myproject.asgi import application

    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    return application


def serve_uvicorn(application, listener, started):
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets=None):
            await super().startup(sockets)
            started()

    config = uvicorn.Config(
        application,
        lifespan="off",  # Channels routes no lifespan (R9)
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    try:
        Server(config).run([listener])
    except KeyboardInterrupt:
        pass  # uvicorn re-raises the signal that it has obeyed


def serve_daphne(application, listener, started):
    from daphne.server import Server

    Server(
        application,
        endpoints=[f"fd:fileno={listener.detach()}"],  # Twisted makes it its own
        ready_callable=started,
        verbosity=0,
    ).run()


def main(server, port, port_file):
    serve = {"uvicorn": serve_uvicorn, "daphne": serve_daphne}[server]
    listener = bind(int(port))
    port = listener.getsockname()[1]
    serve(load(), listener, started=lambda: announce(port, port_file))


if __name__ == "__main__":
    main(*sys.argv[1:])
