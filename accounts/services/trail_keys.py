"""The keys under which the trail tells of people; erasing somebody destroys theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from uuid import UUID

from accounts.models import User
from accounts.rules import addresses
from accounts.services import mailboxes
from audit.services.personal import PersonalKeys
from plinto.kernel import services


class TrailKeys(PersonalKeys):
    """Reads them from the rows of the people."""

    def of(self, ids: Iterable[str]) -> Mapping[str, bytes]:
        people = [key for text in ids if (key := _uuid(text))]
        found = User.objects.filter(pk__in=people).values_list("pk", "trail_key")
        return {str(key): bytes(sealed) for key, sealed in found}

    def named(self, address: str) -> list[str]:
        with suppress(ValueError):
            key = addresses.canonical(address).key
            people = User.objects.filter(email_key=key).values_list("pk", flat=True)
            return [mailboxes.digest_of(key), *map(str, people)]
        return []


def _uuid(text: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(text)
    return None


services.register(PersonalKeys, TrailKeys)
