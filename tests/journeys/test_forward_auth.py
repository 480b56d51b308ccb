"""
nginx in front of an application, with the configuration that docs/forward-auth.md shows.

The application tells which headers reached it, so what a client forged would be seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.journeys.clients import Answer, Caller, Visitor
from tests.journeys.clubs import Club, founded
from tests.journeys.world import World, deployed
from tests.servers import nginx
from tests.servers.postgres import PostgresServer
from tests.servers.process import free_port
from tests.servers.website import Asked, Reply, Website

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("forward auth")]

# More than the other tests need of the one network that all of them come from.
REFUSALS = 60
FORGED = {
    "X-Plinto-User": "root",
    "X-Plinto-Session": "mine",
    "X-Plinto-Key": "any",
    "X-Plinto-Organization": "theirs",
    "X-Plinto-Scopes": "*",
}


@dataclass
class Street:
    """A deployment, an organization in it, and an application behind nginx at ``port``."""

    world: World
    club: Club
    port: int

    def go(self, who: Visitor | None, path: str = "/") -> Answer:
        """Come to the application from outside, with headers that only Plinto may set."""
        token = who.access if who else ""
        return Caller(self.port).send("POST", path, {"a": 1}, token=token, headers=FORGED)

    def signed_in(self) -> Visitor:
        [email] = self.world.populate(1)
        visitor = self.world.visitor(email)
        assert visitor.sign_in().status == 200
        return visitor


def documented(root: Path, **changes: str) -> dict[str, str]:
    """The files of the page, by the names in their first lines, with addresses of this test."""
    page = (root / "docs" / "forward-auth.md").read_text()
    files = {}
    for text in re.findall(r"```nginx\n(.*?)```", page, re.DOTALL):
        for before, after in changes.items():
            text = text.replace(before, after)
        files[re.match(r"# (\w+\.conf)", text)[1]] = text
    return files


@pytest.fixture(scope="module")
def street(_own_postgres_server: PostgresServer) -> Iterator[Street]:
    nginx.installed()
    port = free_port()
    limits = f"default.address={REFUSALS}/60s"
    # On a machine that is busy with other tests a slow answer is no trouble with Redis; believed to
    # be some, it would let the processes begin to count anew by themselves.
    with (
        deployed(_own_postgres_server, RATE_LIMITS=limits, REDIS_TIMEOUT="2") as world,
        Website(_told) as application,
    ):
        [email] = world.populate(1)
        owner = world.visitor(email)
        assert owner.sign_in().status == 200
        club = founded(world, owner)
        files = documented(
            Path(__file__).resolve().parents[2],
            **{
                "127.0.0.1:8000": f"127.0.0.1:{world.web.port}",
                "127.0.0.1:9000": f"127.0.0.1:{application.port}",
                "127.0.0.1:8080": f"127.0.0.1:{port}",
                "01930f6e-8d2b-7c31-9a54-4f0c8e6b7a10": club.id,
                "reports:read": "members:read",
            },
        )
        with nginx.running(files, port=port):
            yield Street(world, club, port)


def _told(asked: Asked) -> Reply:
    return Reply(parts=(json.dumps({**asked.headers, "body": asked.body.decode()}).encode(),))


def said(answer: Answer) -> dict[str, str]:
    """What the application heard under the names of Plinto."""
    assert answer.status == 200
    return {name: text for name, text in answer.body.items() if name.startswith("x-plinto-")}


def test_somebody_who_is_signed_in_passes_and_forged_headers_do_not(street):
    ada = street.signed_in()

    answer = street.go(ada)

    assert said(answer) == {"x-plinto-user": ada.user_id, "x-plinto-session": ada.session_id}
    assert answer.body["body"] == '{"a": 1}'


def test_without_a_token_the_application_hears_nothing(street):
    answer = street.go(None)

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_permission_opens_what_lacking_it_closes(street):
    viewer = street.club.joined(street.signed_in(), "viewer")
    member = street.club.joined(street.signed_in(), "member")

    assert street.go(viewer, "/reports/1").status == 403
    assert street.go(street.signed_in(), "/reports/1").status == 403
    assert said(street.go(member, "/reports/1"))["x-plinto-organization"] == street.club.id
    # What the client asks for is the application's, and no part of the question.
    assert street.go(viewer, "/reports/1?permission=organization:read").status == 403


def test_a_program_passes_with_its_key_and_is_no_person(street):
    body = {"name": "A", "scopes": ["members:read"]}
    made = street.club.send(street.club.owner, "POST", "/api-keys", body)
    program = Visitor(street.world.caller(), "", access=made.body["key"])

    assert said(street.go(program, "/reports/1")) == {
        "x-plinto-key": made.body["id"],
        "x-plinto-organization": street.club.id,
        "x-plinto-scopes": "members:read",
    }


@pytest.mark.parametrize("state", ["healthy", "killed"])
def test_a_session_that_was_ended_is_refused_at_its_next_request(street, state):
    leaving, staying = street.signed_in(), street.signed_in()
    assert [street.go(leaving).status, street.go(staying).status] == [200, 200]
    if state == "killed":
        street.world.redis.kill()

    assert leaving.send("POST", "/auth/logout", {}).status == 204

    # Connections of nginx lead to either worker.
    assert {street.go(leaving).status for _ in range(8)} == {401}
    assert {street.go(staying).status for _ in range(8)} == {200}


def test_a_network_that_was_refused_too_often_is_told_429_and_nobody_else(street):
    ada, nobody = street.signed_in(), Visitor(street.world.caller(), "", access="junk")

    last = [street.go(nobody) for _ in range(2 * REFUSALS)][-1]

    assert last.status == 429
    assert int(last.headers["Retry-After"]) > 0
    assert street.go(ada).status == 200
