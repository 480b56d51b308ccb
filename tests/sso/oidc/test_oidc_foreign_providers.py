"""Providers that others wrote, at a connection: from their first page to signing out."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import httpx2
import pytest
from django.utils import timezone

from accounts.models import Session, User
from tests.api import Api
from tests.servers.foreign_providers import ForeignProvider, from_npm, from_pypi
from tests.servers.identity_provider import redirected
from tests.servers.website import Reply, Website
from tests.sso.oidc.relying import EXCHANGE, Party

HOST = "http://localhost:8000"
PATH = "/sso/oidc/foreign"
CALLBACK = f"{HOST}{PATH}/callback"
PEOPLE = (
    {"sub": "ada", "email": "ada@example.com", "email_verified": True},
    {"sub": "unproved", "email": "unproved@example.com", "email_verified": False},
)
PROVIDERS: dict[str, Callable[[], AbstractContextManager[ForeignProvider]]] = {
    "oidc-provider": lambda: from_npm(CALLBACK),
    "oidc-provider-mock": lambda: from_pypi(*map(json.dumps, PEOPLE)),
}


def joined(club, foreign: ForeignProvider, settings) -> Party:
    """Connect the organization, which has proved the domain of the provider's people."""
    settings.OUTBOUND_ALLOWED = {foreign.destination}
    party = Party(club, foreign, client_id=foreign.client_id, slug="foreign")
    party.prove("example.com")
    return party


def back_from(party: Party, api: Api, name: str, *, prompt: str = "", **visit):
    """Go to the provider's pages and back."""
    query = {"prompt": prompt} if prompt else {}
    location = party.idp.visit(party.sent_to(api, **query), name, until=CALLBACK, **visit)
    return api.get(location.removeprefix(HOST))


def entered(browser: Api, answer) -> dict:
    entry = browser.post(EXCHANGE, {"code": redirected(answer["Location"])["code"]})
    assert entry.status_code == 200, entry.content
    return entry.json()


@pytest.mark.parametrize("name", PROVIDERS)
def test_somebody_signs_in_again_and_again_and_an_unproved_address_does_not(club, settings, name):
    with PROVIDERS[name]() as foreign:
        party = joined(club, foreign, settings)
        for _ in range(2):
            browser = Api()
            entry = entered(browser, back_from(party, browser, "ada"))
            assert entry["user"]["email"] == "ada@example.com"
        refused = back_from(party, Api(), "unproved")
        assert (refused.status_code, party.refusal()) == (403, "address not vouched for")
        assert not User.objects.filter(email="unproved@example.com").exists()


def test_at_a_certified_provider_people_prove_themselves_anew_and_sign_out(club, settings):
    with (
        Website(lambda _: Reply()) as told,
        from_npm(CALLBACK, f"{HOST}{PATH}/signed-out", f"{told.url}/told") as foreign,
        httpx2.Client(timeout=20, follow_redirects=False) as visitor,
    ):
        party = joined(club, foreign, settings)
        first, second = Api(), Api()
        entry = entered(first, back_from(party, first, "ada", browser=visitor))
        again = back_from(party, second, "ada", browser=visitor, prompt="login")
        other = entered(second, again)
        session = Session.objects.get(pk=other["session"]["id"])
        assert timezone.now() - session.authenticated_at < timedelta(minutes=5)
        # Both came of one session there: signing out of it by one ends the other.
        url = first.post("/api/v1/auth/sso/logout", {}, token=entry["access"]).json()["logout_url"]
        home = foreign.visit(url, "ada", until=f"{HOST}{PATH}/signed-out", browser=visitor)
        assert first.get(home.removeprefix(HOST)).status_code == 200
        assert second.get("/api/v1/me", token=other["access"]).status_code == 200
        [asked] = told.asked
        kind = asked.headers["content-type"]
        heard = Api().post(f"{PATH}/backchannel-logout", asked.body, content_type=kind)
        assert heard.status_code == 200, party.refusal()
        assert second.get("/api/v1/me", token=other["access"]).status_code == 401
