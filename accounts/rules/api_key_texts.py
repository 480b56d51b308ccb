"""
The text of an API key: ``plk_``, 256 random bits in base 62, and a checksum of what stands before.

The prefix tells a scanner of source code what it has found, and the checksum that it is not an
example from some documentation, both without asking anybody. GitHub's tokens are made alike
("Behind GitHub's new authentication token formats", 2021).
"""

from __future__ import annotations

import re
import string
import zlib
from typing import Final

PREFIX: Final = "plk_"
SECRET_BYTES: Final = 32
HINT: Final = 8  # characters that may be shown for ever: the prefix, and 24 bits of 256

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET = 43  # base 62 digits that hold 256 bits
_CHECK = 6  # and 32 bits
_PATTERN = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_SECRET + _CHECK}}}", re.ASCII)


def spelled(secret: bytes) -> str:
    """
    Spell 32 secret bytes as a key of 53 characters.

    :raises ValueError: these are more or fewer bytes
    """
    if len(secret) != SECRET_BYTES:
        raise ValueError("An API key has 32 secret bytes.")
    text = PREFIX + _base62(int.from_bytes(secret, "big"), _SECRET)
    return text + _checksum(text)


def is_meant(text: str) -> bool:
    """Tell whether a token claims to be an API key."""
    return text.startswith(PREFIX)


def is_whole(text: str) -> bool:
    """Tell whether a text has the form of a key and its checksum is right."""
    return bool(_PATTERN.fullmatch(text)) and _checksum(text[:-_CHECK]) == text[-_CHECK:]


def hint(text: str) -> str:
    """The beginning of a key, by which people tell their keys apart."""
    return text[:HINT]


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode("ascii")), _CHECK)


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
