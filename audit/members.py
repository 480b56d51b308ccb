"""
JSON that says one thing: what is written twice, unknown, or in a second form is refused.

Two readers of one line must not read two things, or one would be shown what the other verified.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

from audit.chain import moment


class RecordError(ValueError):
    """A line is not what it says it is; the text tells why, without what the line holds."""


def read(text: bytes) -> Any:
    """
    Read JSON in UTF-8 in which no member is named twice and every number is one.

    :raises RecordError: it is something else
    """
    try:
        return json.loads(
            text.decode(), object_pairs_hook=_without_twins, parse_constant=_no_number
        )
    except RecordError:
        raise
    except (ValueError, RecursionError) as error:
        raise RecordError("This is not JSON in UTF-8.") from error


class Members:
    """The members of one line; each is taken once, and none may be left."""

    def __init__(self, told: dict[str, Any], *, of: str) -> None:
        self._told, self._kind = told, of

    def take(self, name: str, *kinds: type) -> Any:
        value = self._told.pop(name, None)
        if type(value) not in kinds:  # exactly: True is no 1
            raise RecordError(f"{name} of this {self._kind} is missing, or not what it must be.")
        return value

    def optional(self, name: str, *kinds: type) -> Any:
        return self.take(name, *kinds) if name in self._told else None

    def number(self, name: str, *, least: int = 1) -> int:
        value: int = self.take(name, int)
        if not least <= value < 1 << 53:  # what JSON carries exactly (RFC 8785, 3.2.2.3)
            raise RecordError(f"{name} of this {self._kind} is out of range.")
        return value

    def octets(self, name: str, length: int) -> bytes:
        return octets(self.take(name, str), length, what=f"{name} of this {self._kind}")

    def chain(self) -> UUID:
        written: str = self.take("chain", str)
        try:
            chain = UUID(written)
        except ValueError as error:
            raise RecordError("chain is not a UUID.") from error
        if str(chain) != written:
            raise RecordError("chain is not written as a UUID is.")
        return chain

    def moment(self, name: str) -> datetime:
        written: str = self.take(name, str)
        try:
            at = datetime.fromisoformat(written)
        except ValueError as error:
            raise RecordError(f"{name} is not a time.") from error
        if at.tzinfo is None or moment(at) != written:
            raise RecordError(f"{name} is not written as times are.")
        return at

    def end(self) -> None:
        if self._told:
            raise RecordError(f"This {self._kind} has members that it must not have.")


def octets(written: object, length: int, *, what: str) -> bytes:
    """
    Read octets written in lower-case hexadecimal.

    :raises RecordError: they are not, or not ``length`` of them
    """
    try:
        found = bytes.fromhex(written) if isinstance(written, str) else b""
    except ValueError as error:
        raise RecordError(f"{what} is not hexadecimal.") from error
    if len(found) != length or found.hex() != written:
        raise RecordError(f"{what} is not {length} octets in lower-case hexadecimal.")
    return found


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise RecordError("A member is named twice.")
    return members


def _no_number(_name: str) -> NoReturn:
    raise RecordError("A number is none.")
