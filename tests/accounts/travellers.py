"""People who sign in at an identity provider, and the browser in which they do."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from audit.models import AuditRow
from tests.api import Api
from tests.servers.identity_provider import (
    IdentityProvider,
    Person,
    callback_path,
    redirected,
)

APP = "http://app.example/signed-in?from=plinto"
EXCHANGE = "/api/v1/auth/sso/exchange"
IDENTITIES = "/api/v1/me/identities"


def start(api: Api, name: str = "acme", *, token: str | None = None, **body: Any) -> HttpResponse:
    """Begin, as somebody who is signed in if there is a token."""
    return api.post(f"/api/v1/auth/social/{name}/start", {"redirect_uri": APP, **body}, token=token)


def sent_to(api: Api, name: str = "acme", *, token: str | None = None) -> str:
    """Begin, and return where the browser is sent."""
    answer = start(api, name, token=token)
    assert answer.status_code == 200, answer.content
    return answer.json()["authorization_url"]


def come_back(api: Api, answer: dict[str, str], *, name: str = "acme") -> HttpResponse:
    """Follow the redirect from the provider's page."""
    return api.get(callback_path(answer, name=name))


def arrived(
    api: Api, idp: IdentityProvider, person: Person, *, token: str | None = None, **extra: str
) -> dict[str, str]:
    """Go there and back, and return what the front end is told."""
    approved = idp.approve(sent_to(api, idp.name, token=token), person)
    answer = come_back(api, {**approved, **extra}, name=idp.name)
    assert answer.status_code == 303, answer.content
    assert answer["Location"].startswith(APP)
    return {word: said for word, said in redirected(answer["Location"]).items() if word != "from"}


def exchange(api: Api, code: str) -> HttpResponse:
    """Trade the code for tokens."""
    return api.post(EXCHANGE, {"code": code})


def signed_up(api: Api, idp: IdentityProvider, person: Person) -> dict[str, Any]:
    """Sign in at the provider to the end, and return the tokens."""
    answer = exchange(api, arrived(api, idp, person)["code"])
    assert answer.status_code == 200, answer.content
    return answer.json()


def last_refusal() -> str:
    """Why the trail says that somebody was not let in."""
    return str(AuditRow.objects.filter(action="session.refused").latest("id").reason)
