"""The probers of provisioning: what was ended or switched off is refused at the next request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plinto.kernel.ids import uuid7
from sso import scim_controls as controls
from tests.journeys.clients import Answer, Caller, Visitor
from tests.journeys.clubs import Club, founded
from tests.journeys.scene import Scene, everywhere, proves

_PROVE = """
INSERT INTO accounts_organization_domain (id, organization_id, name, token, created_at, verified_at)
VALUES (%s, %s, %s, '', now(), now())
"""
_MOVE = "UPDATE accounts_user SET email = %s, email_key = %s WHERE email = %s"


@proves(controls.SCIM_TOKENS)
def scim_tokens_that_ended_open_nothing(scene: Scene) -> Iterator[None]:
    club = founded(scene.world, scene.signed_in())
    caller = scene.caller()
    first = issued(club)
    assert everywhere(lambda: ask(caller, first)) == {200}
    second = issued(club)
    yield
    assert everywhere(lambda: ask(caller, first)) == {401}
    assert everywhere(lambda: ask(caller, second)) == {200}
    third = issued(club)
    assert everywhere(lambda: ask(caller, second)) == {401}
    assert caller.send("GET", "/api/v1/me", token=third).status == 401
    assert club.send(club.owner, "DELETE", "/scim/token").status == 204
    assert everywhere(lambda: ask(caller, third)) == {401}


@proves(controls.PROVISIONING)
def whom_a_provider_switches_off_is_refused(scene: Scene) -> Iterator[None]:
    club = founded(scene.world, scene.signed_in())
    caller, token = scene.caller(), issued(club)
    before, after = (described(scene, club, caller, token) for _ in range(2))
    assert switch(caller, token, before[1], active=False) == 200
    yield
    assert everywhere(before[0].me) == {401}
    assert everywhere(after[0].me) == {200}
    assert switch(caller, token, after[1], active=False) == 200
    assert everywhere(after[0].me) == {401}
    assert {after[0].sign_in().status for _ in range(2)} == {401}
    assert switch(caller, token, before[1], active=True) == 200
    assert everywhere(before[0].me) == {401}


def issued(club: Club) -> str:
    """Make a token, in place of the one before it."""
    answer = club.send(club.owner, "POST", "/scim/token")
    assert answer.status == 201
    return str(answer.body["token"])


def ask(caller: Caller, token: str) -> Answer:
    """Ask for users as an identity provider does."""
    return caller.send("GET", "/scim/v2/Users?count=1", token=token)


def described(scene: Scene, club: Club, caller: Caller, token: str) -> tuple[Visitor, str]:
    """Let the provider describe somebody who is signed in, in a domain of their own."""
    domain = f"{uuid7().hex}.example"
    scene.world.sql(_PROVE, uuid7(), club.id, domain)
    [email], moved = scene.world.populate(1), f"somebody@{domain}"
    scene.world.sql(_MOVE, moved, moved, email)
    visitor = scene.signed_in(moved)
    answer = caller.send("POST", "/scim/v2/Users", {"userName": visitor.email}, token=token)
    assert answer.status == 201
    assert everywhere(lambda: club.members(visitor)) == {200}
    return visitor, str(answer.body["id"])


def switch(caller: Caller, token: str, user_id: str, *, active: Any) -> int:
    """Let the provider say whether somebody is active."""
    operations = [{"op": "replace", "path": "active", "value": active}]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}
    return caller.send("PATCH", f"/scim/v2/Users/{user_id}", body, token=token).status
