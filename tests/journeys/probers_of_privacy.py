"""The prober of exports and erasure: told once, and gone at once."""

from __future__ import annotations

from collections.abc import Iterator

from accounts import controls
from tests.journeys.scene import Scene, everywhere, proves
from tests.races import at_once


@proves(controls.PRIVACY)
def exports_are_told_once_and_whoever_leaves_is_out(scene: Scene) -> Iterator[None]:
    curious, leaving = scene.signed_in(), scene.signed_in()
    asked = curious.send("POST", "/me/export", {})
    assert asked.status == 202
    yield
    assert "export of your data" in scene.letter(curious.email)
    path = f"/me/export/{asked.body['id']}"
    takers = at_once(
        lambda _: scene.caller().send("GET", f"/api/v1{path}", token=curious.access), times=3
    )
    assert sorted(answer.status for answer in takers) == [200, 404, 404]
    assert everywhere(lambda: curious.send("GET", path)) == {404}
    assert leaving.send("DELETE", "/me").status == 202
    assert everywhere(leaving.me) == {401}
    assert leaving.sign_in().status == 200
    assert everywhere(leaving.me) == {200}
