"""What a provider says of somebody, and why it is not believed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import orjson

from plinto.kernel.crypto import decrypt, encrypt
from resilience import http
from resilience.breaker import Breaker
from resilience.errors import CircuitOpenError, OutboundFailedError, OutboundRefusedError

_PURPOSE = "statement of a provider"
# The longest subject of OpenID Connect Core, section 2.
LONGEST_SUBJECT = 255
_LONGEST_ADDRESS = 254


class Word(StrEnum):
    """The ``error`` that a browser comes back with; front ends know all of them."""

    DENIED = "access_denied"
    REFUSED = "provider_error"
    UNAVAILABLE = "provider_unavailable"
    NOT_VOUCHED = "email_not_verified"
    TAKEN = "identity_taken"
    ENDED = "session_ended"


class StatementRefused(Exception):
    """No statement that can be believed; ``word`` is for the browser, ``reason`` for the trail."""

    def __init__(self, reason: str, *, word: Word = Word.REFUSED) -> None:
        super().__init__(reason)
        self.reason, self.word = reason, word


@dataclass(frozen=True, slots=True)
class Statement:
    """Who somebody is at a provider; ``is_vouched`` when it says that the address is theirs."""

    subject: str
    email: str
    is_vouched: bool
    name: str = ""

    def sealed(self) -> bytes:
        """Encrypt it for its row."""
        return encrypt(orjson.dumps(asdict(self)), purpose=_PURPOSE)

    @classmethod
    def opened(cls, sealed: bytes | memoryview | None) -> Statement:
        """
        Read it from its row.

        :raises ConfigurationError: no field key opens it
        """
        return cls(**orjson.loads(decrypt(sealed or b"", purpose=_PURPOSE)))


def subject_of(value: Any) -> str:
    """
    Read a subject: text that the row can hold whole, or two people might become one.

    :raises StatementRefused: it is none
    """
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_SUBJECT:
        raise StatementRefused("subject")
    if not value.isascii() or not value.isprintable():
        raise StatementRefused("subject")
    return value


def email_of(value: Any) -> str:
    """Read an address as it is, or not at all: dropping a character makes it somebody else's."""
    is_plain = isinstance(value, str) and len(value) <= _LONGEST_ADDRESS and value.isprintable()
    return value if is_plain else ""


def text_of(value: Any, *, most: int) -> str:
    """Read text that is only shown; what is not printable is dropped."""
    if not isinstance(value, str):
        return ""
    return "".join(char for char in value if char.isprintable())[:most].strip()


def fetch(
    url: str,
    *,
    until: float,
    form: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    step: str = "provider",
    breaker: Breaker | None = None,
) -> Any:
    """
    Ask a provider for JSON, with ``form`` by POST; ``until`` is of ``time.monotonic``.

    ``step`` is what it is asked for, as the reason of a refusal says; ``breaker`` stands in for
    that of the host.

    :raises StatementRefused: it refused, was not reached, or what came is no JSON
    """
    sent = {"Accept": "application/json", **(headers or {})}
    if form is not None:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        answer = http.send(
            "GET" if form is None else "POST",
            url,
            headers=sent,
            content=form or b"",
            seconds=max(until - time.monotonic(), 0.01),
            breaker=breaker,
        )
    except (OutboundFailedError, OutboundRefusedError, CircuitOpenError) as error:
        raise StatementRefused(f"{step}: {error.reason}", word=Word.UNAVAILABLE) from error
    # Whoever sends Plinto elsewhere has been moved, or is not what it was taken for.
    if answer.status >= 500 or 300 <= answer.status < 400:
        raise StatementRefused(f"{step}: status {answer.status}", word=Word.UNAVAILABLE)
    if answer.status != 200:
        raise StatementRefused(f"{step}: status {answer.status}")
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise StatementRefused(f"{step}: no JSON") from error
