"""The probers of what comes by mail: links that sign in."""

from __future__ import annotations

from collections.abc import Iterator

from accounts import letter_controls
from tests.journeys.clients import Answer
from tests.journeys.scene import Scene, proves, token_in
from tests.races import at_once


@proves(letter_controls.MAGIC_LINKS)
def magic_links_work_once(scene: Scene) -> Iterator[None]:
    emails = [scene.visitor().email for _ in range(2)]
    used, waiting = (_mailed(scene, email) for email in emails)
    assert _enter(scene, used).status == 200
    yield
    assert _enter(scene, used).status == 401
    racers = at_once(lambda _: _enter(scene, waiting).status, times=4)
    assert sorted(racers) == [200, 401, 401, 401]
    assert {_enter(scene, waiting).status for _ in range(4)} == {401}


def _mailed(scene: Scene, email: str) -> str:
    asked = scene.caller().send("POST", "/api/v1/auth/magic-link", {"email": email})
    assert asked.status == 202
    return token_in(scene.letter(email))


def _enter(scene: Scene, token: str) -> Answer:
    return scene.caller().send("POST", "/api/v1/auth/magic-link/verify", {"token": token})
