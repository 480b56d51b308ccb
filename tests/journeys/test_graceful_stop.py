"""SIGTERM in the middle of traffic: whatever the server took, it answers."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from tests.factories import PASSWORD
from tests.journeys.clients import BrokenConnection, Visitor
from tests.journeys.ledger import crowd
from tests.journeys.world import World

pytestmark = pytest.mark.journey

CLIENTS = 8


@dataclass
class Traffic:
    """Ids of the requests that clients sent, by whether an answer came."""

    answered: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def flow(self, visitor: Visitor) -> None:
        """Sign in and ask who one is until nobody listens any more."""
        while True:
            for method, path, body in (
                ("POST", "/api/v1/auth/login", {"email": visitor.email, "password": PASSWORD}),
                ("GET", "/api/v1/sessions", None),
                ("POST", "/api/v1/auth/password/reset", {"email": visitor.email}),
            ):
                request_id = uuid4().hex
                headers = {"X-Request-ID": request_id}
                try:
                    answer = visitor.caller.send(
                        method, path, body, token=visitor.access, headers=headers
                    )
                except BrokenConnection:
                    self.broken.append(request_id)
                    return
                self.answered[request_id] = answer.status
                if path.endswith("login"):
                    visitor.access = answer.body["access"]


def served(world: World) -> dict[str, int]:
    """Read the requests and statuses that the server says it answered, from its log."""
    lines = [json.loads(line) for line in world.web.log().splitlines()]
    return {
        line["request_id"]: line["status"] for line in lines if line["event"] == "request.answered"
    }


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "one_each"])
def test_what_was_taken_before_sigterm_is_answered(deploy, figure, is_kept):
    world, traffic = deploy(), Traffic()
    people = world.populate(CLIENTS)
    visitors = [
        world.visitor(email, address=f"10.0.0.{number}", is_kept=is_kept)
        for number, email in enumerate(people)
    ]
    threads = crowd(lambda number: traffic.flow(visitors[number]), size=CLIENTS)
    time.sleep(2)
    began = time.monotonic()
    status = world.web.terminate()
    took = time.monotonic() - began
    for thread in threads:
        thread.join()
    figure(f"{len(traffic.answered)} answered, {len(traffic.broken)} not taken, {took:.1f} s")
    assert status == 0
    assert served(world) == traffic.answered
    assert set(traffic.answered.values()) <= {200, 202}
