"""How cached values become bytes: JSON, so that Redis and the fallback give back the same types."""

from __future__ import annotations

from typing import Any, Final

import orjson

MISSING: Final = object()
"""No value, where ``None`` is one."""

_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def encode(value: Any) -> bytes:
    """
    Encode a JSON value. Tuples come back as lists, UUIDs and enum members as what they stand for.

    :raises TypeError: dates and times, which JSON would turn into text without a word; sets,
        bytes, objects, keys that are not text, whole numbers beyond 64 bits
    """
    try:
        return orjson.dumps(value, option=_STRICT)
    except TypeError as error:
        raise TypeError(f"The cache keeps JSON values only: {error}") from error


def decode(encoded: bytes | None) -> Any:
    """Decode a value; what nobody here can have written is ``MISSING``, like nothing at all."""
    if encoded is None:
        return MISSING
    try:
        return orjson.loads(encoded)
    except orjson.JSONDecodeError:
        return MISSING
