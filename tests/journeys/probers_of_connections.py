"""Probers of connections: managed by who may at that moment, and believing no stranger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plinto.kernel.ids import uuid7
from sso import connection_controls as controls
from tests.journeys.clients import Answer, Visitor
from tests.journeys.clubs import founded
from tests.journeys.scene import Scene, everywhere, proves
from tests.journeys.waiting import eventually
from tests.races import at_once
from tests.servers.plinto import manage
from tests.sso.club_connections import SAML

_ADDRESSED = "UPDATE sso_saml_settings SET metadata_url = %s WHERE entity_id = %s"
_DUE = """
INSERT INTO sso_refresh (connection_id, due_at, attempts, state, last_error)
SELECT connection_id, now(), 0, 'due', '' FROM sso_saml_settings WHERE entity_id = %s
"""
_ENDING = """
UPDATE sso_saml_settings SET certificates_end_at = now() + interval '3 days', end_told_days = NULL
WHERE entity_id = %s
"""
_TELL = """
from django.utils import timezone
from sso.services import expiry
print(expiry.tell(timezone.now()))
"""


@proves(controls.CONNECTIONS)
def connections_are_managed_by_who_may(scene: Scene) -> Iterator[None]:
    club = founded(scene.world, scene.signed_in())
    removed, demoted = (club.joined(scene.signed_in(), "admin") for _ in range(2))
    slug = f"probed-{uuid7().hex[-12:]}"
    made = club.send(removed, "POST", "/sso/saml", {**SAML, "slug": slug})
    assert made.status == 201
    path = f"/sso/saml/{slug}"

    def by(visitor: Visitor) -> Answer:
        return club.send(visitor, "PATCH", path, {"name": "Another"})

    for visitor in (removed, demoted):
        assert everywhere(lambda visitor=visitor: by(visitor)) == {200}
    yield
    assert club.remove(removed) == 204
    assert club.promote(demoted, "member") == 200
    assert everywhere(lambda: by(removed)) == {404}
    assert everywhere(lambda: by(demoted)) == {403}
    address, wanted = f"/api/v1/organizations/{club.id}/sso/saml", {**SAML, "slug": f"{slug}-2"}
    racers = at_once(
        lambda _: scene.caller().send("POST", address, wanted, token=club.owner.access), times=3
    )
    assert sorted(racer.status for racer in racers) == [201, 409, 409]
    off = club.send(club.owner, "PATCH", path, {"enabled": False})
    assert (off.status, off.body["enabled"]) == (200, False)
    assert club.send(club.owner, "DELETE", path).status == 204
    assert everywhere(lambda: club.send(club.owner, "GET", path)) == {404}


@proves(controls.PROVIDER_METADATA)
def what_was_good_last_outlives_its_provider(scene: Scene) -> Iterator[None]:
    club = founded(scene.world, scene.signed_in())
    entity = f"https://{uuid7().hex}.example.com/"
    made = club.send(club.owner, "POST", "/sso/saml", {**SAML, "entity_id": entity})
    assert made.status == 201
    path = f"/sso/saml/{made.body['slug']}"

    def shown() -> dict[str, Any]:
        return club.send(club.owner, "GET", path).body

    yield
    scene.world.sql(_ADDRESSED, "https://127.0.0.1/", entity)
    scene.world.sql(_DUE, entity)
    eventually(lambda: shown()["metadata"]["failing_since"] is not None, seconds=60)
    assert shown()["certificates"] == made.body["certificates"]
    assert club.send(club.owner, "POST", f"{path}/metadata", {}).status == 422
    assert everywhere(lambda: club.send(club.owner, "GET", path)) == {200}


@proves(controls.CERTIFICATE_ENDS)
def owners_hear_of_certificates_that_end(scene: Scene) -> Iterator[None]:
    club = founded(scene.world, scene.signed_in())
    entity = f"https://{uuid7().hex}.example.com/"
    assert club.send(club.owner, "POST", "/sso/saml", {**SAML, "entity_id": entity}).status == 201
    yield

    def told() -> int:
        scene.world.sql(_ENDING, entity)
        answer = manage("shell", "-c", _TELL, environment=scene.world.web.environment)
        return int(answer.split()[-1])

    # The chore runs every hour in a worker; here it runs now, in a process of its own, and again
    # if that of the worker came first.
    assert eventually(told, seconds=30) >= 1
    [[days]] = scene.world.sql(
        "SELECT end_told_days FROM sso_saml_settings WHERE entity_id = %s", entity
    )
    assert days == 7
