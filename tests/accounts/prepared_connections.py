"""The worlds in which the examples about connections may be sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sso.examples.connections import MADE
from tests.accounts.worlds import Given, World
from tests.sso.club_connections import ClubConnection


def with_a_connection(world: World, *, protocol: str) -> Given:
    return world.in_club(slug=ClubConnection(world.club, protocol, **MADE).slug)


PREPARED: dict[str, Callable[[World], Given]] = {
    f"{act}_{protocol}_connection{plural}": (
        World.in_club if act == "create" else partial(with_a_connection, protocol=protocol)
    )
    for protocol in ("saml", "oidc")
    for act, plural in (("list", "s"), ("create", ""), ("get", ""), ("update", ""), ("delete", ""))
} | {
    "renew_saml_metadata": partial(with_a_connection, protocol="saml"),
}
