"""A TCP server that speaks just enough Redis to lie."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def canned(reply: bytes, *, each: bool = False) -> Iterator[str]:
    """
    Answer whatever is sent with ``reply``; yields the address.

    A pipeline gets it once as well, or for ``each`` of its commands.
    """

    class Answer(socketserver.BaseRequestHandler):
        def handle(self):
            while sent := self.request.recv(65536):
                # Each command begins with the number of its words.
                self.request.sendall(reply * (1 + sent.count(b"\r\n*") if each else 1))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request, client_address):
            """Clients of this server hang up on it."""

    with Server(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"redis://127.0.0.1:{server.server_address[1]}/0"
        finally:
            server.shutdown()
            thread.join()
