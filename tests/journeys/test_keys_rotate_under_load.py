"""
The signing key is replaced while clients run, and nobody who refreshes in time notices.

The full form, ``JOURNEY_PATIENT=1``, waits until both workers have read the ring again and
until the overlap of the old key is over (35 s with this lifetime of tokens). The short form makes
the workers look by knocking with a token of an unknown key, which attackers may do too, and ends
the overlap in the row once every client holds a token of the new key.
"""

from __future__ import annotations

import json
import os
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

import pytest

from tests.journeys.clients import Visitor
from tests.journeys.ledger import Ledger, crowd, summary
from tests.journeys.waiting import eventually
from tests.journeys.world import World
from tests.servers.plinto import manage

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("load")]

CLIENTS = 8
TOKENS_LIVE = 5
IS_PATIENT = bool(os.environ.get("JOURNEY_PATIENT"))


@dataclass
class Crowd:
    """Clients that ask who they are all the time, and refresh when half of a token's life is up."""

    world: World
    ledger: Ledger = field(default_factory=Ledger)
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Crowd:
        emails = self.world.populate(CLIENTS)
        self.visitors = [
            self.world.visitor(email, address=f"10.0.0.{number}", is_kept=False)
            for number, email in enumerate(emails)
        ]
        assert {visitor.sign_in().status for visitor in self.visitors} == {200}
        self._threads = crowd(lambda number: self._live(self.visitors[number]), size=CLIENTS)
        return self

    def __exit__(self, *exception: object) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

    def kids(self) -> set[str]:
        """Names of the keys that signed the tokens in use."""
        return {kid_of(visitor.access) for visitor in self.visitors}

    def _live(self, visitor: Visitor) -> None:
        refresh_at = 0.0
        while not self.over.wait(0.01):
            if time.monotonic() > refresh_at:
                refresh_at = time.monotonic() + TOKENS_LIVE / 2
                self.ledger.expect("refresh", visitor.go_on, status=200)
            self.ledger.expect("me", visitor.me, status=200)


def kid_of(token: str) -> str:
    header = token.partition(".")[0]
    return json.loads(urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]


def knock(world: World) -> None:
    """Present a token of a key nobody has, often enough that either worker sees it."""
    time.sleep(1.1)  # a ring is read for an unknown key once a second at most
    header = json.dumps({"alg": "EdDSA", "kid": "unknown", "typ": "at+jwt"}).encode()
    forged = urlsafe_b64encode(header).decode().rstrip("=") + ".e30.AAAA"
    caller = world.caller(is_kept=False)
    assert {caller.send("GET", "/api/v1/me", token=forged).status for _ in range(20)} == {401}


def published(world: World) -> list[set[str]]:
    """The key sets that ten requests in a row are given."""
    caller = world.caller(is_kept=False)
    answers = [caller.send("GET", "/.well-known/jwks.json").body for _ in range(10)]
    return [{key["kid"] for key in answer["keys"]} for answer in answers]


def end_overlap(world: World, old: str) -> None:
    if not IS_PATIENT:
        world.sql("UPDATE accounts_signing_key SET published_until = now() WHERE kid = %s", old)
        knock(world)


def test_nobody_is_refused_while_the_key_is_replaced_and_the_old_one_leaves(deploy, figure):
    world = deploy(ACCESS_TOKEN_TTL=str(TOKENS_LIVE), LOG_LEVEL="WARNING")
    with Crowd(world) as crowd:
        [old] = crowd.kids()
        said = manage("rotate_signing_key", "--now", environment=world.web.environment)
        new = said.split()[1]
        assert all(old in keys for keys in published(world))
        if not IS_PATIENT:
            knock(world)
        eventually(lambda: crowd.kids() == {new}, seconds=60)
        end_overlap(world, old)
        eventually(lambda: all(keys == {new} for keys in published(world)), seconds=60)
        time.sleep(1)
    figure(summary(answer for _, answer in crowd.ledger.answers))
    assert crowd.ledger.wrong == []
