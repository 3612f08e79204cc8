"""Echo by daphne, whose protocol is autobahn's.

Daphne agrees to no compression and fragments nothing, but autobahn beneath can do both: at /compression and /fragments
it is told to, as a server's author could.
"""

import asgi
import serving
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol


def accept(offers):
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            return PerMessageDeflateOfferAccept(offer)


class Protocol(WebSocketProtocol):
    def onConnect(self, request):
        if request.path == "/fragments":
            self.autoFragmentSize = serving.FRAGMENT
        if request.path in ["/compression", "/fragments"]:
            self.perMessageCompressionAccept = accept
        return super().onConnect(request)


def main(options):
    WebSocketFactory.protocol = Protocol
    endpoint = "tcp:0:interface=127.0.0.1"
    if options.certificate:
        endpoint = f"ssl:0:interface=127.0.0.1:certKey={options.certificate}:privateKey={options.key}"

    def started():
        serving.announce(server.listening_addresses[0][1], options.port_file)

    server = Server(
        asgi.application,
        endpoints=[endpoint],
        websocket_max_message_size=serving.LONGEST,
        websocket_max_frame_size=serving.LONGEST,
        ready_callable=started,
        verbosity=0,
    )
    server.run()


if __name__ == "__main__":
    main(serving.arguments(__doc__).parse_args())
