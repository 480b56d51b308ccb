"""The probers of API keys: what was ended is refused at once, and told to be over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from accounts import api_key_controls as controls
from tests.journeys.clients import Answer, Caller
from tests.journeys.clubs import Club, founded
from tests.journeys.scene import Scene, everywhere, proves

_TOKEN = "/api/v1/auth/token"


@dataclass
class _Program:
    """A key of a club, whose requests any worker may answer."""

    club: Club
    caller: Caller
    id: str
    text: str = field(repr=False)

    def ask(self, token: str = "nothing", *, text: str = "") -> Answer:
        path = f"{_TOKEN}/introspect"
        return self.caller.send("POST", path, {"token": token}, token=text or self.text)

    def statuses(self, *, text: str = "") -> set[int]:
        """Ask every worker something."""
        return everywhere(lambda: self.ask(text=text))

    def manage(self, method: str, tail: str = "", body: Any = None) -> Answer:
        return self.club.send(self.club.owner, method, f"/api-keys/{self.id}{tail}", body)


@proves(controls.API_KEYS)
def keys_that_ended_are_refused(scene: Scene) -> Iterator[None]:
    club, doomed = (founded(scene.world, scene.signed_in()) for _ in range(2))
    deleted, narrowed, rotated = (_made(scene, club, "invoices:read") for _ in range(3))
    orphan = _made(scene, doomed)
    for program in (deleted, narrowed, rotated, orphan):
        assert program.statuses() == {200}
    yield
    assert deleted.manage("DELETE").status == 204
    assert deleted.statuses() == {401}
    assert narrowed.manage("PATCH", "", {"scopes": ["invoices:read"]}).status == 200
    assert narrowed.statuses() == {403}
    second = rotated.manage("POST", "/rotate", {}).body["key"]
    assert rotated.statuses() == rotated.statuses(text=second) == {200}
    third = rotated.manage("POST", "/rotate", {"overlap_seconds": 0}).body["key"]
    assert [rotated.statuses(text=text) for text in (rotated.text, second)] == [{401}] * 2
    assert rotated.statuses(text=third) == {200}
    me = everywhere(lambda: rotated.caller.send("GET", "/api/v1/me", token=third))
    assert me == {403}
    assert doomed.send(doomed.owner, "DELETE", "").status == 204
    assert orphan.statuses() == {401}


@proves(controls.INTROSPECTION)
def tokens_that_ended_are_told_to_be_over(scene: Scene) -> Iterator[None]:
    club = founded(scene.world, scene.signed_in())
    program = _made(scene, club, "tokens:revoke")
    leaving, removed, revoked = (club.joined(scene.signed_in(), "member") for _ in range(3))

    def are_active(token: str) -> set[bool]:
        return {program.ask(token).body["active"] for _ in range(4)}

    for visitor in (leaving, removed, revoked):
        assert are_active(visitor.access) == are_active(visitor.refresh) == {True}
    yield
    assert leaving.send("POST", "/auth/logout", {}).status == 204
    assert club.remove(removed) == 204
    end = {"token": revoked.refresh}
    path = f"{_TOKEN}/revoke"
    assert program.caller.send("POST", path, end, token=program.text).status == 200
    assert everywhere(revoked.me) == {401}
    for visitor in (leaving, removed, revoked):
        assert are_active(visitor.access) == are_active(visitor.refresh) == {False}
    assert are_active(club.owner.access) == {True}


def _made(scene: Scene, club: Club, *scopes: str) -> _Program:
    body = {"name": "Billing", "scopes": ["tokens:introspect", *scopes]}
    made = club.send(club.owner, "POST", "/api-keys", body)
    assert made.status == 201
    return _Program(club, scene.caller(), made.body["id"], made.body["key"])
