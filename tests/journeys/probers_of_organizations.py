"""The probers of organizations: what was taken away is gone at the next request."""

from __future__ import annotations

from collections.abc import Iterator

from accounts import organization_controls as controls
from tests.journeys.clubs import founded
from tests.journeys.scene import Scene, everywhere, proves


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
