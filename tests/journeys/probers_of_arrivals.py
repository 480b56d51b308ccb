"""The probers of arrivals: who comes by a connection, who must, and what ends with it."""

from __future__ import annotations

from collections.abc import Iterator

from accounts import federation_controls
from sso import arrival_controls
from tests.journeys.clients import Answer
from tests.journeys.clubs import founded
from tests.journeys.comers_by_connection import Gate
from tests.journeys.scene import Scene, everywhere, proves
from tests.races import at_once


@proves(federation_controls.ARRIVALS)
def a_code_opens_one_session_and_reaches_no_further_than_the_domain(scene: Scene) -> Iterator[None]:
    gate = Gate(scene, founded(scene.world, scene.signed_in()))
    other = scene.visitor()
    yield
    code = gate.vouch("ada")
    callers = [scene.caller() for _ in range(3)]
    racers = at_once(lambda n: code.exchange(callers[n]), times=3)
    assert sorted(each.status for each in racers) == [200, 401, 401]
    assert gate.vouch("eve", email=other.email).exchange(scene.caller()).status == 409
    late = gate.vouch("ada")
    gate.switch_off()
    assert late.exchange(scene.caller()).status == 401


@proves(federation_controls.SSO_REQUIRED)
def passwords_open_nothing_where_a_connection_must(scene: Scene) -> Iterator[None]:
    club = founded(scene.world, scene.signed_in())
    gate, employee = Gate(scene, club), scene.visitor()
    scene.world.sql(
        "UPDATE accounts_user SET email = 'ada@' || %s, email_key = 'ada@' || %s WHERE email = %s",
        gate.domain,
        gate.domain,
        employee.email,
    )
    employee.email = f"ada@{gate.domain}"
    assert employee.sign_in().status == 200
    yield
    asked = club.send(club.owner, "PATCH", "", {"policy": {"require_sso": True}})
    assert asked.status == 200
    assert everywhere(employee.sign_in) == {403}
    assert everywhere(employee.me) == {200}
    assert gate.vouch("ada").exchange(scene.caller()).status == 200
    assert club.owner.sign_in().status == 200


@proves(arrival_controls.CONNECTION_ENDS)
def whoever_came_by_a_connection_goes_with_it(scene: Scene) -> Iterator[None]:
    club = founded(scene.world, scene.signed_in())
    gate = Gate(scene, club)
    entry = gate.vouch("ada").exchange(scene.caller())
    assert entry.status == 200
    caller, access = scene.caller(), entry.body["access"]

    def me() -> Answer:
        return caller.send("GET", "/api/v1/me", token=access)

    assert everywhere(me) == {200}
    yield
    late = gate.vouch("ada")
    assert club.send(club.owner, "DELETE", "").status == 204
    assert everywhere(me) == {401}
    assert late.exchange(scene.caller()).status == 401
    refreshed = caller.send(
        "POST", "/api/v1/auth/token/refresh", {"refresh": entry.body["refresh"]}
    )
    assert refreshed.status == 401


@proves(arrival_controls.GROUP_ROLES)
def groups_give_what_the_organization_says_now(scene: Scene) -> Iterator[None]:
    club = founded(scene.world, scene.signed_in())
    gate = Gate(scene, club)

    def say(role: str) -> int:
        body = {"group_roles": [{"group": "engineers", "role": role}]}
        return club.send(club.owner, "PUT", "/sso/group-roles", body).status

    def come() -> str:
        entry = gate.vouch("ada", "engineers").exchange(scene.caller())
        assert entry.status == 200
        mine = scene.caller().send("GET", "/api/v1/me/organizations", token=entry.body["access"])
        return str(mine.body["results"][0]["role"]["name"])

    assert say("admin") == 200
    assert come() == "admin"
    yield
    assert say("viewer") == 200
    assert come() == "viewer"
    assert say("owner") == 422


@proves(arrival_controls.DISCOVERY)
def an_address_leads_to_the_door_of_its_domain(scene: Scene) -> Iterator[None]:
    gate = Gate(scene, founded(scene.world, scene.signed_in()))

    def slugs() -> set[str | None]:
        bodies = [
            scene.caller().send(
                "POST", "/api/v1/auth/sso/discover", {"email": f"{name}@{gate.domain}"}
            )
            for name in "abcdefgh"
        ]
        return {each.body["connection"] and each.body["connection"]["slug"] for each in bodies}

    assert slugs() == {gate.slug}
    yield
    assert slugs() == {gate.slug}
    gate.switch_off()
    assert slugs() == {None}
