"""
Password hashes that other systems made, written the way Django keeps a hash.

Taken are the forms that exports hold: bcrypt (``$2b$``, ``$2a$``, ``$2y$``), argon2 in PHC form,
scrypt and PBKDF2 as passlib writes them (``$scrypt$``, ``$pbkdf2-sha256$``), and what Django
itself stores. A hash that would cost more than a sign-in may cost is refused: it is checked
whenever somebody who does not know the password tries.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable

_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}\Z")
_ARGON2 = re.compile(
    r"\$argon2(?:id|i|d)\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})"
    r"\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{16,}\Z"
)
_SCRYPT = re.compile(
    r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,4}),p=(\d{1,4})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)\Z"
)
_PBKDF2 = re.compile(
    r"\$pbkdf2-(sha1|sha256|sha512)\$(?:i=)?(\d{1,9})\$([A-Za-z0-9+/.]+)\$([A-Za-z0-9+/.]+)\Z"
)
_DJANGO_BCRYPT = re.compile(r"bcrypt_sha256\$\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}\Z")
_DJANGO_PBKDF2 = re.compile(r"pbkdf2_(sha1|sha256)\$(\d{1,9})\$([^$]+)\$([A-Za-z0-9+/=]+)\Z")
_DJANGO_SCRYPT = re.compile(
    r"scrypt\$(\d{1,9})\$([^$]+)\$(\d{1,4})\$(\d{1,4})\$([A-Za-z0-9+/=]+)\Z"
)

# About a second of one core each, and no more memory than a few of our own hashes.
MOST_BCRYPT_ROUNDS = 15
MOST_PBKDF2_ITERATIONS = 3_000_000
MOST_SCRYPT_BLOCKS = 1 << 21
MOST_MEMORY_KIB = 128 * 1024
_MOST_ARGON2_WORK = 1024 * 1024  # KiB filled, over all passes

_MOST_LANES = 16

# As many as the column holds.
_MOST_CHARACTERS = 128
# scrypt and PBKDF2 give the beginning of a long key when asked for a short one, and nobody finds
# another password with the same 256 bits.
_KEPT_BYTES = 32

_TOO_DEAR = "The hash costs more than a sign-in may cost."


def stored(foreign: str) -> str:
    """
    Return a hash as ``User.password`` holds it, for the hashers of this deployment.

    :raises ValueError: it has no form that is known, or costs too much; fit for a report
    """
    for form, convert in _FORMS:
        if found := form.match(foreign):
            return _short(convert(found))
    if foreign.startswith(("argon2$", "bcrypt$")):
        # Django's own prefix before a form from above.
        return stored("$" + foreign.partition("$")[2].lstrip("$"))
    raise ValueError("The hash has no form that is known.")


def _bcrypt(found: re.Match[str]) -> str:
    _bound(int(found[1]), MOST_BCRYPT_ROUNDS)
    return f"bcrypt${found[0]}"


def _django_bcrypt(found: re.Match[str]) -> str:
    _bound(int(found[1]), MOST_BCRYPT_ROUNDS)
    return found[0]


def _argon2(found: re.Match[str]) -> str:
    memory, passes, lanes = (int(found[number]) for number in (1, 2, 3))
    _bound(memory, MOST_MEMORY_KIB)
    _bound(memory * passes, _MOST_ARGON2_WORK)
    _bound(lanes, _MOST_LANES)
    return f"argon2{found[0]}"


def _scrypt(found: re.Match[str]) -> str:
    exponent, blocks, lanes = (int(found[number]) for number in (1, 2, 3))
    return _plain_scrypt(exponent, blocks, lanes, salt=_bytes(found[4]), checksum=_bytes(found[5]))


def _django_scrypt(found: re.Match[str]) -> str:
    work = int(found[1])
    if work < 2 or work & (work - 1):
        raise ValueError("The work factor of scrypt is a power of two.")
    return _plain_scrypt(
        work.bit_length() - 1,
        int(found[3]),
        int(found[4]),
        salt=found[2].encode(),
        checksum=_bytes(found[5]),
    )


def _plain_scrypt(exponent: int, blocks: int, lanes: int, *, salt: bytes, checksum: bytes) -> str:
    if not (exponent and blocks and lanes):
        raise ValueError("The parameters of scrypt are above zero.")
    _bound(exponent, 20)
    blocks_in_memory = blocks << exponent  # of 128 bytes
    _bound(blocks_in_memory, MOST_MEMORY_KIB * 8)
    _bound(blocks_in_memory * lanes, MOST_SCRYPT_BLOCKS)
    return (
        f"foreign_scrypt${exponent}${blocks}${lanes}${_text(salt)}${_text(checksum[:_KEPT_BYTES])}"
    )


def _pbkdf2(found: re.Match[str]) -> str:
    # passlib writes "." where base64 has "+" (its ab64).
    salt, checksum = (_bytes(found[number].replace(".", "+")) for number in (3, 4))
    return _plain_pbkdf2(found[1], int(found[2]), salt=salt, checksum=checksum)


def _django_pbkdf2(found: re.Match[str]) -> str:
    return _plain_pbkdf2(found[1], int(found[2]), salt=found[3].encode(), checksum=_bytes(found[4]))


def _plain_pbkdf2(digest: str, iterations: int, *, salt: bytes, checksum: bytes) -> str:
    if not iterations:
        raise ValueError("The iterations of PBKDF2 are above zero.")
    _bound(iterations, MOST_PBKDF2_ITERATIONS)
    return f"foreign_pbkdf2${digest}${iterations}${_text(salt)}${_text(checksum[:_KEPT_BYTES])}"


_FORMS: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
    (_BCRYPT, _bcrypt),
    (_ARGON2, _argon2),
    (_SCRYPT, _scrypt),
    (_PBKDF2, _pbkdf2),
    (_DJANGO_BCRYPT, _django_bcrypt),
    (_DJANGO_PBKDF2, _django_pbkdf2),
    (_DJANGO_SCRYPT, _django_scrypt),
]


def _bound(cost: int, most: int) -> None:
    if cost > most:
        raise ValueError(_TOO_DEAR)


def _bytes(text: str) -> bytes:
    try:
        found = b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("The hash is not base64.") from error
    if len(found) < 8 or len(found) > 128:
        raise ValueError("Salt and hash have 8 to 128 bytes.")
    return found


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()


def _short(encoded: str) -> str:
    if len(encoded) > _MOST_CHARACTERS:
        raise ValueError("The salt of the hash is too long.")
    return encoded
