"""The worlds in which the examples about the SCIM token may be sent."""

from __future__ import annotations

from collections.abc import Callable

from tests.accounts.worlds import Given, World
from tests.sso.scim.provider import Provider


def with_a_token(world: World) -> Given:
    given = world.in_club()
    assert world.club
    Provider(world.club)
    return given


PREPARED: dict[str, Callable[[World], Given]] = {
    "get_scim_token": with_a_token,
    "create_scim_token": World.in_club,
    "delete_scim_token": with_a_token,
}
