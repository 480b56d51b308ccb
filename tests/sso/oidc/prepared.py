"""Worlds in which the examples of the doors of OpenID connections may be sent."""

from __future__ import annotations

from collections.abc import Callable

from tests.accounts.worlds import Given, World
from tests.api import Api
from tests.servers.identity_provider import redirected
from tests.sso.oidc.relying import Party, somebody


def connected(world: World) -> Party:
    party = Party(world.club, world.idp)
    party.prove()
    return party


def beginning(world: World) -> Given:
    return Given(path={"slug": connected(world).connection.slug})


def returning(world: World) -> Given:
    party = connected(world)
    answer = party.idp.approve(party.sent_to(world.api), somebody())
    return Given(path={"slug": party.connection.slug}, query=answer)


def leaving(world: World) -> Given:
    party = connected(world)
    party.idp.metadata = {"end_session_endpoint": f"{party.idp.url}/end"}
    access = party.sign_in(Api(), somebody())["access"]
    url = world.api.post("/api/v1/auth/sso/logout", {}, token=access).json()["logout_url"]
    query = {"state": redirected(url)["state"]}
    return Given(path={"slug": party.connection.slug}, query=query)


def signing_out(world: World) -> Given:
    party = connected(world)
    party.sign_in(Api(), somebody())
    body = {"logout_token": party.idp.logout_token("ada")}
    return Given(path={"slug": party.connection.slug}, body=body)


PREPARED: dict[str, Callable[[World], Given]] = {
    "begin_oidc": beginning,
    "return_from_oidc": returning,
    "return_from_oidc_logout": leaving,
    "post_oidc_logout": signing_out,
}
