"""Signing out here and at the provider (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

import pytest

from tests.api import Api
from tests.servers.identity_provider import CLIENT, redirected
from tests.servers.website import Reply
from tests.sso.arriving import APP
from tests.sso.oidc.relying import Party, somebody

LOGOUT, ME = "/api/v1/auth/sso/logout", "/api/v1/me"


@pytest.fixture
def leaving(party) -> Party:
    """A provider at which people can sign out."""
    party.idp.metadata = {"end_session_endpoint": f"{party.idp.url}/end?of=session"}
    return party


def left(party: Party, browser: Api, **body: str) -> str | None:
    """Sign in, sign out, and return where the browser is to go."""
    access = party.sign_in(browser, somebody())["access"]
    answer = browser.post(LOGOUT, body, token=access)
    assert answer.status_code == 200, answer.content
    assert browser.get(ME, token=access).status_code == 401
    return answer.json()["logout_url"]


def test_who_signs_out_goes_to_the_provider_and_back_to_where_they_wanted(leaving):
    browser = Api()
    url = left(leaving, browser, redirect_uri=APP)
    asked = redirected(url)
    assert url.startswith(f"{leaving.idp.url}/end?of=session&")
    assert asked["client_id"] == CLIENT
    assert asked["post_logout_redirect_uri"] == f"http://localhost:8000{leaving.path}/signed-out"
    assert asked["id_token_hint"].count(".") == 2
    back = f"{leaving.path}/signed-out?state={asked['state']}"
    answer = browser.get(back)
    assert (answer.status_code, answer["Location"]) == (303, APP)
    assert browser.get(back).status_code == 400
    assert leaving.refusal() == "logout: nothing was asked"


def test_who_wants_to_be_nowhere_ends_on_a_page_that_says_so(leaving):
    browser = Api()
    answer = browser.get(
        f"{leaving.path}/signed-out?state={redirected(left(leaving, browser))['state']}"
    )
    assert answer.status_code == 200
    assert "signed out" in answer.content.decode()


def test_an_address_that_is_not_listed_is_refused_and_ends_nothing(leaving):
    browser = Api()
    access = leaving.sign_in(browser, somebody())["access"]
    body = {"redirect_uri": "https://evil.example/"}
    assert browser.post(LOGOUT, body, token=access).status_code == 422
    assert browser.get(ME, token=access).status_code == 200


def test_a_provider_without_such_a_door_or_away_ends_only_the_session_here(party):
    assert left(party, Api()) is None
    party.idp.broken = {"/.well-known/openid-configuration": Reply(500)}
    assert left(party, Api()) is None


def test_what_was_begun_to_sign_out_signs_nobody_in(leaving):
    browser = Api()
    state = redirected(left(leaving, browser))["state"]
    forms = len(leaving.idp.forms)
    assert leaving.back(browser, {"state": state, "code": "x"}).status_code == 400
    begun = redirected(leaving.sent_to(browser))["state"]
    assert browser.get(f"{leaving.path}/signed-out?state={begun}").status_code == 400
    assert len(leaving.idp.forms) == forms


def test_a_hint_that_does_not_fit_into_an_address_is_left_out(leaving):
    leaving.idp.claims = {"padding": "x" * 5000}
    assert "id_token_hint" not in redirected(left(leaving, Api()))
