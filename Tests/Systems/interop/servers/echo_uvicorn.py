"""Echo by uvicorn, with one of its three WebSocket implementations."""

import asgi
import serving
import uvicorn


class Server(uvicorn.Server):
    def __init__(self, config, started):
        super().__init__(config)
        self.announce = started

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.announce()


def main():
    parser = serving.arguments(__doc__)
    parser.add_argument("--ws", default="websockets", choices=["websockets", "websockets-sansio", "wsproto"])
    options = parser.parse_args()
    listening = serving.listener()
    config = uvicorn.Config(
        asgi.application,
        ws=options.ws,
        ws_max_size=serving.LONGEST,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    Server(config, lambda: serving.announce(listening.getsockname()[1], options.port_file)).run([listening])


if __name__ == "__main__":
    main()
