"""A receiver of webhooks, written with the reference library, that may misbehave as it is told."""

from __future__ import annotations

import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Self

from standardwebhooks import Webhook, WebhookVerificationError

from tests.servers.website import Asked, Reply, Website

Behaviour = Callable[[Asked], Reply]
_GIGABYTE, _CHUNK = 1024**3, bytes(64 * 1024)


class Receiver(Website):
    """
    Keeps what it accepts: ``told`` are the messages by ``webhook-id``, ``tries`` how often each
    came. Without a ``secret`` it accepts whatever comes.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        secret: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.behaviour = behaviour or answering(204)
        self.secret = secret
        self.told: dict[str, Any] = {}
        self.tries: Counter[str] = Counter()
        self.refused: list[str] = []
        super().__init__(self._receive, tls=tls)

    def _receive(self, asked: Asked) -> Reply:
        id = asked.headers.get("webhook-id", "")
        if self.secret:
            try:
                told = Webhook(self.secret).verify(asked.body, dict(asked.headers))
            except WebhookVerificationError as error:
                self.refused.append(str(error))
                return Reply(401)
            self.told[id] = told
        self.tries[id] += 1
        return self.behaviour(asked)


def answering(status: int, *parts: bytes, **headers: str) -> Behaviour:
    """Answer everybody the same; an underscore in the name of a header is a hyphen."""
    spelt = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Reply(status, spelt, parts)


def in_turn(*statuses: int) -> Behaviour:
    """Answer with one status after the other, and with the last from then on."""
    rest, last = iter(statuses), statuses[-1]
    return lambda _: Reply(next(rest, last))


def breaking_off(_: Asked) -> Reply:
    """Promise more than comes."""
    return Reply(200, {"Content-Length": "1000"}, (b"that was all",))


def streaming_a_gigabyte(_: Asked) -> Reply:
    return Reply(200, {}, (_CHUNK for _ in range(_GIGABYTE // len(_CHUNK))))


def hanging(until: threading.Event) -> Behaviour:
    """Take the request and say nothing."""

    def hang(_: Asked) -> Reply:
        until.wait(60)
        return Reply(200)

    return hang


class Tarpit:
    """Takes connections and says one octet of an answer after the other, for ever."""

    def __init__(self, *, every: float = 0.1) -> None:
        self._every = every
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._drip, args=(connection,), daemon=True).start()

    def _drip(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            for octet in _slowly():
                connection.sendall(octet)
                if self._over.wait(self._every):
                    return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


def _slowly() -> Iterator[bytes]:
    yield from (bytes([octet]) for octet in b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        yield b"."
