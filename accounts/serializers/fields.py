"""Fields that several bodies share."""

from __future__ import annotations

import re
import zoneinfo
from functools import lru_cache
from typing import Any

from accounts.rules import one_time_codes
from plinto.kernel.serializers import Text

# RFC 5646 in the part that people use: en, de-CH, zh-Hant-TW.
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}\Z")


class Name(Text):
    """A display name: one line of printable text, because it stands in mails and lists."""

    default_error_messages = {"unprintable": "Use printable characters on one line."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 200, "allow_blank": True, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data).strip()
        if not name.isprintable():
            self.fail("unprintable")
        return name


class Digits(Text):
    """The six digits that an authenticator app shows, however they were typed."""

    default_error_messages = {"unreadable": "Send the six digits that the app shows."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 40, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        digits = one_time_codes.read_digits(super().to_internal_value(data))
        if digits is None:
            self.fail("unreadable")
        return digits


class RecoveryCode(Text):
    """A recovery code, however it was typed."""

    default_error_messages = {
        "unreadable": "Send a recovery code, such as abcdef-ghjkmn-pqrstu-vwxyz2."
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 60, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        code = one_time_codes.read_recovery_code(super().to_internal_value(data))
        if code is None:
            self.fail("unreadable")
        return code


class LanguageTag(Text):
    """A BCP 47 language tag."""

    default_error_messages = {"unknown": "Use a language tag such as en or de-CH."}

    def to_internal_value(self, data: Any) -> str:
        tag = super().to_internal_value(data)
        if tag and not _LANGUAGE_TAG.match(tag):
            self.fail("unknown")
        return tag


class TimeZone(Text):
    """A name of the IANA time zone database."""

    default_error_messages = {"unknown": "Use a time zone such as Europe/Zurich."}

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name and name not in _zones():
            self.fail("unknown")
        return name


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
