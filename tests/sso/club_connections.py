"""Connections of an organization, made over HTTP, for tests that begin after that."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from sso.examples.connections import CERTIFICATE
from sso.models import Connection
from tests.accounts.organizations import Club
from tests.accounts.people import Person

SAML = {
    "name": "Staff",
    "entity_id": "https://idp.example.com/saml",
    "sso_url": "https://idp.example.com/saml/sso",
    "certificates": [CERTIFICATE],
}
OIDC = {
    "name": "Guests",
    "issuer": "https://accounts.example.com",
    "client_id": "plinto",
    "client_secret": "that-nobody-guesses",
}
BODIES: dict[str, dict[str, Any]] = {"saml": SAML, "oidc": OIDC}


class ClubConnection:
    """One connection of a club, and what is done with it over HTTP."""

    def __init__(
        self, club: Club, protocol: str = "saml", *, by: Person | None = None, **fields: Any
    ) -> None:
        self.club, self.protocol = club, protocol
        has_metadata = {"metadata_xml", "metadata_url"} & set(fields)
        body = {**({"name": "Staff"} if has_metadata else BODIES[protocol]), **fields}
        answer = club.as_(by or club.owner, "POST", f"/sso/{protocol}", body)
        assert answer.status_code == 201, answer.content
        self.told: dict[str, Any] = answer.json()
        self.slug: str = self.told["slug"]

    @property
    def row(self) -> Connection:
        return Connection.objects.get(slug=self.slug)

    def send(
        self, method: str, tail: str = "", body: Any = None, *, by: Person | None = None
    ) -> HttpResponse:
        """Ask something about the connection, as the owner unless told by whom."""
        path = f"/sso/{self.protocol}/{self.slug}{tail}"
        return self.club.as_(by or self.club.owner, method, path, body)

    def change(self, **fields: Any) -> HttpResponse:
        return self.send("PATCH", "", fields)

    def shown(self) -> dict[str, Any]:
        answer = self.send("GET")
        assert answer.status_code == 200, answer.content
        return dict(answer.json())
