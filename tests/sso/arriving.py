"""People who come by a connection of an organization, once they are vouched for."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core import mail
from django.core.mail import EmailMessage
from django.http import HttpResponse
from django.utils import timezone

from accounts import browsers
from accounts.models import OrganizationDomain
from accounts.services import outbox
from plinto.kernel.crypto import new_token, token_digest
from plinto.kernel.ids import uuid7
from resilience.worker import Shift, run_until_idle
from sso.facts import Arrival
from sso.models import Connection, OIDCSettings, SAMLSettings, SignIn
from sso.services import arrivals
from tests.accounts.organizations import Club
from tests.api import Api

APP = "http://app.example/signed-in?from=plinto"
EXCHANGE = "/api/v1/auth/sso/exchange"


def letters_to(address: str) -> list[EmailMessage]:
    """Let the worker deliver what is due, and return what this mailbox has got so far."""
    run_until_idle([outbox.QUEUE], shift=Shift())
    return [letter for letter in mail.outbox if address in letter.to]


class Provider:
    """An organization's identity provider, and the connection by which its people come."""

    def __init__(
        self, club: Club, *, protocol: str = "saml", domain: str = "", **options: Any
    ) -> None:
        self.club, self.domain = club, domain or f"corp-{uuid7().hex[-12:]}.example"
        now = timezone.now()
        self.connection = Connection.objects.create(
            organization_id=club.id,
            slug=f"{protocol}-{uuid7().hex[-12:]}",
            name="Corporate sign-in",
            protocol=protocol,
            redirect_uris=[APP],
            created_at=now,
            updated_at=now,
            **options,
        )
        if protocol == "saml":
            SAMLSettings.objects.create(connection=self.connection, entity_id="urn:idp")
        else:
            OIDCSettings.objects.create(
                connection=self.connection, issuer="https://idp.example", client_id="plinto"
            )

    def prove(self, domain: str = "") -> str:
        """Let the organization have proved a domain, its own unless another is named."""
        name, now = domain or self.domain, timezone.now()
        OrganizationDomain.objects.create(
            organization_id=self.club.id,
            name=name,
            token=new_token(""),
            created_at=now,
            verified_at=now,
            checked_at=now,
        )
        return name

    def switch(self, *, is_enabled: bool) -> None:
        Connection.objects.filter(pk=self.connection.pk).update(is_enabled=is_enabled)

    def arrival(self, subject: str, email: str | None = None, **options: Any) -> Arrival:
        """What the provider says of one of its people; an address unless ``email`` is empty."""
        told = f"{subject}@{self.domain}" if email is None else email
        attributes: dict[str, tuple[str, ...]] = options.pop("attributes", {})
        options.setdefault("email_verified", True)
        options.setdefault("authenticated_at", timezone.now())
        if told:
            attributes = {"email": (told,), **attributes}
        return Arrival(subject=subject, attributes=attributes, **options)

    def vouch(self, api: Api, arrival: Arrival, *, now: datetime | None = None) -> str:
        """Bring somebody's browser as far as their app, and return the code that it is given."""
        now = now or timezone.now()
        browser = new_token("plb_")
        api.client.cookies[browsers.cookie_name()] = browser
        sign_in = SignIn.objects.create(
            connection=self.connection,
            redirect_uri=APP,
            browser_digest=token_digest(browser),
            created_at=now,
            expires_at=now,
        )
        self.connection.refresh_from_db()
        location = arrivals.arrived(sign_in, self.connection, arrival, browser=browser, now=now)
        assert location.startswith(APP)
        return dict(parse_qsl(urlsplit(location).query))["code"]

    def come(
        self, api: Api, subject: str, email: str | None = None, **options: Any
    ) -> HttpResponse:
        """Come all the way: what the app gets for its code."""
        code = self.vouch(api, self.arrival(subject, email, **options))
        return api.post(EXCHANGE, {"code": code})

    def brought(self, api: Api, subject: str, email: str | None = None, **options: Any) -> Any:
        """Come in, and return the tokens."""
        answer = self.come(api, subject, email, **options)
        assert answer.status_code == 200, answer.content
        return answer.json()
