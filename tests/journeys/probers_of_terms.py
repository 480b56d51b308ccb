"""The prober of consent: nobody registers without it, and it is written once."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from accounts import terms_controls
from tests.factories import PASSWORD
from tests.journeys.scene import AGREED, Scene, proves
from tests.races import at_once

_VERSION = AGREED["terms_version"]


@proves(terms_controls.CONSENT)
def consent_is_asked_for_and_written_once(scene: Scene) -> Iterator[None]:
    visitor = scene.signed_in()
    [proof] = scene.registered()
    yield
    body = {"email": f"{uuid4().hex}@example.com", "password": PASSWORD}
    for sent in ({}, {"terms_version": "2020-01"}):
        answer = scene.caller().send("POST", "/api/v1/auth/register", {**body, **sent})
        assert answer.status == 422
    body = {name: proof[name] for name in ("email", "code", "registration")}
    made = scene.caller().send("POST", "/api/v1/auth/verify-email", body)
    assert made.status == 200
    assert _consents(scene, proof["email"]) == 1
    assert visitor.send("POST", "/me/terms", {"version": "2020-01"}).status == 422
    assert visitor.send("GET", "/me/terms").body["accepted"] == []
    callers, body = [scene.caller() for _ in range(3)], {"version": _VERSION}
    agreed = at_once(
        lambda n: callers[n].send("POST", "/api/v1/me/terms", body, token=visitor.access), times=3
    )
    assert [answer.status for answer in agreed] == [204] * 3
    assert _consents(scene, visitor.email) == 1


def _consents(scene: Scene, email: str) -> int:
    [[many]] = scene.world.sql(
        "SELECT count(*) FROM accounts_terms_consent c JOIN accounts_user u ON u.id = c.user_id "
        "WHERE u.email = %s AND c.version = %s",
        email,
        _VERSION,
    )
    return int(many)
