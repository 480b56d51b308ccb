"""The prober of forward auth: what has ended does not pass, whoever asks about it."""

from __future__ import annotations

from collections.abc import Iterator

from accounts import forward_auth_controls as controls
from tests.journeys.clients import Answer, Visitor
from tests.journeys.clubs import Club, founded
from tests.journeys.scene import Scene, everywhere, proves

_PATH = "/api/v1/auth/verify"


@proves(controls.FORWARD_AUTH)
def what_has_ended_does_not_pass(scene: Scene) -> Iterator[None]:
    club = founded(scene.world, scene.signed_in())
    staying, removed, leaving = (club.joined(scene.signed_in(), "member") for _ in range(3))
    made = club.send(club.owner, "POST", "/api-keys", {"name": "A", "scopes": ["members:read"]})
    key, caller = made.body, scene.caller()

    def asked(visitor: Visitor, query: str = "") -> set[int]:
        return everywhere(lambda: visitor.caller.send("GET", _PATH + query, token=visitor.access))

    def by_key() -> Answer:
        return caller.send("GET", f"{_PATH}?permission=members:read", token=key["key"])

    for visitor in (staying, removed, leaving):
        assert asked(visitor, _reading(club)) == asked(visitor) == {204}
    assert everywhere(by_key) == {204}
    yield
    assert asked(staying, _reading(club)) == {204}
    assert asked(staying, _reading(club, "members:write")) == {403}
    assert club.remove(removed) == 204
    assert asked(removed, _reading(club)) == {403}
    assert asked(removed) == {204}
    assert leaving.send("POST", "/auth/logout", {}).status == 204
    assert asked(leaving) == {401}
    assert club.send(club.owner, "DELETE", f"/api-keys/{key['id']}").status == 204
    assert everywhere(by_key) == {401}


def _reading(club: Club, permission: str = "members:read") -> str:
    return f"?organization={club.id}&permission={permission}"
