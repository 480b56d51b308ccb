"""The prober of domains: proved by their record alone, and by one organization at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from accounts import domain_controls
from tests.journeys.clubs import Club, founded
from tests.journeys.scene import Scene, proves


@proves(domain_controls.DOMAINS)
def domains_are_proved_by_their_record_for_one(scene: Scene) -> Iterator[None]:
    assert scene.names is not None
    first, second = (founded(scene.world, scene.signed_in()) for _ in range(2))
    name = f"{uuid4().hex}.example"
    mine, theirs = _added(first, name), _added(second, name)
    assert _verify(first, mine) == (409, "DOMAIN_NOT_PROVED")
    scene.names.place(mine["record"])
    scene.names.place(theirs["record"])
    yield
    scene.names.silent.add(mine["record"]["name"])
    assert _verify(first, mine) == (503, "DNS_UNAVAILABLE")
    scene.names.silent.clear()
    assert _verify(first, mine) == (200, "")
    assert _verify(second, theirs) == (409, "DOMAIN_TAKEN")
    assert first.send(first.owner, "DELETE", f"/domains/{mine['id']}").status == 204
    assert _verify(first, mine) == (404, "NOT_FOUND")
    assert _verify(second, theirs) == (200, "")


def _added(club: Club, name: str) -> dict[str, Any]:
    answer = club.send(club.owner, "POST", "/domains", {"domain": name})
    assert answer.status == 201
    return dict(answer.body)


def _verify(club: Club, domain: dict[str, Any]) -> tuple[int, str]:
    answer = club.send(club.owner, "POST", f"/domains/{domain['id']}/verify")
    return answer.status, answer.body.get("error", "")
