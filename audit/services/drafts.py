"""
Drafts: what is personal in a row that was written before anybody knew the person's key.

A statement that finds out whom it concerns cannot bring their key along. It writes what is
personal under ``FIELD_KEYS``, and the worker that seals the row puts what is sealed under the key
of the person in its place, before the hash is taken. No sealed row holds a draft.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from audit.models import AuditRow
from plinto.kernel.crypto import decrypt, encrypt
from plinto.kernel.exceptions import ConfigurationError

# The member of ``AuditRow.personal`` that is one; triggers know it by this name too. Beside it
# may stand what only the statement knew, in clear.
DRAFT = "draft"
_PURPOSE = "trail draft"


def drafted(told: Mapping[str, str]) -> dict[str, str]:
    """
    Return the column ``personal`` of a row by somebody whose key is not known yet.

    ``told`` is what will be sealed under the key of who acted: see ``personal.of_actor``.
    """
    return {DRAFT: b64encode(encrypt(orjson.dumps(told), purpose=_PURPOSE)).decode()}


def opened(column: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return what a draft tells of who acted, and what stands beside it.

    :raises ConfigurationError: none of ``FIELD_KEYS`` opens it, or it is none of ours
    """
    beside = {name: text for name, text in column.items() if name != DRAFT}
    try:
        told = orjson.loads(decrypt(b64decode(column[DRAFT]), purpose=_PURPOSE))
        return {**beside, **told}
    except (TypeError, ValueError) as error:
        raise ConfigurationError(reason="a draft of the trail is malformed") from error


def are_waiting(person_id: UUID) -> bool:
    """Tell whether a row by a person still holds a draft, because it is not sealed yet."""
    written = AuditRow.objects.filter(actor_id=str(person_id), sealed_hash=None)
    return written.filter(personal__has_key=DRAFT).exists()
