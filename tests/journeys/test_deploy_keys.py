"""Signing keys that are gone, or that FIELD_KEYS does not open: 503, and never a silent new one."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator

import pytest

from tests.journeys.clients import Answer, Visitor
from tests.journeys.refusals import statuses
from tests.journeys.waiting import eventually
from tests.journeys.world import World, deployed
from tests.servers.plinto import manage
from tests.servers.postgres import PostgresServer

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("keys")]

# Each process reads its ring anew every five seconds.
NOTICED_WITHIN = 20.0


@pytest.fixture(scope="module")
def world(shared_postgres: PostgresServer) -> Iterator[World]:
    with deployed(shared_postgres) as world:
        yield world


@pytest.fixture
def visitor(world: World) -> Visitor:
    [email] = world.populate(1)
    visitor = world.visitor(email, is_kept=False)
    assert visitor.sign_in().status == 200
    return visitor


def asked(world: World, visitor: Visitor) -> list[Answer]:
    """Everything that needs a key, of either worker; tokens are kept as they were."""
    stranger = world.visitor(visitor.email, is_kept=False)
    asks: list[Callable[[], Answer]] = [visitor.me, visitor.go_on, stranger.sign_in]
    return [ask() for ask in asks * 4]


def readiness(world: World) -> set[int]:
    """What every worker says of itself."""
    found = set()
    for pid in world.web.worker_pids():
        with world.web.only(pid):
            found.add(world.caller(is_kept=False).send("GET", "/health/ready").status)
    return found


def keys(world: World) -> list[tuple[str]]:
    return world.sql("SELECT kid FROM accounts_signing_key ORDER BY kid")


def is_refused_for_now(answer: Answer) -> bool:
    return answer.status == 503 and int(answer.headers["Retry-After"]) >= 1


def test_without_a_key_row_nobody_is_signed_out_and_none_is_made(world, visitor):
    before = keys(world)
    world.sql("CREATE TABLE kept AS TABLE accounts_signing_key")
    world.sql("DELETE FROM accounts_signing_key")
    eventually(lambda: readiness(world) == {503}, seconds=NOTICED_WITHIN)
    answers = asked(world, visitor)
    assert [answer.content for answer in answers if not is_refused_for_now(answer)] == []
    assert statuses(world, "/.well-known/jwks.json") == {503}
    assert keys(world) == []
    world.sql("INSERT INTO accounts_signing_key SELECT * FROM kept")
    eventually(lambda: readiness(world) == {200}, seconds=NOTICED_WITHIN)
    assert {answer.status for answer in asked(world, visitor)} == {200}
    assert keys(world) == before


def test_with_other_field_keys_nobody_gets_in_and_no_key_is_made(world, visitor):
    before, right = keys(world), world.web.environment["FIELD_KEYS"]
    wrong = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    world.web.terminate()
    world.web.environment["FIELD_KEYS"] = wrong
    manage("rotate_signing_key", "--if-none", environment=world.web.environment)
    world.web.launch()
    assert (readiness(world), statuses(world, "/.well-known/jwks.json")) == ({503}, {503})
    answers = asked(world, visitor)
    assert [answer.content for answer in answers if not is_refused_for_now(answer)] == []
    assert keys(world) == before
    world.web.terminate()
    world.web.environment["FIELD_KEYS"] = right
    world.web.launch()
    assert readiness(world) == {200}
    assert {answer.status for answer in asked(world, visitor)} == {200}
