"""What the servers have in common: their arguments, their socket, and how they say that they listen."""

import argparse
import os
import re
import socket
import ssl

# Bytes of a message that a server accepts: more than the longest of the check's.
LONGEST = 2 << 20
# Characters of each frame of an answer at /fragments.
FRAGMENT = 40


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("port_file", help="appears with the port once connections are accepted")
    parser.add_argument("--certificate", help="serve TLS with this certificate chain")
    parser.add_argument("--key", help="the certificate's private key")
    return parser


def tls(options):
    if not options.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.certificate, options.key)
    return context


def listener():
    """A socket on a port of the kernel's choice."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    listening.setblocking(False)
    return listening


def announce(port, path):
    draft = path + ".new"
    with open(draft, "w") as file:
        print(port, file=file)
    os.rename(draft, path)  # whoever sees the file sees it whole


def fragments(text):
    return [text[start : start + FRAGMENT] for start in range(0, len(text), FRAGMENT)]


def close_asked_by(path):
    """The code and the reason of a path like /close/4321, or None."""
    match = re.fullmatch(r"/close/(\d+)", path)
    return (int(match[1]), f"asked for {match[1]} – bye") if match else None
