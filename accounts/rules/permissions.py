"""
Permissions: the words there are, how they match, and what the built-in roles hold.

A permission is ``subject:verb``. A role may also hold ``subject:*``, every verb of a subject, and
``*``, everything there is or will be. Segments are compared whole: ``members:read`` says nothing
about ``members_old:read``, and only ``*`` covers ``*``.

``VERBS`` is the vocabulary of Plinto itself; a part that guards something new adds its line there.
An organization may make up subjects of its own, for its applications to ask about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

EVERYTHING: Final = "*"
_SEGMENT = r"[a-z][a-z0-9_]{0,39}"
_PATTERN = re.compile(rf"\*|(?P<subject>{_SEGMENT}):(?P<verb>\*|{_SEGMENT})")

READ_ORGANIZATION: Final = "organization:read"
WRITE_ORGANIZATION: Final = "organization:write"
DELETE_ORGANIZATION: Final = "organization:delete"
READ_MEMBERS: Final = "members:read"
WRITE_MEMBERS: Final = "members:write"
READ_ROLES: Final = "roles:read"
WRITE_ROLES: Final = "roles:write"
READ_API_KEYS: Final = "api_keys:read"
WRITE_API_KEYS: Final = "api_keys:write"
INTROSPECT_TOKENS: Final = "tokens:introspect"
REVOKE_TOKENS: Final = "tokens:revoke"
READ_SSO: Final = "sso:read"
WRITE_SSO: Final = "sso:write"
READ_WEBHOOKS: Final = "webhooks:read"
WRITE_WEBHOOKS: Final = "webhooks:write"
READ_AUDIT: Final = "audit:read"

_READ_WRITE = frozenset({"read", "write"})
VERBS: Mapping[str, frozenset[str]] = {
    "organization": _READ_WRITE | {"delete"},
    "members": _READ_WRITE,
    "roles": _READ_WRITE,
    "sso": _READ_WRITE,
    "api_keys": _READ_WRITE,
    "tokens": frozenset({"introspect", "revoke"}),
    "webhooks": _READ_WRITE,
    "audit": _READ_WRITE,
}

OWNER: Final = "owner"
BUILT_IN: Mapping[str, tuple[str, ...]] = {
    OWNER: (EVERYTHING,),
    # Everything but the organization itself; whoever may delete it is an owner.
    "admin": (
        READ_ORGANIZATION,
        WRITE_ORGANIZATION,
        *(f"{subject}:*" for subject in VERBS if subject != "organization"),
    ),
    "member": (READ_ORGANIZATION, READ_MEMBERS, READ_ROLES),
    "viewer": (READ_ORGANIZATION,),
}


def read(text: str) -> str:
    """
    Read a permission or a wildcard.

    :raises ValueError: it is neither, or a verb that a subject of Plinto's does not have; the
        message is fit for a caller
    """
    found = _PATTERN.fullmatch(text)
    if found is None:
        raise ValueError("Use subject:verb, subject:* or *, in lower case.")
    verbs = VERBS.get(found["subject"] or "")
    if verbs and found["verb"] not in {*verbs, "*"}:
        raise ValueError(f"{found['subject']} has the verbs {', '.join(sorted(verbs))} and *.")
    return text


def allows(held: Iterable[str], wanted: str) -> bool:
    """Tell whether what is held contains ``wanted``, which may itself be a wildcard."""
    return any(_contains(pattern, wanted) for pattern in held)


def covers(held: Iterable[str], wanted: Iterable[str]) -> bool:
    """Tell whether whoever holds the one may hand out all of the other."""
    own = tuple(held)
    return all(allows(own, each) for each in wanted)


def tidy(permissions: Iterable[str]) -> list[str]:
    """Put each permission once, in order, without those that another of them contains."""
    given = sorted(set(permissions))
    return [each for each in given if not any(_contains(o, each) for o in given if o != each)]


def _contains(pattern: str, wanted: str) -> bool:
    if pattern in (EVERYTHING, wanted):
        return True
    subject, _, verb = pattern.partition(":")
    return verb == "*" and wanted.partition(":")[0] == subject and wanted != EVERYTHING
