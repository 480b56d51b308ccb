"""The prober of exports of a trail: whole files, for whoever may read it at that moment."""

from __future__ import annotations

from collections.abc import Iterator

from audit import export_controls as controls
from tests.journeys.clubs import founded
from tests.journeys.scene import Scene, everywhere, proves
from tests.journeys.waiting import eventually


@proves(controls.TRAIL_EXPORTS)
def files_are_whole_and_only_for_who_may_read_the_trail(scene: Scene) -> Iterator[None]:
    club = founded(scene.world, scene.signed_in())
    auditor = club.joined(scene.signed_in(), "admin")
    asked = club.send(auditor, "POST", "/audit/export", {"format": "csv"})
    assert asked.status == 202
    yield
    path = f"/audit/export/{asked.body['id']}"
    assert eventually(lambda: club.send(club.owner, "GET", path).status == 200, seconds=60)
    file = club.send(auditor, "GET", path)
    assert len(file.content) == int(file.headers["Content-Length"])
    assert b'"organization.created"' in file.content
    assert everywhere(lambda: club.send(auditor, "GET", path)) == {200}
    assert club.remove(auditor) == 204
    assert everywhere(lambda: club.send(auditor, "GET", path)) == {404}
    assert everywhere(lambda: club.send(club.owner, "GET", path)) == {200}
