"""Worlds in which the examples of the doors of SAML connections may be sent."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from django.core.management import call_command

from sso.services import service_keys
from tests.accounts.worlds import Given, World
from tests.api import Api
from tests.sso import saml_leavers, saml_travellers
from tests.sso.saml_travellers import Corporation


def corporation(world: World) -> Corporation:
    call_command("rotate_service_key", "--if-none", verbosity=0)
    service_keys.ring.forget()
    return Corporation(world.club)


def found(world: World) -> Given:
    return Given(path={"slug": corporation(world).connection.slug})


def answering(world: World) -> Given:
    corp = corporation(world)
    asked = corp.asked(world.api)
    body = {"SAMLResponse": corp.answer(asked), "RelayState": asked.relay_state}
    return Given(path={"slug": corp.connection.slug}, body=body)


def coming_back(world: World) -> Given:
    corp = corporation(world)
    asked = corp.asked(world.api)
    posted = corp.post(world.api, corp.answer(asked), asked.relay_state)
    return Given(path={"slug": corp.connection.slug}, query=_query_of(posted["Location"]))


def returning(world: World) -> Given:
    """Somebody who signed out here and at the provider, which answers."""
    corp = corporation(world)
    access = corp.signed_in(Api())["access"]
    away = world.api.post("/api/v1/auth/sso/logout", {}, token=access).json()["logout_url"]
    asked = saml_travellers.read(away)
    answer = saml_leavers.answering(corp, asked.request_id)
    said = saml_leavers.query(
        answer, corp.key, parameter="SAMLResponse", relay_state=asked.relay_state
    )
    return Given(path={"slug": corp.connection.slug}, query=_query_of(f"?{said}"))


def signing_out(world: World) -> Given:
    corp = corporation(world)
    corp.signed_in(Api())
    body = {"SAMLRequest": saml_leavers.request(corp, "ada")}
    return Given(path={"slug": corp.connection.slug}, body=body)


def _query_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


PREPARED: dict[str, Callable[[World], Given]] = {
    "get_saml_metadata": found,
    "begin_saml": found,
    "post_saml_response": answering,
    "return_from_saml": coming_back,
    "get_saml_logout": returning,
    "post_saml_logout": signing_out,
    "sso_logout": World.hers,
}
