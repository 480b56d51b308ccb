"""Worlds in which the examples of the doors of SAML connections may be sent."""

from __future__ import annotations

from collections.abc import Callable

from django.core.management import call_command

from sso.services import service_keys
from tests.accounts.worlds import Given, World
from tests.api import Api
from tests.sso import saml_leavers
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


def signing_out(world: World) -> Given:
    corp = corporation(world)
    corp.signed_in(Api())
    body = {"SAMLRequest": saml_leavers.request(corp, "ada")}
    return Given(path={"slug": corp.connection.slug}, body=body)


PREPARED: dict[str, Callable[[World], Given]] = {
    "get_saml_metadata": found,
    "begin_saml": found,
    "post_saml_response": answering,
    "post_saml_logout": signing_out,
    "sso_logout": World.hers,
}
