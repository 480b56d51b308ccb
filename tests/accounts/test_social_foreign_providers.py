"""Providers that others wrote, from their first page to the session."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.http import HttpResponse

from accounts.models import User
from tests.accounts.travellers import APP, exchange, sent_to
from tests.api import Api
from tests.servers.foreign_providers import ForeignProvider, from_npm, from_pypi
from tests.servers.identity_provider import redirected

CALLBACK = "http://localhost:8000/api/v1/auth/social/acme/callback"
PEOPLE = (
    {"sub": "ada", "email": "ada@example.com", "email_verified": True},
    {"sub": "unproved", "email": "unproved@example.com", "email_verified": False},
)

PROVIDERS: dict[str, Callable[[], AbstractContextManager[ForeignProvider]]] = {
    "oidc-provider": lambda: from_npm(CALLBACK),
    "oidc-provider-mock": lambda: from_pypi(*map(json.dumps, PEOPLE)),
}


@pytest.fixture(params=PROVIDERS)
def foreign(request, settings):
    with PROVIDERS[request.param]() as provider:
        settings.SOCIAL_PROVIDERS = {"acme": provider.provider()}
        settings.SOCIAL_REDIRECT_URIS = [APP]
        settings.OUTBOUND_ALLOWED = {provider.destination}
        yield provider


def back_from(foreign: ForeignProvider, api: Api, name: str) -> HttpResponse:
    location = foreign.visit(sent_to(api), name, until=CALLBACK)
    return api.get(location.removeprefix("http://localhost:8000"))


def test_somebody_signs_in_again_and_again_and_an_unproved_address_does_not(api, foreign):
    for _ in range(2):
        code = redirected(back_from(foreign, api, "ada")["Location"])["code"]
        answer = exchange(api, code)
        assert answer.json()["user"]["email"] == "ada@example.com"
    stranger = Api()
    answer = back_from(foreign, stranger, "unproved")
    assert redirected(answer["Location"])["error"] == "email_not_verified"
    assert User.objects.count() == 1
