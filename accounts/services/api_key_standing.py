"""
Which key a request brings, asked on every request with one.

As with sessions, Redis may hold a copy, which comes in the round trip that counts the request; the
row decides without it. A copy is kept under the digest of a secret, so each of the two secrets of
a key in its overlap has one, and the secret that ends leaves a tombstone for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts import api_key_controls as controls
from accounts.api_key_errors import ApiKeyInvalid, InsufficientScope
from accounts.models import ApiKey
from accounts.rules import api_key_texts, permissions
from accounts.services.standing import COPY_LIFETIME
from audit.parties import Actor, ActorKind, Target
from plinto.kernel.crypto import token_digest
from resilience import copies
from resilience.contract import enforces

# A secret that has ended never works again: greater than every version a row can reach.
_FOR_EVER = 2**53 - 1


@dataclass(frozen=True, slots=True)
class KeyStanding:
    """The key behind a request, and the organization it acts for."""

    key_id: UUID
    organization_id: UUID
    hint: str
    scopes: tuple[str, ...]
    digest: bytes = field(repr=False)

    # DRF asks its user this.
    is_authenticated = True

    def require(self, scope: str) -> None:
        """
        Go on only if the key was made for ``scope``.

        :raises InsufficientScope: it was not
        """
        if not permissions.allows(self.scopes, scope):
            raise InsufficientScope(scope)

    @property
    def actor(self) -> Actor:
        """The key as audit rows name who acted; what people call it may name somebody."""
        return Actor(ActorKind.API_KEY, id=str(self.key_id), label=self.hint)

    @property
    def target(self) -> Target:
        return Target("api_key", id=str(self.key_id), label=self.hint)


@enforces(controls.API_KEYS)
def of(
    text: str,
    *,
    now: datetime,
    count: Callable[[str, tuple[str, ...]], list[Any] | None] | None = None,
) -> KeyStanding:
    """
    Say which key a text is at this moment.

    ``count`` counts the request for the holder it is given, in the round trip that brings the
    copies, if it is counted; a text with a wrong checksum is refused before any look-up.

    :raises ApiKeyInvalid: it is no key, or not one any more
    """
    if not api_key_texts.is_whole(text):
        raise ApiKeyInvalid(reason="no key has this form")
    digest = token_digest(text)
    errand = None if count is None else partial(count, digest.hex())
    [copy] = copies.read(_name(digest), errand=errand)
    if copy and copy.version == _FOR_EVER:
        raise ApiKeyInvalid(reason="tombstone")
    facts = copy.facts if copy and copy.facts else _from_row(digest)
    if facts["ends_at"] is not None and facts["ends_at"] <= now.timestamp():
        raise ApiKeyInvalid(reason="expired or rotated away")
    return KeyStanding(
        key_id=UUID(facts["id"]),
        organization_id=UUID(facts["organization_id"]),
        hint=api_key_texts.hint(text),
        scopes=tuple(facts["scopes"]),
        digest=digest,
    )


def scopes_now(who: KeyStanding, *, now: datetime) -> list[str]:
    """
    Read from its row what a key may do, and hold the row until the transaction ends.

    :raises ApiKeyInvalid: it is no key any more
    """
    held = ApiKey.objects.filter(having(who.digest), pk=who.key_id)
    key = held.select_for_update(no_key=True).first()
    end = end_of(key, who.digest) if key else now
    if key is None or (end is not None and end <= now):
        raise ApiKeyInvalid(reason="ended meanwhile")
    return list(key.scopes)


def having(digest: bytes) -> Q:
    """Choose the key that has a secret, as its current or its former one."""
    return Q(digest=digest) | Q(former_digest=digest)


def end_of(key: ApiKey, digest: bytes) -> datetime | None:
    """The moment at which one secret of a key ends, if it does."""
    ends = [key.expires_at, None if digest == bytes(key.digest) else key.former_ends_at]
    return min((end for end in ends if end), default=None)


def refresh(key: ApiKey, *, before: int) -> None:
    """
    Replace the copies of a key after a committed change of the row that had version ``before``.

    The tombstone is insisted on where the new copy, which only saves a query, is not.
    """
    digests = [bytes(digest) for digest in (key.digest, key.former_digest) if digest]
    copies.bury(*map(_name, digests), version=before, lifetime=COPY_LIFETIME)
    for digest in digests:
        _fill(key, digest)


def bury(*digests: bytes) -> None:
    """Make every copy of secrets that have ended unbelievable; called after the commit."""
    copies.bury(*map(_name, digests), version=_FOR_EVER, lifetime=COPY_LIFETIME)


def _from_row(digest: bytes) -> dict[str, Any]:
    key = ApiKey.objects.filter(having(digest)).first()
    if key is None:
        raise ApiKeyInvalid(reason="no such key")
    return _fill(key, digest)


def _fill(key: ApiKey, digest: bytes) -> dict[str, Any]:
    end = end_of(key, digest)
    facts = {
        "id": str(key.pk),
        "organization_id": str(key.organization_id),
        "scopes": key.scopes,
        "ends_at": end.timestamp() if end else None,
    }
    copies.fill(_name(digest), version=key.version, facts=facts, lifetime=COPY_LIFETIME)
    return facts


def _name(digest: bytes) -> str:
    return f"standing:api_key:{digest.hex()}"
