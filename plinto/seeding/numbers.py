"""Who is who in a load: ids, moments and places in organizations, all computed from a number."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from accounts.rules.permissions import BUILT_IN

ROLES = tuple(BUILT_IN)  # the owner's first
_BIG = 10  # one in ten people is in the one big organization
_MEMBERS = 500  # of each of the others
_SPAN = timedelta(days=20)
_MILLISECONDS = int(_SPAN.total_seconds() * 1000) - 60_000
_FINE = 1_000  # parts of a millisecond in which the way from one id to the next is counted


class Kind(IntEnum):
    """What an id names; part of the id, so that two kinds never share one."""

    USER = 1
    SESSION = 2
    ORGANIZATION = 3
    ROLE = 4
    MEMBERSHIP = 5
    API_KEY = 6
    ENDPOINT = 7
    DELIVERY = 8
    MAIL = 9
    ROW = 10


# So many of a kind there are for each person at most; of the others there is one.
_MOST_EACH = dict.fromkeys(Kind, 1) | {Kind.ROLE: len(ROLES), Kind.DELIVERY: 5}


@dataclass(frozen=True, slots=True)
class Load:
    """
    How much is made, and what all of it shares.

    ``run`` is 24 bits that keep the ids and addresses of one load from those of another;
    ``password`` is a hash, ``trail_key`` a sealed key for what the trail tells of these people.
    """

    people: int
    sessions: int
    trail: int
    run: int
    now: datetime
    password: str
    trail_key: bytes
    _begun: int = field(init=False, repr=False)
    _heads: dict[Kind, tuple[str, int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        many = {Kind.SESSION: self.sessions, Kind.ROW: self.trail}
        heads = {
            kind: (
                f"7{kind:03x}8{self.run:06x}",
                _MILLISECONDS * _FINE // max(many.get(kind, self.people) * _MOST_EACH[kind], 1),
            )
            for kind in Kind
        }
        object.__setattr__(self, "_begun", int((self.now - _SPAN).timestamp() * 1000))
        object.__setattr__(self, "_heads", heads)

    def id(self, kind: Kind, number: int) -> str:
        """The 32 digits of a UUIDv7 whose time runs from three weeks ago to a moment ago."""
        head, steps = self._heads[kind]
        return f"{self._begun + number * steps // _FINE:012x}{head}{number:09x}"

    def at(self, key: str) -> str:
        """The moment inside an id, in UTC, as both databases read it."""
        return stamp(datetime.fromtimestamp(int(key[:12], 16) / 1000, UTC))

    def email(self, number: int) -> str:
        return f"person{number}@{self.run:06x}.load.example"

    def person(self, number: int) -> str:
        return self.id(Kind.USER, number)

    @property
    def organizations(self) -> int:
        return self.organization_of(self.people - 1) + 1

    def organization_of(self, person: int) -> int:
        """The number of the one organization somebody is in; 0 is the big one."""
        big = self.people // _BIG
        return 0 if person < big else 1 + (person - big) // _MEMBERS

    def owner_of(self, organization: int) -> int:
        """The number of the first member of an organization."""
        return self.people // _BIG + (organization - 1) * _MEMBERS if organization else 0

    def role_of(self, person: int) -> str:
        """The id of a person's role: one owns each organization, one in twenty helps."""
        organization = self.organization_of(person)
        rank = 0 if person == self.owner_of(organization) else 1 if person % 20 == 1 else 2
        return self.id(Kind.ROLE, organization * len(ROLES) + rank)


def stamp(moment: datetime) -> str:
    """A moment in UTC as a column of either database reads it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def dashed(key: str) -> str:
    """An id as texts name it."""
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"
