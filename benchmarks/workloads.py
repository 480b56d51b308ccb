"""
What is asked of whom: each workload is a list of cells, and each cell is one contender's turn.

Tokens, people and addresses are the same for all as far as their doors allow it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import Any

from benchmarks.contenders import PEOPLE, Running
from benchmarks.doors import Tokens, ask
from benchmarks.load import Stream, Tally

CONNECTIONS = 64
CROWD = 1_000
# Seconds that readers ask before anything is timed.
_LEAD = 1.0
# More than enough to keep every thread that hashes busy.
SIGNING_IN = 16
# A sign-up is sent once; as many are prepared for each second as no two cores hash.
_SIGN_UPS_A_SECOND = 150


def _nothing(_tallies: list[Tally]) -> None:
    """Keep nothing of what the clients saw."""


@dataclass(frozen=True, slots=True)
class Cell:
    """
    One contender's turn in a workload.

    ``streams`` is made anew for every turn of so many seconds; ``keep`` gets what the clients saw.
    ``strike`` is called before the clock starts, ``heal`` after it has stopped.
    """

    workload: str
    contender: Running
    streams: Callable[[float], list[Stream]]
    variant: str = ""
    connections: int = CONNECTIONS
    keep: Callable[[list[Tally]], None] = _nothing
    warm: Callable[[], list[Stream]] | None = None
    strike: Callable[[], None] | None = None
    heal: Callable[[], None] | None = None

    @property
    def name(self) -> str:
        parts = (self.workload, self.contender.key, self.variant, f"{self.connections} conn.")
        return ", ".join(part for part in parts if part)


@dataclass(slots=True)
class Guest:
    """A contender and what its people hold."""

    running: Running
    tokens: list[Tokens]
    newcomers: Iterator[int] = field(default_factory=lambda: count(PEOPLE))

    @classmethod
    def of(cls, running: Running, people: int) -> Guest:
        """
        Let people sign in.

        :raises ValueError: one of them was refused
        """
        tokens = []
        for number in range(people):
            status, body, headers = ask(running.port, running.doors.sign_in(number))
            if status != 200:
                raise ValueError(f"{running.key} answers a sign-in with {status}: {body}")
            tokens.append(running.doors.credentials(body, headers))
        return cls(running, tokens)

    def me(self, tokens: int = 1) -> list[dict[str, Any]]:
        return [self.running.doors.me_request(each) for each in self.tokens[:tokens]]


def me(guest: Guest, *, connections: int = CONNECTIONS, tokens: int = 1) -> Cell:
    asked = guest.me(tokens)
    return Cell(
        "me",
        guest.running,
        lambda _seconds: [Stream(connections, asked, lead=_LEAD)],
        variant=f"{tokens:,} tokens" if tokens > 1 else "",
        connections=connections,
        # Every token is known, as far as it ever will be, before anything is measured.
        warm=lambda: [Stream(CONNECTIONS, asked * (1 if tokens > 1 else 300), once=True)],
    )


def reading(
    workload: str,
    guest: Guest,
    request: dict[str, Any],
    *,
    expects: int = 200,
    connections: int = CONNECTIONS,
) -> Cell:
    """Ask one and the same thing again and again."""
    return Cell(
        workload,
        guest.running,
        lambda _seconds: [Stream(connections, [request], expects=expects, lead=_LEAD)],
        connections=connections,
    )


def refreshing(guest: Guest) -> Cell:
    """Let each connection go on from one refresh token to the next."""
    tokens = [each.refresh for each in guest.tokens[:CONNECTIONS]]

    def keep(tallies: list[Tally]) -> None:
        tokens[:] = tallies[0].tokens

    def streams(_seconds: float) -> list[Stream]:
        return [Stream(CONNECTIONS, chain=guest.running.doors.chain, tokens=list(tokens))]

    return Cell("refresh", guest.running, streams, variant="rotating", keep=keep)


def refreshing_again(guest: Guest) -> Cell:
    """Use the same refresh tokens again, as simplejwt does without rotation."""
    path = guest.running.doors.refresh
    requests = [
        {"method": "POST", "path": path, "body": {"refresh": each.refresh}}
        for each in guest.tokens[:CONNECTIONS]
    ]
    return Cell(
        "refresh",
        guest.running,
        lambda _seconds: [Stream(CONNECTIONS, requests)],
        variant="no rotation",
    )


def _sign_ins(guest: Guest) -> Stream:
    return Stream(SIGNING_IN, [guest.running.doors.sign_in(each) for each in range(PEOPLE)])


def signing_in(guest: Guest, *, knows_browsers: bool) -> Cell:
    return Cell(
        "login",
        guest.running,
        lambda _seconds: [_sign_ins(guest)],
        connections=SIGNING_IN,
        # Where browsers are known by sight, all are afterwards: no letter tells of a new one.
        warm=(lambda: [replace(_sign_ins(guest), once=True)]) if knows_browsers else None,
    )


def signing_up(guest: Guest) -> Cell:
    doors = guest.running.doors

    def streams(seconds: float) -> list[Stream]:
        people = islice(guest.newcomers, int(seconds * _SIGN_UPS_A_SECOND) + SIGNING_IN)
        requests = [doors.register(each) for each in people]
        return [Stream(SIGNING_IN, requests, once=True, expects=doors.registered)]

    return Cell("register", guest.running, streams, connections=SIGNING_IN)


def mixed(guest: Guest) -> Cell:
    """Ask who one is while others sign in as fast as hashes go."""
    asked = guest.me()
    return Cell(
        "mix",
        guest.running,
        lambda _seconds: [Stream(CONNECTIONS, asked, lead=_LEAD), _sign_ins(guest)],
        variant="me, while logins hash",
        connections=CONNECTIONS + SIGNING_IN,
    )
