"""Echo by aiohttp's WebSocketResponse, which writes each message as one frame."""

import asyncio

import serving
from aiohttp import WSMsgType, web


async def echo(request):
    close = serving.close_asked_by(request.path)
    response = web.WebSocketResponse(max_msg_size=serving.LONGEST)
    await response.prepare(request)
    async for message in response:
        if message.type != WSMsgType.TEXT:
            continue
        await response.send_str(message.data)
        if close:
            code, reason = close
            await response.close(code=code, message=reason.encode())
    return response


async def main(options):
    application = web.Application()
    application.router.add_get("/{path:.*}", echo)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    listening = serving.listener()
    await web.SockSite(runner, listening, ssl_context=serving.tls(options)).start()
    serving.announce(listening.getsockname()[1], options.port_file)
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main(serving.arguments(__doc__).parse_args()))
