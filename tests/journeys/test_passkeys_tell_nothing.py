"""
Whether a passkey is known shows neither in the answer nor in its time, as far as ranks can tell.

As ``test_timing_tells_nothing``: one worker, one thread, known and unknown passkeys in random
order, each with a person and a network of its own. All signatures are by a stranger.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator

import pytest

from plinto.kernel.ids import uuid7
from tests.accounts.authenticators import Authenticator
from tests.journeys.test_timing_tells_nothing import LEAST_P, SAMPLES, WARM_UP, Comparison
from tests.journeys.world import World, deployed
from tests.servers.postgres import PostgresServer
from tests.statistics import quantile

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("load")]

LOGIN = "/api/v1/auth/login/passkey"
_INSERT_PASSKEY = """
INSERT INTO accounts_passkey (id, user_id, credential_id, public_key, sign_count, transports,
    aaguid, is_backup_eligible, is_backed_up, name, created_at)
SELECT %s, id, %s, %s, 0, '[]', %s, false, false, '', now() FROM accounts_user WHERE email = %s
"""


@pytest.fixture(scope="module")
def world(shared_postgres: PostgresServer) -> Iterator[World]:
    with deployed(shared_postgres, WEB_WORKERS="1", WEB_THREADS="1") as world:
        yield world


def known_ids(world: World) -> list[bytes]:
    """Give as many people as are wanted a passkey each."""
    found = []
    for email in world.populate(SAMPLES + WARM_UP):
        found.append(secrets.token_bytes(32))
        own = Authenticator()
        world.sql(_INSERT_PASSKEY, uuid7(), found[-1], own.public_key(), uuid7(), email)
    return found


def test_a_known_and_an_unknown_passkey_get_one_answer_in_one_time(world, figure):
    comparison, caller = Comparison(), world.caller()
    turns = [(key, True) for key in known_ids(world)]
    turns += [(secrets.token_bytes(32), False) for _ in turns]
    random.Random(LOGIN).shuffle(turns)
    for number, (credential_id, is_known) in enumerate(turns):
        caller.address = f"10.9.{number >> 8}.{number & 255}"
        options = caller.send("POST", f"{LOGIN}/options", {}).body
        stranger = Authenticator(origin=world.web.url, credential_id=credential_id)
        passkey = stranger.get(options, userHandle=None)
        answer = caller.send("POST", LOGIN, {"passkey": passkey})
        if number >= 2 * WARM_UP:
            comparison.note(answer, is_known=is_known)
    known, unknown = (quantile(comparison.seconds[side], 0.5) * 1000 for side in (True, False))
    figure(
        f"{SAMPLES} a side, median known {known:.2f} ms, unknown {unknown:.2f} ms,"
        f" p = {comparison.p:.3f}"
    )
    assert comparison.shapes[True] == comparison.shapes[False]
    assert len(comparison.shapes[True]) == 1
    assert comparison.p > LEAST_P
