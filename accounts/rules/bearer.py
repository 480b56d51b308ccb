"""The Authorization header of a request with a bearer token (RFC 6750, section 2.1)."""

from __future__ import annotations

from plinto.kernel.exceptions import AuthenticationError


def token_in(header: str) -> bytes | None:
    """
    Return the bearer token of a header, as WSGI spells headers; ``None`` if it has another scheme.

    :raises AuthenticationError: ``Bearer`` is followed by no token, or by several
    """
    words = header.encode("latin-1").split()
    if not words or words[0] != b"Bearer":
        return None
    if len(words) != 2:
        raise AuthenticationError(reason="not one token in the Authorization header")
    return words[1]
