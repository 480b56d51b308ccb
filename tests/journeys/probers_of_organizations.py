"""The probers of organizations: what was taken away is gone at the next request."""

from __future__ import annotations

from collections.abc import Iterator

from accounts import organization_controls as controls
from tests.journeys.clients import Visitor
from tests.journeys.clubs import Club, founded
from tests.journeys.scene import Scene, everywhere, proves, token_in


@proves(controls.MEMBER_RIGHTS)
def what_was_taken_from_a_member_is_refused(scene: Scene) -> Iterator[None]:
    club = founded(scene.world, scene.signed_in())
    lowered, removed, gone = (club.joined(scene.signed_in(), "member") for _ in range(3))
    for visitor in (lowered, removed, gone):
        assert everywhere(lambda visitor=visitor: club.members(visitor)) == {200}
    assert club.remove(gone) == 204
    yield
    assert everywhere(lambda: club.members(gone)) == {404}
    assert everywhere(lambda: club.members(lowered)) == {200}
    assert club.promote(lowered, "viewer") == 200
    assert everywhere(lambda: club.members(lowered)) == {403}
    assert club.promote(lowered, "member") == 200
    assert everywhere(lambda: club.members(lowered)) == {200}
    assert club.remove(removed) == 204
    assert everywhere(lambda: club.members(removed)) == {404}
    assert club.promote(club.owner, "member") == 409
    assert club.send(club.owner, "DELETE", "").status == 204
    assert everywhere(lambda: club.members(lowered)) == {404}


@proves(controls.INVITATIONS)
def invitations_work_once_for_one_address(scene: Scene) -> Iterator[None]:
    club = founded(scene.world, scene.signed_in())
    admin = club.joined(scene.signed_in(), "admin")
    used, waiting, doubtful = (scene.signed_in() for _ in range(3))

    def accept(visitor: Visitor, token: str) -> int:
        return visitor.send("POST", "/invitations/accept", {"token": token}).status

    tokens = [
        _invited(scene, club, by, whom)
        for by, whom in ((club.owner, used), (club.owner, waiting), (admin, doubtful))
    ]
    assert accept(used, tokens[0]) == 200
    yield
    assert accept(used, tokens[0]) == 404
    assert accept(used, tokens[1]) == 404
    assert club.promote(admin, "member") == 200
    assert accept(doubtful, tokens[2]) == 404
    assert accept(waiting, tokens[1]) == 200
    assert {accept(waiting, tokens[1]) for _ in range(4)} == {404}
    assert everywhere(lambda: club.members(waiting)) == {200}
    assert everywhere(lambda: club.members(doubtful)) == {404}


def _invited(scene: Scene, club: Club, by: Visitor, whom: Visitor) -> str:
    """Let a member invite somebody, and return the token in their letter."""
    body = {"email": whom.email, "role": "member"}
    assert club.send(by, "POST", "/invitations", body).status == 201
    return token_in(scene.letter(whom.email))
