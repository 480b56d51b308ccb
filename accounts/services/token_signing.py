"""Signing a JWT with a key that is parsed already, and nothing more than that takes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson
from jwt.algorithms import get_default_algorithms
from jwt.utils import base64url_encode

from accounts.services.keys import RingKey

_ALGORITHMS = get_default_algorithms()


def signed(key: RingKey, claims: dict[str, Any], *, type: str) -> str:
    """
    Return the compact form (RFC 7515, section 7.1) of ``claims``, signed with ``key``.

    PyJWT signs; what it checks of headers and claims that anybody might hand it is left out.
    """
    spoken = _header(key.kid, key.algorithm, type) + b"." + base64url_encode(orjson.dumps(claims))
    signature = _ALGORITHMS[key.algorithm].sign(spoken, key.private)
    return (spoken + b"." + base64url_encode(signature)).decode()


@lru_cache(maxsize=16)
def _header(kid: str, algorithm: str, type: str) -> bytes:
    return base64url_encode(orjson.dumps({"alg": algorithm, "kid": kid, "typ": type}))
