"""
What a row of the trail holds about people, sealed under a key of each.

Whoever is erased takes their key along: the row stays, still proves that something happened, and
nobody reads any more to whom. What is told of the person acted upon is sealed under their key, the
rest under the key of who acted. Where neither is a person, it is kept in clear.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from audit.models import AuditRow
from audit.parties import Actor, ActorKind, Target
from audit.services import drafts
from audit.services.drafts import DRAFT
from plinto.kernel import services
from plinto.kernel.crypto import decrypt_under, encrypt_under
from plinto.kernel.origin import Origin

# Accounts keeps a key for each person, drawn for this purpose.
KEY_PURPOSE = "trail"
_THEIRS = {"name", "email", "locale", "timezone"}
_SEARCH = "query"  # what was looked for in a list may be somebody's name
_LABEL_CHARACTERS = 320  # the longest address, RFC 3696 erratum 1690
_PEOPLE = {ActorKind.USER, ActorKind.STAFF}

Told = dict[str, Any]


class PersonalKeys:
    """Who knows the keys of people; this one knows nobody, accounts registers its own."""

    def of(self, ids: Iterable[str]) -> Mapping[str, bytes]:  # noqa: ARG002
        """Return the sealed keys of those of ``ids`` that are people who were not erased."""
        return {}

    def named(self, address: str) -> list[str]:  # noqa: ARG002
        """Return the ids under which rows may name whoever has an address."""
        return []


@dataclass(frozen=True, slots=True)
class Opened:
    """What a row tells about people, as far as their keys are still there."""

    actor_label: str = ""
    target_label: str = ""
    address: str = ""
    agent: str = ""
    changes: Told = field(default_factory=dict)


def columns(actor: Actor, target: Target, origin: Origin, changes: Told) -> dict[str, Told]:
    """
    Return the columns ``personal`` and ``changes`` of a row.

    :raises ValueError: a person is named whose key was not brought along
    """
    by_actor: Told = {**of_actor(origin, label=actor.label)}
    label = storable(target.label, _LABEL_CHARACTERS)
    of_target: Told = {"target_label": label} if label else {}
    hidden = {
        name: sides
        for name, sides in changes.items()
        if _names_somebody(name, sides, is_person=bool(target.key))
    }
    if hidden:
        of_target |= {"changes": hidden}
    if not target.key:
        by_actor |= of_target
    if not actor.key and (actor.kind in _PEOPLE and actor.label):
        raise ValueError("A person who acts is recorded with their key.")
    is_person = target.kind == "user" or "@" in target.label
    if target.label and is_person and not (target.key or actor.key):
        raise ValueError("A person acted upon is recorded with a key, theirs or the actor's.")
    personal = {"actor": _sealed(actor.key, by_actor)} if actor.key and by_actor else by_actor
    if target.key and of_target:
        personal |= {"target": _sealed(target.key, of_target)}
    in_clear = {name: sides for name, sides in changes.items() if name not in hidden}
    return {"personal": personal, "changes": in_clear}


def of_actor(origin: Origin, *, label: str = "") -> dict[str, str]:
    """Return what a row tells of who acted: from where, and how they were called."""
    whole = {"address": origin.address, "agent": origin.agent, "actor_label": label}
    return {name: storable(text, _LABEL_CHARACTERS) for name, text in whole.items() if text}


def settled(keys: Mapping[str, bytes], row: AuditRow) -> Told:
    """
    Return the column ``personal`` that replaces the draft in a row which is about to be sealed.

    It is sealed under the key of who acted, and dropped if they were erased meanwhile.

    :raises ConfigurationError: the draft or the key does not open; the row has to wait
    """
    key = keys.get(row.actor_id)
    return {"actor": _sealed(key, drafts.opened(row.personal))} if key else {}


def opened(rows: Iterable[AuditRow]) -> dict[Any, Opened]:
    """Open what rows tell about people, by the id of the row, with one look-up for all."""
    rows = list(rows)
    keys = keys_of(rows)
    return {row.pk: opened_by(keys, row) for row in rows}


def keys_of(rows: Iterable[AuditRow]) -> Mapping[str, bytes]:
    """Find the sealed keys of those whom rows name, by their ids, with one look-up for all."""
    ids = {party for row in rows for party in (row.actor_id, row.target_id) if party}
    return services.get(PersonalKeys).of(ids) if ids else {}


def opened_by(keys: Mapping[str, bytes], row: AuditRow) -> Opened:
    """Open what the keys of people, by their ids, open of one row."""
    told: Told = {}
    column = row.personal
    if DRAFT in column:
        column = drafts.opened(column) if row.actor_id in keys else {}
    for party, key in (("actor", keys.get(row.actor_id)), ("target", keys.get(row.target_id))):
        sealed = column.get(party)
        if sealed and key:
            told = _merged(told, _unsealed(key, sealed))
    in_clear = {name: text for name, text in column.items() if name not in {"actor", "target"}}
    return Opened(**_merged(told, {**in_clear, "changes": row.changes}))


def storable(text: str, most: int) -> str:
    """Cut a text, and replace what PostgreSQL refuses: a forged value must not hide its refusal."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")[:most]


def _names_somebody(name: str, sides: list[Any], *, is_person: bool) -> bool:
    is_theirs = name in _THEIRS if is_person else name == _SEARCH
    return is_theirs or any("@" in side for side in sides if isinstance(side, str))


def _sealed(key: bytes, told: Told) -> str:
    return b64encode(encrypt_under(key, orjson.dumps(told), purpose=KEY_PURPOSE)).decode()


def _unsealed(key: bytes, sealed: str) -> Told:
    told: Told = orjson.loads(decrypt_under(key, b64decode(sealed), purpose=KEY_PURPOSE))
    return told


def _merged(one: Told, other: Told) -> Told:
    changes = {**one.get("changes", {}), **other.get("changes", {})}
    return {**one, **other, "changes": changes}
