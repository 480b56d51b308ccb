"""The prober of webhook endpoints: managed by who may at that moment, and by nobody else."""

from __future__ import annotations

from collections.abc import Iterator

from tests.journeys.clients import Answer, Visitor
from tests.journeys.clubs import Club, founded
from tests.journeys.scene import Scene, everywhere, proves
from tests.races import at_once
from webhooks import endpoint_controls as controls

_BODY = {"url": "https://hooks.example.com/", "events": ["member.*"]}


@proves(controls.ENDPOINTS)
def endpoints_are_managed_by_who_may(scene: Scene) -> Iterator[None]:
    club = founded(scene.world, scene.signed_in())
    removed, demoted = (club.joined(scene.signed_in(), "admin") for _ in range(2))
    key = _key(club)
    [endpoint, secret] = _made(club, removed)
    path = f"/webhooks/{endpoint}"
    program = scene.caller()

    def by_program() -> Answer:
        address = f"/api/v1/organizations/{club.id}{path}"
        return program.send("PATCH", address, {"description": "x"}, token=key["key"])

    def by(visitor: Visitor) -> Answer:
        return club.send(visitor, "PATCH", path, {"description": "y"})

    for ask in (by_program, lambda: by(removed), lambda: by(demoted)):
        assert everywhere(ask) == {200}
    yield
    assert club.remove(removed) == 204
    assert club.promote(demoted, "member") == 200
    assert club.send(club.owner, "DELETE", f"/api-keys/{key['id']}").status == 204
    assert everywhere(lambda: by(removed)) == {404}
    assert everywhere(lambda: by(demoted)) == {403}
    assert everywhere(by_program) == {401}
    address = f"/api/v1/organizations/{club.id}{path}/rotate-secret"
    racers = at_once(
        lambda _: scene.caller().send("POST", address, token=club.owner.access), times=3
    )
    assert {racer.status for racer in racers} <= {200, 409}
    secrets = {racer.body["secret"] for racer in racers if racer.status == 200}
    assert secrets
    assert secret not in secrets
    assert club.send(club.owner, "PATCH", path, {"state": "paused"}).status == 200
    assert everywhere(lambda: club.send(club.owner, "POST", f"{path}/test")) == {409}
    assert club.send(club.owner, "DELETE", path).status == 204
    assert everywhere(lambda: club.send(club.owner, "GET", path)) == {404}


def _made(club: Club, by: Visitor) -> tuple[str, str]:
    answer = club.send(by, "POST", "/webhooks", _BODY)
    assert answer.status == 201
    return answer.body["id"], answer.body["secret"]


def _key(club: Club) -> dict[str, str]:
    body = {"name": "Hooks", "scopes": ["webhooks:*"]}
    answer = club.send(club.owner, "POST", "/api-keys", body)
    assert answer.status == 201
    return {name: answer.body[name] for name in ("id", "key")}
