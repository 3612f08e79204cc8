"""An ASGI application that echoes text; ASGI knows messages only, so it has no say in frames."""

import serving


async def application(scope, receive, send):
    if scope["type"] != "websocket":
        raise ValueError(f"no {scope['type']} here")
    close = serving.close_asked_by(scope["path"])
    while True:
        event = await receive()
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif event["type"] == "websocket.disconnect":
            return
        elif event.get("text") is not None:
            await send({"type": "websocket.send", "text": event["text"]})
            if close:
                code, reason = close
                await send({"type": "websocket.close", "code": code, "reason": reason})
                return
