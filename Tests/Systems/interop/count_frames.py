"""Print how many frames an answer has: spanstorm reads messages, and does not tell.

    count_frames.py PORT PATH
"""

import base64
import os
import socket
import sys


def exactly(stream, count):
    data = stream.read(count)
    if len(data) < count:
        raise EOFError("the server ended in the middle of its answer")
    return data


def main(port, path):
    with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as connection:
        stream = connection.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        if b" 101 " not in stream.readline():
            sys.exit("the server refused the upgrade")
        while stream.readline() != b"\r\n":
            pass
        text = b"0123456789" * 10
        # A mask of zeros leaves the text as it is.
        connection.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
        frames, answer, final = 0, b"", False
        while not final:
            first, length = exactly(stream, 2)
            if length > 125:
                sys.exit("a frame is longer than what was sent")
            answer += exactly(stream, length)
            final = first & 0x80 != 0
            frames += 1
        if answer != text:
            sys.exit("the answer is no echo")
        print(frames)


if __name__ == "__main__":
    main(*sys.argv[1:])
