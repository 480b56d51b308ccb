"""Authenticator apps and the people who carry them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from pyotp import TOTP

from accounts.models import AuthenticatorApp
from tests.accounts.people import Person, signed_in
from tests.api import Api
from tests.factories import PASSWORD

LOGIN = "/api/v1/auth/login"
SECOND_STEP = "/api/v1/auth/login/mfa"
MFA = "/api/v1/me/mfa"


@dataclass
class Phone:
    """What the app of a person knows, and the recovery codes they wrote down."""

    secret: str
    recovery_codes: list[str] = field(default_factory=list)

    def code(self, *, steps_ago: int = 0) -> str:
        return TOTP(self.secret).generate_otp(int(time.time()) // 30 - steps_ago)

    def wrong(self) -> str:
        """Six digits that are nobody's in these minutes."""
        near = {self.code(steps_ago=ago) for ago in range(-2, 4)}
        return next(code for code in map("{:06}".format, range(10)) if code not in near)


def let_half_a_minute_pass() -> None:
    """Forget which step was used last, as if the app showed another code by now."""
    AuthenticatorApp.objects.update(last_step=0)


def begun(api: Api, person: Person) -> Phone:
    """Ask for a secret and scan it."""
    answer = api.post(f"{MFA}/totp", {}, token=person.access)
    assert answer.status_code == 200, answer.content
    return Phone(answer.json()["secret"])


def enrolled(api: Api, *, user: Any = None) -> tuple[Person, Phone]:
    """Somebody who is signed in and has added an app, which shows another code by now."""
    person = signed_in(api, user=user)
    phone = begun(api, person)
    answer = api.post(f"{MFA}/totp/confirm", {"code": phone.code()}, token=person.access)
    assert answer.status_code == 200, answer.content
    phone.recovery_codes = answer.json()["recovery_codes"]
    let_half_a_minute_pass()
    return person, phone


def asked(api: Api, email: str) -> str:
    """Sign in with the password, and return the token that waits for a second factor."""
    answer = api.post(LOGIN, {"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.content
    return answer.json()["mfa_token"]


def show(api: Api, token: str, **factor: Any) -> HttpResponse:
    """Send the second step of a sign-in."""
    return api.post(SECOND_STEP, {"mfa_token": token, **factor})
