"""Somebody who holds one credential of every kind, and how each of them is tried."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone

from accounts.browsers import cookie_name
from accounts.errors import InvalidCredentials
from accounts.models import (
    AuthenticatorApp,
    DataExport,
    Identity,
    Invitation,
    MagicLink,
    MailboxProof,
    Passkey,
    PasswordLink,
    ProviderSignIn,
    Role,
    UndoLink,
    User,
)
from accounts.services import data_exports, factor_codes, mailed_links, sessions
from accounts.services.factor_codes import Proved
from accounts.services.pending_sign_ins import Awaiting
from accounts.services.sessions import SignedIn
from accounts.services.statements import Statement
from plinto.kernel.crypto import token_digest
from plinto.kernel.ids import uuid7
from plinto.kernel.origin import SYSTEM as NOWHERE
from resilience.worker import Shift, run_until_idle
from tests.accounts.authenticators import AAGUID, Authenticator, options_to_sign_in
from tests.accounts.comers import entered
from tests.accounts.key_holders import made
from tests.accounts.organizations import Club
from tests.accounts.phones import Phone
from tests.accounts.staff import browser_of
from tests.accounts.travellers import arrived, exchange
from tests.accounts.vouched import Vouched
from tests.api import Api
from tests.factories import UserFactory
from tests.servers.identity_provider import IdentityProvider
from tests.servers.identity_provider import Person as Account

API = "/api/v1"
NEW_PASSWORD = "an entirely new password"
_BROWSER = f"plb_{'b' * 43}"
_SOON = timedelta(minutes=30)
_numbers = itertools.cycle(range(1, 250))


class Holder(Vouched):
    """
    Ada, who is staff, an administrator of a club, and holds one of everything.

    ``try_`` and the name of a credential shows it at its door and tells whether that let her in:
    an answer to somebody else who happens to have her address is no success of hers.
    """

    def __init__(self, api: Api, idp: IdentityProvider) -> None:
        self.idp = idp
        self.user: User = UserFactory(is_staff=True)
        self.id = self.user.pk
        self.browser = browser_of(self.user)
        self.before = entered(self.user)
        self.club, self.other_club = Club(api, entered()), Club(api, entered())
        self.club.joined("admin", person=self.before)
        self.key = made(self.club, by=self.before)
        self._own_things()
        self._links()
        self.came_by_connections()
        self.pending = self._waiting()

    # What she holds.

    def _own_things(self) -> None:
        now = timezone.now()
        self.phone = Phone("JBSWY3DPEHPK3PXP" * 2)
        AuthenticatorApp.objects.create(
            user=self.user,
            sealed_secret=factor_codes.seal(self.phone.secret),
            created_at=now,
            confirmed_at=now,
        )
        self.phone.recovery_codes = factor_codes.renew_recovery_codes(self.id, now=now)
        self.passkey = Authenticator(user_handle=self.id.bytes)
        Passkey.objects.create(
            user=self.user,
            credential_id=self.passkey.credential_id,
            public_key=self.passkey.public_key(),
            sign_count=0,
            aaguid=UUID(bytes=AAGUID),
            is_backup_eligible=False,
            is_backed_up=False,
            created_at=now,
        )
        self.account = Account(email=self.user.email)
        Identity.objects.create(
            user=self.user, provider="acme", subject=self.account.subject, created_at=now
        )
        self.export = DataExport.objects.create(user=self.user, requested_at=now, due_at=now)
        run_until_idle([data_exports.QUEUE], shift=Shift())

    def _links(self) -> None:
        now = timezone.now()
        rest = {"mail_id": uuid7(), "lives_for": _SOON, "now": now}
        mailed_links.write(MagicLink, self.user, token="magic", **rest)
        mailed_links.write(PasswordLink, self.user, token="reset", **rest)
        common = {"mail_id": uuid7(), "created_at": now, "expires_at": now + _SOON}
        UndoLink.objects.create(
            user=self.user,
            email="former@example.com",
            email_key="former@example.com",
            token_digest=token_digest("undo"),
            **common,
        )
        MailboxProof.objects.create(
            email=self.user.email,
            email_key=self.user.email_key,
            token_digest=token_digest("proof"),
            code_digest=bytes(32),
            **common,
        )
        self.guest = entered()
        _invited(self.other_club, self.user, by=self.other_club.owner.user, token="to her")
        _invited(self.club, self.guest.user, by=self.user, token="by her")
        ProviderSignIn.objects.create(
            provider="acme",
            redirect_uri="http://app.example/signed-in",
            browser_digest=token_digest(_BROWSER),
            state_digest=uuid7().bytes * 2,
            sealed_secrets=b"",
            code_digest=token_digest("code"),
            sealed_statement=Statement(self.account.subject, self.user.email, True).sealed(),
            code_expires_at=now + _SOON,
            created_at=now,
            expires_at=now,
            answered_at=now,
        )

    def _waiting(self) -> str:
        """The token of a sign-in whose password was right; empty if there can be none by now."""
        person = User.objects.filter(pk=self.id).first()
        try:
            found = person and self._start(person)
        except InvalidCredentials:
            return ""
        return found.token if isinstance(found, Awaiting) else ""

    def _start(self, person: User, second: Proved | None = None) -> SignedIn | Awaiting:
        now = timezone.now()
        return sessions.start(person, methods=["pwd"], origin=NOWHERE, now=now, second=second)

    # How it is tried.

    def works(self, name: str) -> bool:
        """Show one credential at its door, and tell whether it did there what it is for."""
        answer: HttpResponse = getattr(self, f"try_{name}")()
        assert answer.status_code in {200, 204, 302, 401, 403, 404, 409}, (name, answer.content)
        if answer.status_code not in {200, 204}:
            return False
        told = answer.json() if answer.content and name not in {"admin_session"} else {}
        return told.get("user", {}).get("id", str(self.id)) == str(self.id)

    def try_access_token(self) -> HttpResponse:
        return self._get("/me", token=self.before.access)

    def try_admin_session(self) -> HttpResponse:
        return self.browser.get("/admin/", REMOTE_ADDR=_somewhere())

    def try_api_key(self) -> HttpResponse:
        return self.key.ask("nothing", address=_somewhere())

    def try_export(self) -> HttpResponse:
        return self._get(f"/me/export/{self.export.pk}", token=self._new_session())

    def try_invitation_to_her(self) -> HttpResponse:
        return self._post(
            "/invitations/accept", token=self._new_session(), body={"token": "to her"}
        )

    def try_invitation_by_her(self) -> HttpResponse:
        return self._post("/invitations/accept", token=self.guest.access, body={"token": "by her"})

    def try_provider_code(self) -> HttpResponse:
        browser = Api()
        browser.client.cookies[cookie_name()] = _BROWSER
        return browser.post(f"{API}/auth/sso/exchange", {"code": "code"}, address=_somewhere())

    def try_identity(self) -> HttpResponse:
        browser = Api()
        return exchange(browser, arrived(browser, self.idp, self.account).get("code", "none"))

    def try_passkey(self) -> HttpResponse:
        shown = self.passkey.get(options_to_sign_in(Api()))
        return self._post("/auth/login/passkey", {"passkey": shown})

    def try_app(self) -> HttpResponse:
        AuthenticatorApp.objects.update(last_step=0)
        return self._second_step(self._waiting(), code=self.phone.code())

    def try_recovery_code(self) -> HttpResponse:
        return self._second_step(self._waiting(), recovery_code=self.phone.recovery_codes[0])

    def try_pending_sign_in(self) -> HttpResponse:
        return self._second_step(self.pending, recovery_code=self.phone.recovery_codes[1])

    def try_magic_link(self) -> HttpResponse:
        return self._post("/auth/magic-link/verify", {"token": "magic"})

    def try_refresh_token(self) -> HttpResponse:
        return self._post("/auth/token/refresh", {"refresh": self.before.refresh})

    def try_mailbox_proof(self) -> HttpResponse:
        return self._post("/auth/verify-email", {"token": "proof"})

    def try_reset_link(self) -> HttpResponse:
        body = {"token": "reset", "password": f"{NEW_PASSWORD}, and newer"}
        return self._post("/auth/password/reset/confirm", body)

    def try_undo_link(self) -> HttpResponse:
        return self._post("/auth/email/undo", {"token": "undo"})

    def _new_session(self) -> str:
        """A token of a session that she opens now, or the former one if she cannot."""
        person = User.objects.filter(pk=self.id).first()
        try:
            found = person and self._start(person, Proved(self.id, "totp", ["otp", "mfa"]))
        except InvalidCredentials:
            found = None
        return found.access if isinstance(found, SignedIn) else self.before.access

    def _second_step(self, token: str, **factor: str) -> HttpResponse:
        return self._post("/auth/login/mfa", {"mfa_token": token or self.pending, **factor})

    def _get(self, path: str, **options: Any) -> HttpResponse:
        return Api().get(API + path, address=_somewhere(), **options)

    def _post(self, path: str, body: Any, **options: Any) -> HttpResponse:
        return Api().post(API + path, body, address=_somewhere(), **options)


# In the order in which they are tried: the last ones end what the first ones need.
CREDENTIALS = [
    name.removeprefix("try_")
    for kind in (Vouched, Holder)
    for name in vars(kind)
    if name.startswith("try_")
]


def _somewhere() -> str:
    return f"10.79.{next(_numbers)}.1"


def _invited(club: Club, guest: User, *, by: User, token: str) -> None:
    now = timezone.now()
    Invitation.objects.create(
        organization_id=club.id,
        role=Role.objects.get(organization_id=club.id, name="viewer"),
        invited_by=by,
        email=guest.email,
        email_key=guest.email_key,
        token_digest=token_digest(token),
        created_at=now,
        expires_at=now + _SOON,
    )
