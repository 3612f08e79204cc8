"""Echo by the asyncio server of `websockets`; at /fragments each answer comes in several frames."""

import asyncio

import serving
from websockets.asyncio.server import serve


async def echo(connection):
    path = connection.request.path
    close = serving.close_asked_by(path)
    async for message in connection:
        await connection.send(serving.fragments(message) if path == "/fragments" else message)
        if close:
            await connection.close(*close)
            return


async def main(options):
    listening = serving.listener()
    async with serve(echo, sock=listening, ssl=serving.tls(options), max_size=serving.LONGEST):
        serving.announce(listening.getsockname()[1], options.port_file)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main(serving.arguments(__doc__).parse_args()))
