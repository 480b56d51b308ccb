"""
Whom an identity provider switches off over SCIM is refused at their next request by each of two
workers, with Redis healthy and with Redis dead; so is whoever is deleted there.
"""

from __future__ import annotations

import pytest

from tests.journeys.clients import Caller
from tests.journeys.clubs import founded
from tests.journeys.probers_of_scim import described, issued, switch
from tests.journeys.scene import Scene

pytestmark = pytest.mark.journey


def statuses(workers: list[Caller], token: str) -> list[int]:
    """What each worker answers to the next request of somebody."""
    return [worker.send("GET", "/api/v1/me", token=token).status for worker in workers]


def test_both_workers_refuse_at_once_whom_the_provider_switched_off(deploy, sink, figure):
    world = deploy(RATE_LIMITS="default=1000000/60s,login=100000/60s,scim=100000/60s")
    scene = Scene(world, sink, "healthy")
    club = founded(world, scene.signed_in())
    token, provider = issued(club), scene.caller()
    people = [described(scene, club, provider, token) for _ in range(4)]
    workers = scene.to_each(scene.network())
    assert len(workers) == 2

    for state, chosen in (("healthy", people[:2]), ("dead", people[2:])):
        if state == "dead":
            world.redis.kill()
        for visitor, _ in chosen:
            assert statuses(workers, visitor.access) == [200, 200]
        (first, first_id), (second, second_id) = chosen
        assert switch(provider, token, first_id, active=False) == 200
        assert statuses(workers, first.access) == [401, 401]
        path = f"/scim/v2/Users/{second_id}"
        assert provider.send("DELETE", path, token=token).status == 204
        assert statuses(workers, second.access) == [401, 401]
        assert {first.go_on().status, first.sign_in().status} == {401}
        figure(f"Redis {state}: switched off and deleted, refused by both workers at once")
