"""
A mail server that keeps what it is sent.

``python -m tests.servers.smtp --directory DIRECTORY`` runs it alone: it prints its URL and
writes each message to a file.
"""

from __future__ import annotations

import argparse
import signal
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers.process import free_port


class SMTPSink:
    """Accepts every message on the loopback address, except those it was told to refuse."""

    def __init__(self, *, port: int | None = None, directory: Path | None = None) -> None:
        self.port = port or free_port()
        self.messages: list[EmailMessage] = []
        self._directory = directory
        self._refusals: list[int] = []
        self._unknown: set[str] = set()
        self._silences = 0
        self._lock = threading.Lock()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    @classmethod
    def start(cls, *, port: int | None = None, directory: Path | None = None) -> SMTPSink:
        """Listen; with ``directory`` every message becomes a file ``0001.eml`` there too."""
        sink = cls(port=port, directory=directory)
        sink._controller.start()
        return sink

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def fail(self, times: int, code: int = 451) -> None:
        """Answer the next ``times`` messages with ``code`` and keep nothing of them."""
        with self._lock:
            self._refusals += [code] * times

    def disown(self, address: str) -> None:
        """Answer 550 whenever ``address`` is a recipient."""
        self._unknown.add(address)

    def hang_up(self, times: int) -> None:
        """Keep the next ``times`` messages and end each connection without having said so."""
        with self._lock:
            self._silences += times

    def clear(self) -> None:
        """Forget every message and every refusal still to come."""
        with self._lock:
            self.messages.clear()
            self._refusals.clear()
            self._unknown.clear()
            self._silences = 0

    def stop(self) -> None:
        self._controller.stop()

    def __enter__(self) -> SMTPSink:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self._unknown:
            return "550 5.1.1 Nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 Kept"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        message = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
        with self._lock:
            if self._refusals:
                return f"{self._refusals.pop(0)} Refused on request"
            self.messages.append(message)
            if self._directory is not None:
                (self._directory / f"{len(self.messages):04}.eml").write_bytes(content)
            if self._silences and server.transport is not None:
                self._silences -= 1
                server.transport.abort()
        return "250 Kept"


def main() -> None:
    """Record to a directory until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--port", type=int, default=None)
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    with SMTPSink.start(port=options.port, directory=options.directory) as sink:
        print(sink.url, flush=True)  # noqa: T201
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
