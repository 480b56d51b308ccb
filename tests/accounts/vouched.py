"""What somebody holds who came by the connections of an organization, and how each is tried."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from accounts.browsers import cookie_name
from accounts.models import Identity, ProviderSignIn, User
from accounts.services import sessions
from accounts.services.factor_codes import Proved
from accounts.services.federation import Voucher
from accounts.services.pending_sign_ins import Awaiting
from accounts.services.sessions import SignedIn
from plinto.kernel.crypto import token_digest
from plinto.kernel.ids import uuid7
from plinto.kernel.origin import SYSTEM as NOWHERE
from sso.models import Connection
from tests.accounts.organizations import Club
from tests.accounts.phones import Phone
from tests.api import Api
from tests.sso.club_connections import ClubConnection

API = "/api/v1"
_BROWSER = f"plb_{'c' * 43}"


class Vouched:
    """Ada is known at both connections of her club, and has come by each of them."""

    user: User
    club: Club
    phone: Phone

    def came_by_connections(self) -> None:
        self.connections = [
            ClubConnection(self.club, protocol).row for protocol in ("saml", "oidc")
        ]
        now = timezone.now()
        for connection in self.connections:
            Identity.objects.create(
                user=self.user,
                provider=connection.protocol,
                connection_id=connection.pk,
                subject="ada",
                created_at=now,
            )
            _offered(connection, self.user)
        voucher = _voucher(self.connections[0], self.user)
        came: dict[str, Any] = {"methods": ["pwd"], "origin": NOWHERE, "now": now}
        waiting = sessions.start(self.user, voucher=voucher, **came)
        assert isinstance(waiting, Awaiting)
        self.vouched_pending = waiting.token
        factor = Proved(self.user.pk, "totp", ["otp", "mfa"])
        entry = sessions.start(self.user, voucher=voucher, second=factor, **came)
        assert isinstance(entry, SignedIn)
        self.vouched = entry

    def try_vouched_access_token(self) -> HttpResponse:
        return Api().get(f"{API}/me", token=self.vouched.access)

    def try_saml_code(self) -> HttpResponse:
        return _exchanged("saml")

    def try_oidc_code(self) -> HttpResponse:
        return _exchanged("oidc")

    def try_vouched_pending(self) -> HttpResponse:
        shown = {
            "mfa_token": self.vouched_pending,
            "recovery_code": self.phone.recovery_codes[2],
        }
        return Api().post(f"{API}/auth/login/mfa", shown)

    def try_vouched_refresh_token(self) -> HttpResponse:
        return Api().post(f"{API}/auth/token/refresh", {"refresh": self.vouched.refresh})


def _voucher(connection: Connection, person: User) -> Voucher:
    return Voucher(
        connection_id=connection.pk,
        organization_id=connection.organization_id,
        protocol=connection.protocol,
        subject="ada",
        email=person.email,
    )


def _offered(connection: Connection, person: User) -> None:
    """Let a browser have a code of this connection; it lives longer than such codes do."""
    now = timezone.now()
    ProviderSignIn.objects.create(
        provider=connection.protocol,
        connection_id=connection.pk,
        redirect_uri="http://app.example/",
        browser_digest=token_digest(_BROWSER),
        state_digest=uuid7().bytes * 2,
        sealed_secrets=b"",
        code_digest=token_digest(f"code by {connection.protocol}"),
        sealed_statement=_voucher(connection, person).sealed(),
        code_expires_at=now + timedelta(minutes=30),
        created_at=now,
        expires_at=now,
        answered_at=now,
    )


def _exchanged(protocol: str) -> HttpResponse:
    browser = Api()
    browser.client.cookies[cookie_name()] = _BROWSER
    return browser.post(f"{API}/auth/sso/exchange", {"code": f"code by {protocol}"})
