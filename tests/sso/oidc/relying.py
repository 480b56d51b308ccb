"""Browsers that sign in by an OpenID connection, and what the trail says when they do not."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from django.http import HttpResponse
from django.utils import timezone

from accounts.models import OrganizationDomain
from accounts.services import provider_documents
from audit.models import AuditRow
from plinto.kernel.ids import uuid7
from sso.models import Connection, OIDCSettings
from sso.services import client_secrets
from tests.accounts.organizations import Club
from tests.api import Api
from tests.servers.identity_provider import CLIENT, SECRET, IdentityProvider, Person, redirected
from tests.sso.arriving import APP

EXCHANGE = "/api/v1/auth/sso/exchange"
DOMAIN = "corp.example"


class Party:
    """An organization, its provider, and the connection between them."""

    def __init__(
        self, club: Club, idp: IdentityProvider, *, client_id: str = CLIENT, **fields: Any
    ) -> None:
        self.club, self.idp = club, idp
        now = timezone.now()
        self.connection = Connection.objects.create(
            organization_id=club.id,
            protocol="oidc",
            name="Analytical Engines",
            redirect_uris=[APP],
            created_at=now,
            updated_at=now,
            **{"slug": f"oidc-{uuid7().hex[-12:]}", **fields},
        )
        OIDCSettings.objects.create(
            connection=self.connection,
            issuer=idp.url,
            client_id=client_id,
            client_secret=client_secrets.sealed(SECRET),
        )

    @property
    def path(self) -> str:
        return f"/sso/oidc/{self.connection.slug}"

    def prove(self, domain: str = DOMAIN) -> None:
        """Let the organization have proved the domain of its people."""
        now = timezone.now()
        OrganizationDomain.objects.create(
            organization_id=self.club.id,
            name=domain,
            token=uuid7().hex,
            created_at=now,
            verified_at=now,
        )

    def published_once(self) -> None:
        """Let Plinto begin anew, and its row remember what the provider says now."""
        OIDCSettings.objects.filter(pk=self.connection.pk).update(
            metadata={
                "issuer": self.idp.url,
                "authorization_endpoint": f"{self.idp.url}/authorize",
                "token_endpoint": f"{self.idp.url}/token",
                "jwks_uri": f"{self.idp.url}/keys",
            },
            keys={"keys": [key.as_dict(private=False) for key in self.idp.published]},
        )
        provider_documents.of.cache_clear()

    def login(self, browser: Api, **query: str) -> HttpResponse:
        """Come to the login door."""
        return browser.get(f"{self.path}/login?{urlencode(query)}")

    def sent_to(self, browser: Api, **query: str) -> str:
        """Begin, and return where the browser is sent."""
        answer = self.login(browser, **query)
        assert answer.status_code == 303, answer.content
        return answer["Location"]

    def back(self, browser: Api, answer: dict[str, str]) -> HttpResponse:
        """Follow the redirect from the provider's page."""
        return browser.get(f"{self.path}/callback?{urlencode(answer, quote_via=quote)}")

    def arrive(
        self, browser: Api, person: Person, *, prompt: str = "", **extra: str
    ) -> HttpResponse:
        """Go there and back."""
        query = {"prompt": prompt} if prompt else {}
        approved = self.idp.approve(self.sent_to(browser, **query), person)
        return self.back(browser, {**approved, **extra})

    def sign_in(self, browser: Api, person: Person, **extra: str) -> dict[str, Any]:
        """Sign in to the end, and return the tokens."""
        answer = self.arrive(browser, person, **extra)
        assert answer.status_code == 303, answer.content
        assert answer["Location"].startswith(APP)
        entry = browser.post(EXCHANGE, {"code": redirected(answer["Location"])["code"]})
        assert entry.status_code == 200, entry.content
        return entry.json()

    def refusal(self) -> str:
        """Why the trail of the organization says that somebody was not let in, lately."""
        row = AuditRow.objects.filter(action="session.refused").latest("id")
        assert row.organization_id == self.club.id
        assert (row.target_kind, row.target_id) == ("connection", str(self.connection.pk))
        return str(row.reason)


def somebody(name: str = "ada", **fields: Any) -> Person:
    """Somebody of the organization, as its provider knows them."""
    return Person(subject=name, email=f"{name}@{DOMAIN}", **fields)
