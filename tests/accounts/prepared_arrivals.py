"""The worlds in which the examples about arrivals may be sent."""

from __future__ import annotations

from collections.abc import Callable

from sso.examples.arrivals import SUBJECT
from tests.accounts.worlds import Given, World


def with_group_roles(world: World) -> Given:
    body = SUBJECT.operations["replace_group_roles"].body
    answer = world.club.as_(world.club.owner, "PUT", "/sso/group-roles", body)
    assert answer.status_code == 200, answer.content
    return world.in_club()


PREPARED: dict[str, Callable[[World], Given]] = {
    "discover_connection": lambda _world: Given(),
    "list_group_roles": with_group_roles,
    "replace_group_roles": World.in_club,
}
