"""
The trail of a load: rows that are sealed as the worker seals them, and signed by it.

A row is hashed over its canonical JSON. Of millions of rows all but a few values are the same, so
each form is written once by the very code that seals (``audit.chain.Link``), and the values are
put in afterwards.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

import orjson

from audit.chain import NOTHING, SYSTEM_CHAIN, Link, moment
from audit.events import Event
from audit.models import AuditRow, ChainHead
from audit.parties import ActorKind
from audit.services import heads
from audit.services.personal import KEY_PURPOSE
from plinto.kernel.crypto import encrypt_under
from plinto.seeding import tables
from plinto.seeding.numbers import ROLES, Kind, Load, dashed
from plinto.seeding.people import AGENTS
from plinto.seeding.tables import Row, Shape

_VARYING = (
    *("id", "occurred_at", "actor_id", "target_id", "organization_id", "session_id"),
    *("personal", "chain", "sequence", "previous_hash", "sealed_hash"),
)
# What stands for a value in a form: no two of them alike, and nothing of it in the rest.
_ID, _ACTOR, _TARGET, _ORGANIZATION, _SESSION, _CHAIN = (
    UUID(int=0xF0F1F2F3F4F5F6F7F8F9FAFBFCFDFE00 + number) for number in range(6)
)
_AT = datetime(1970, 1, 2, 3, 4, 5, 678901, UTC)
_SEQUENCE = 987_654_321_987
_PREVIOUS = hashlib.sha256(b"previous").digest()
_PERSONAL = "sealed-for-the-actor"


class Form:
    """Rows of one event, told alike."""

    def __init__(self, load: Load, event: Event, *, target_kind: str, is_in: bool) -> None:
        changes = {"role": [None, ROLES[-1]]} if "changes" in event.needs else {}
        described = {
            "action": event.value,
            "outcome": "success",
            "actor_kind": ActorKind.USER.value,
            "target_kind": target_kind,
            "changes": changes,
        }
        row = AuditRow(
            id=_ID,
            occurred_at=_AT,
            actor_id=str(_ACTOR),
            target_id=str(_TARGET),
            organization_id=_ORGANIZATION if is_in else None,
            session_id=_SESSION,
            personal={"actor": _PERSONAL},
            **described,
        )
        text = Link(_CHAIN, _SEQUENCE, _PREVIOUS, row.said()).octets().decode()
        text = text.replace("%", "%%")
        for stands, name in (
            *((str(_ID), "id"), (moment(_AT), "at"), (str(_ACTOR), "actor")),
            *((str(_TARGET), "target"), (str(_ORGANIZATION), "organization")),
            *((str(_SESSION), "session"), (_PERSONAL, "personal"), (str(_CHAIN), "chain")),
            *((str(_SEQUENCE), "sequence"), (_PREVIOUS.hex(), "previous")),
        ):
            text = text.replace(stands, f"%({name})s")
        self._text = text
        self.shape = Shape(AuditRow, *_VARYING, sealed_at=load.now, **described)

    def hash(self, **values: str | int) -> bytes:
        """What ``Link.hash`` returns for a row of this form."""
        return hashlib.sha256((self._text % values).encode()).digest()


class Chains:
    """The rows of a load in order, each linked to the one before it in its chain."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._started = Form(load, Event.SESSION_STARTED, target_kind="session", is_in=False)
        self._joined = Form(load, Event.MEMBER_JOINED, target_kind="user", is_in=True)
        self._sealed = [_sealed(load, number) for number in range(250)]
        self._heads: dict[str, tuple[int, bytes]] = {}

    def write(self) -> Iterator[int]:
        """
        Write the rows a portion at a time, under the lock of the deployment's chain.

        The chains of the organizations are theirs alone, because these are of this load.
        """
        numbers = iter(range(self._load.trail))
        while portion := list(islice(numbers, tables.PORTION)):
            with tables.unhurried():
                head = None
                while head is None:  # a worker that seals is done in a moment
                    head = heads.held(SYSTEM_CHAIN, now=self._load.now)
                heads.follow_rows(head)
                self._heads[SYSTEM_CHAIN.hex] = (head.sequence, bytes(head.head_hash))
                tables.add([self._row(number) for number in portion])
                head.sequence, head.head_hash = self._heads[SYSTEM_CHAIN.hex]
                head.save(update_fields=["sequence", "head_hash"])
                self._keep_heads()
            yield len(portion)

    def _keep_heads(self) -> None:
        rows = [
            ChainHead(chain=UUID(chain), sequence=at, head_hash=head, moved_at=self._load.now)
            for chain, (at, head) in self._heads.items()
            if chain != SYSTEM_CHAIN.hex
        ]
        ChainHead.objects.bulk_create(
            rows,
            batch_size=500,
            update_conflicts=True,
            unique_fields=["chain"],
            update_fields=["sequence", "head_hash"],
        )

    def _row(self, number: int) -> Row:
        """Sign-ins of the deployment and joins of organizations, turn about."""
        load, is_in = self._load, number % 2 == 1
        person = number // 2 % load.people
        actor, session = load.person(person), load.id(Kind.SESSION, number // 2 % load.sessions)
        if is_in:
            organization = load.organization_of(person)
            chain = load.id(Kind.ORGANIZATION, organization)
            actor = load.person(load.owner_of(organization))
            return self._linked(self._joined, number, chain, actor, load.person(person), session)
        return self._linked(self._started, number, SYSTEM_CHAIN.hex, actor, session, session)

    def _linked(
        self, form: Form, number: int, chain: str, actor: str, target: str, session: str
    ) -> Row:
        key = self._load.id(Kind.ROW, number)
        at = self._load.at(key)
        sequence, previous = self._heads.get(chain, (0, NOTHING))
        sealed = self._sealed[number % len(self._sealed)]
        sequence += 1
        found = form.hash(
            id=dashed(key),
            at=f"{at.replace(' ', 'T')}+00:00",
            actor=dashed(actor),
            target=dashed(target),
            organization=dashed(chain),
            session=dashed(session),
            personal=sealed,
            chain=dashed(chain),
            sequence=sequence,
            previous=previous.hex(),
        )
        self._heads[chain] = (sequence, found)
        organization = None if chain == SYSTEM_CHAIN.hex else chain
        told = f'{{"actor": "{sealed}"}}'
        parties = (dashed(actor), dashed(target), organization, session)
        place = (chain, str(sequence), previous, found)
        return form.shape, (key, at, *parties, told, *place)


def _sealed(load: Load, number: int) -> str:
    """What a row tells of who acted, under the key that the people of a load share."""
    told = {"address": f"198.51.100.{number + 1}", "agent": AGENTS[number % len(AGENTS)]}
    hidden = encrypt_under(load.trail_key, orjson.dumps(told), purpose=KEY_PURPOSE)
    return b64encode(hidden).decode()
