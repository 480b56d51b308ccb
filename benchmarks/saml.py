"""Responses of an identity provider, signed beforehand, and posted to the ACS once each."""

from __future__ import annotations

import http.client
import secrets

from django.utils import timezone

from benchmarks.deployment import Plinto
from benchmarks.load import Stream
from benchmarks.workloads import SIGNING_IN, Cell
from sso.facts import ServiceProvider
from tests.servers.plinto import manage
from tests.servers.process import ServerError
from tests.sso.attacks.signing import Told, form, good, key_of
from tests.sso.saml_travellers import read

# A turn ends with the last of them, long before its seconds are over.
_RESPONSES = 300
_ENTITY, _DOMAIN = "https://idp.example/metadata", "corp.example"


class Provider:
    """The identity provider of an organization, and the connection it is known by."""

    def __init__(self, plinto: Plinto, organization_id: str) -> None:
        self._plinto, self._key = plinto, key_of("idp")
        manage("rotate_service_key", environment=plinto.world.web.environment)
        told = plinto.told(
            connection={
                "organization_id": organization_id,
                "entity_id": _ENTITY,
                "sso_url": "https://idp.example/sso",
                "certificate": self._key.certificate,
                "domain": _DOMAIN,
            }
        )
        self._path = f"/sso/saml/{told['slug']}"
        address = f"{plinto.world.web.environment['PUBLIC_URL']}{self._path}"
        self._service = ServiceProvider(
            f"{address}/metadata", f"{address}/acs", f"{address}/sls", ()
        )

    def cell(self) -> Cell:
        return Cell("SAML", self._plinto.running, self._streams, connections=SIGNING_IN)

    def _streams(self, seconds: float) -> list[Stream]:
        """Begin so many sign-ins, and sign what the provider says to each."""
        number = _RESPONSES if seconds >= 1 else SIGNING_IN
        connection = http.client.HTTPConnection("127.0.0.1", self._plinto.running.port, timeout=30)
        try:
            requests = [self._response(connection) for _ in range(number)]
        finally:
            connection.close()
        return [Stream(SIGNING_IN, requests, once=True, expects=303)]

    def _response(self, connection: http.client.HTTPConnection) -> dict[str, object]:
        connection.request("GET", f"{self._path}/login")
        answer = connection.getresponse()
        answer.read()
        location = answer.headers["Location"]
        if answer.status != 303 or not location:
            raise ServerError(f"{self._path}/login was answered {answer.status}.")
        asked = read(location)
        address = f"ada@{_DOMAIN}"
        told = Told(
            sp=self._service,
            issuer=_ENTITY,
            request_id=asked.request_id,
            now=timezone.now(),
            name_id=address,
            attributes=(("mail", (address,)),),
            response_id=f"_{secrets.token_hex(16)}",
            assertion_id=f"_{secrets.token_hex(16)}",
        )
        sent = {"SAMLResponse": form(good(told, self._key)), "RelayState": asked.relay_state}
        return {"method": "POST", "path": f"{self._path}/acs", "form": sent}
