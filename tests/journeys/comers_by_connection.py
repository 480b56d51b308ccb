"""People whom an organization's provider has vouched for, at the doors of a deployment."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.test import override_settings

from accounts.browsers import cookie_name
from accounts.services.federation import Voucher
from plinto.kernel.crypto import new_token, token_digest
from plinto.kernel.ids import uuid7
from tests.journeys.clients import Answer, Caller
from tests.journeys.clubs import Club
from tests.journeys.scene import Scene
from tests.sso.club_connections import SAML

_EXCHANGE = "/api/v1/auth/sso/exchange"
_INSERT_DOMAIN = """
INSERT INTO accounts_organization_domain (id, organization_id, name, token, created_at, verified_at)
VALUES (%s, %s, %s, 'proved', now(), now())
"""
_INSERT_CODE = """
INSERT INTO accounts_provider_sign_in (id, provider, connection_id, redirect_uri, browser_digest,
    created_at, state_digest, sealed_secrets, expires_at, answered_at, code_digest,
    sealed_statement, code_expires_at)
VALUES (%s, 'saml', %s, 'http://app.example/', %s, now(), %s, '', now() + interval '10 minutes',
    now(), %s, %s, now() + interval '60 seconds')
"""


@dataclass(frozen=True)
class Code:
    """What a browser brought from its provider."""

    text: str
    browser: str

    def exchange(self, by: Caller) -> Answer:
        cookie = f"{cookie_name()}={self.browser}"
        return by.send("POST", _EXCHANGE, {"code": self.text}, headers={"Cookie": cookie})


class Gate:
    """A connection of a club, with a domain that it has proved."""

    def __init__(self, scene: Scene, club: Club) -> None:
        self.scene, self.club = scene, club
        self.slug = f"gate-{uuid7().hex[-12:]}"
        self.domain = f"{self.slug}.example"
        made = club.send(club.owner, "POST", "/sso/saml", {**SAML, "slug": self.slug})
        assert made.status == 201, made.content
        self.id = UUID(made.body["id"])
        scene.world.sql(_INSERT_DOMAIN, uuid7(), club.id, self.domain)

    def vouch(self, subject: str, *groups: str, email: str = "") -> Code:
        """Let the provider have vouched for somebody, whose browser has a code for it."""
        voucher = Voucher(
            connection_id=self.id,
            organization_id=UUID(self.club.id),
            protocol="saml",
            subject=subject,
            email=email or f"{subject}@{self.domain}",
            groups=groups,
        )
        # Sealed as the servers do it.
        keys = self.scene.world.web.environment["FIELD_KEYS"].split(",")
        with override_settings(FIELD_KEYS=keys):
            sealed = voucher.sealed()
        code = Code(new_token("plo_"), new_token("plb_"))
        self.scene.world.sql(
            _INSERT_CODE,
            uuid7(),
            self.id,
            token_digest(code.browser),
            token_digest(new_token("pls_")),
            token_digest(code.text),
            sealed,
        )
        return code

    def switch_off(self) -> None:
        answer = self.club.send(
            self.club.owner, "PATCH", f"/sso/saml/{self.slug}", {"enabled": False}
        )
        assert answer.status == 200, answer.content
