"""What acts, trail and receivers must have in common once nothing is under way any more."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from audit.events import Event
from tests.journeys.busy_clubs import Owner
from tests.journeys.world import World
from tests.servers.receiver import Receiver
from webhooks import catalogue

# A killed worker's rows wait for their lease; those of one that lives are sent once more.
_COME_DUE = "UPDATE webhooks_delivery SET due_at = now() WHERE state = 'due' AND lease IS NOT NULL"
_LEFT = {
    "rows to be sealed": "SELECT count(*) FROM audit_row WHERE sealed_hash IS NULL",
    "rows to be signed": "SELECT count(*) FROM audit_chain_head WHERE sequence > signed_sequence",
    "rows to be read": """
        SELECT count(*) FROM webhooks_endpoint e
        JOIN audit_chain_head h ON h.chain = e.organization_id OR e.organization_id IS NULL
        LEFT JOIN webhooks_position p ON p.endpoint_id = e.id AND p.chain = h.chain
        WHERE coalesce(p.sequence, 0) < h.sequence
    """,
    "messages to be sent": "SELECT count(*) FROM webhooks_delivery WHERE state = 'due'",
}
# What was done, by the word of the row that each must have, and each of which must have one.
_DONE = {
    "invitation.sent": "SELECT id::text FROM accounts_invitation",
    "session.started": "SELECT id::text FROM accounts_session",
    "api_key.created": """
        SELECT id::text FROM accounts_api_key
        UNION SELECT target_id FROM audit_row WHERE action = 'api_key.deleted'
    """,
}
_ROWS = """
SELECT id::text, action, outcome, organization_id::text, request_id, target_id, changes
FROM audit_row ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the trail, as far as it is reckoned with."""

    id: str
    action: str
    outcome: str
    organization_id: str | None
    request_id: str
    target_id: str
    changes: dict[str, Any]

    @property
    def is_told(self) -> bool:
        return self.outcome == "success" and Event(self.action) in catalogue.TOLD


@dataclass
class Found:
    """What does not agree, in words, and how much there was."""

    faults: list[str] = field(default_factory=list)
    rows: int = 0
    messages: int = 0
    twice: int = 0


def is_settled(world: World) -> bool:
    """Say whether every row is sealed, signed, read and sent."""
    left = {what: world.sql(statement)[0][0] for what, statement in _LEFT.items()}
    if left.pop("messages to be sent") and not any(left.values()):
        world.sql(_COME_DUE)
        return False
    return not any(left.values())


def reckon(world: World, owners: Iterable[Owner], receiver: Receiver) -> Found:
    """Hold what owners were told against the trail, and the trail against what receivers got."""
    owners = list(owners)
    rows = [Row(*columns) for columns in world.sql(_ROWS)]
    found = Found(rows=len(rows))
    found.faults += _of_acknowledged(owners, rows)
    found.faults += _of_what_was_done(world, rows)
    for owner in owners:
        found.faults += _of_role(world, owner, rows)
    told = _told(receiver)
    found.messages = sum(map(len, told.values()))
    found.twice = sum(many > 1 for ids in told.values() for many in ids.values())
    wanted = {f"/{owner.club.id}": set[str]() for owner in owners} | {"/all": set[str]()}
    for row in rows:
        wanted["/all"].add(row.id)
        if row.is_told and row.organization_id:
            wanted[f"/{row.organization_id}"].add(row.id)
    for path, ids in wanted.items():
        found.faults += [f"{path} was never told of {each}" for each in ids - told[path].keys()]
        found.faults += [f"{path} was told of {each}" for each in told[path].keys() - ids]
    return found


def _of_acknowledged(owners: list[Owner], rows: list[Row]) -> Iterator[str]:
    there = Counter((row.request_id, row.action) for row in rows if row.outcome == "success")
    for owner in owners:
        for act in owner.done:
            many = there[act.request_id, act.action]
            if many != 1:
                yield f"{act} has {many} rows"
    for (request_id, action), many in there.items():
        if request_id and many > 1 and action != "session.ended":
            yield f"{action} of request {request_id} has {many} rows"


def _of_what_was_done(world: World, rows: list[Row]) -> Iterator[str]:
    for action, statement in _DONE.items():
        done = {key for (key,) in world.sql(statement)}
        told = [row.target_id for row in rows if row.action == action and row.outcome == "success"]
        yield from (f"{action} of {key} has no row" for key in done - set(told))
        yield from (f"{action} of {key} was never done" for key in set(told) - done)
        yield from (f"{action} of {key} has {n} rows" for key, n in Counter(told).items() if n > 1)
    [[registrations]] = world.sql("SELECT count(*) FROM accounts_registration")
    signed_up = sum(row.action == "user.registered" for row in rows)
    if registrations != signed_up:
        yield f"{registrations} registrations have {signed_up} rows"


def _of_role(world: World, owner: Owner, rows: list[Row]) -> Iterator[str]:
    """Each change begins where the one before it ended, and the last one is what holds."""
    changes = [
        row.changes["role"]
        for row in rows
        if row.action == "member.updated" and row.target_id == owner.member.user_id
    ]
    role = "member"
    for before, after in changes:
        if before != role:
            yield f"a role was changed from {before}, and {role} was what the trail told before"
        role = after
    statement = """
        SELECT r.name FROM accounts_membership m JOIN accounts_role r ON r.id = m.role_id
        WHERE m.user_id = %s
    """
    [[held]] = world.sql(statement, owner.member.user_id)
    if held != role:
        yield f"the role is {held}, and the trail tells {role}"


def _told(receiver: Receiver) -> defaultdict[str, Counter[str]]:
    """How often each address was told of each event."""
    told: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for asked in list(receiver.asked):
        told[asked.path][asked.headers["webhook-id"]] += 1
    return told
