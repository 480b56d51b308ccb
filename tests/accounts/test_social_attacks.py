"""Answers that must not be believed: forged, mixed up, replayed, stolen, stale."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from accounts.models import ProviderSignIn
from tests.accounts.travellers import (
    APP,
    arrived,
    come_back,
    exchange,
    last_refusal,
    sent_to,
    start,
)
from tests.api import Api
from tests.races import at_once
from tests.servers.identity_provider import Person, callback_path
from tests.servers.website import Reply

REFUSED = {"error": "provider_error"}


def test_an_answer_is_taken_once_however_often_it_comes(api, idp):
    answer = idp.approve(sent_to(api), Person())
    cookies = api.client.cookies

    def bring(_: int) -> int:
        twin = Api()
        twin.client.cookies = cookies
        return come_back(twin, answer).status_code

    assert Counter(at_once(bring, times=10)) == {303: 1, 400: 9}
    assert len(idp.forms) == 1


@pytest.mark.asvs("7.6.2", "10.1.2", "10.2.1")
@pytest.mark.usefixtures("nobody_came_in")
def test_an_answer_in_another_browser_is_refused_and_not_spent(api, idp):
    """Login CSRF: an attacker's answer in the victim's browser."""
    answer = idp.approve(sent_to(api), Person())
    stranger, other = Api(), Api()
    start(other)
    for browser in (stranger, other):
        page = come_back(browser, answer)
        assert page.status_code == 400
        assert page["Content-Type"].startswith("text/html")
        assert page["X-Request-ID"] in page.content.decode()
        assert "Location" not in page
    assert idp.forms == []
    assert come_back(api, answer).status_code == 303


@pytest.mark.asvs("10.2.1")
@pytest.mark.usefixtures("nobody_came_in")
def test_a_forged_state_gets_a_plain_page(api, idp):
    sent_to(api)
    for state in ("", "pls_forged", "\x00", "x" * 5000, "ü"):
        assert come_back(api, {"state": state, "code": "x"}).status_code == 400
    assert last_refusal() == "no sign-in waits for this answer"


@pytest.mark.usefixtures("nobody_came_in")
def test_a_sign_in_that_took_too_long_is_over(api, idp):
    answer = idp.approve(sent_to(api), Person())
    ProviderSignIn.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert come_back(api, answer).status_code == 400


@pytest.mark.asvs("6.8.1", "10.2.2")
@pytest.mark.usefixtures("nobody_came_in")
def test_an_answer_for_one_provider_is_not_taken_by_another(api, idp, settings):
    settings.SOCIAL_PROVIDERS = {
        **settings.SOCIAL_PROVIDERS,
        "other": idp.provider(name="other"),
    }
    answer = idp.approve(sent_to(api), Person())
    assert come_back(api, answer, name="other").status_code == 400


@pytest.mark.asvs("10.2.2")
@pytest.mark.usefixtures("nobody_came_in")
def test_an_answer_that_names_another_issuer_is_refused(api, idp):
    """Mix-up, RFC 9207."""
    assert arrived(api, idp, Person(), iss="https://evil.example") == REFUSED
    assert last_refusal() == "answer: issuer"
    assert idp.forms == []


@pytest.mark.asvs("10.2.2")
def test_a_provider_that_says_it_names_itself_must(api, idp):
    idp.metadata = {"authorization_response_iss_parameter_supported": True}
    assert arrived(api, idp, Person()) == REFUSED
    assert last_refusal() == "answer: issuer, missing"
    assert arrived(api, idp, Person(), iss=idp.url).keys() == {"code"}


@pytest.mark.asvs("10.5.3")
def test_metadata_of_another_issuer_or_without_endpoints_are_refused(api, idp):
    for said in (
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
        {"jwks_uri": 7},
    ):
        idp.metadata = said
        answer = start(api)
        assert (answer.status_code, answer.json()["error"]) == (502, "PROVIDER_UNAVAILABLE"), said


@pytest.mark.asvs("10.2.1")
@pytest.mark.usefixtures("nobody_came_in")
def test_a_code_of_another_sign_in_does_not_fit_its_verifier(api, idp):
    """Code injection: PKCE ties the code to the browser that began."""
    mine = idp.approve(sent_to(api), Person())
    theirs = idp.approve(sent_to(Api()), Person())
    answer = come_back(api, {"state": mine["state"], "code": theirs["code"]})
    assert answer["Location"] == f"{APP}&error=provider_error"


NONSENSE = [
    ("/keys", Reply(500), "provider_unavailable"),
    ("/token", Reply(500), "provider_unavailable"),
    ("/token", Reply(302, {"Location": "/elsewhere"}), "provider_unavailable"),
    ("/token", Reply(parts=(b"<html>",)), "provider_error"),
    ("/token", Reply(parts=(b"[]",)), "provider_error"),
    ("/token", Reply(parts=(b"x" * 70_000,)), "provider_unavailable"),
    ("/keys", Reply(parts=(b'{"keys":[{"kty":"oct","k":"eA"},7]}',)), "provider_error"),
]


@pytest.mark.usefixtures("nobody_came_in")
def test_a_provider_that_answers_nonsense_ends_in_an_error(api, idp):
    for page, reply, error in NONSENSE:
        idp.broken = {page: reply}
        assert arrived(api, idp, Person()) == {"error": error}, (page, reply)


def test_a_provider_that_is_gone_ends_in_an_error_at_either_end(api, idp):
    answer = idp.approve(sent_to(api), Person())
    idp.stop()
    back = come_back(api, answer)
    assert back["Location"] == f"{APP}&error=provider_unavailable"


def test_a_form_is_taken_only_from_a_provider_that_sends_forms(api, idp, settings):
    form = urlencode({"state": "x", "code": "y"})
    path = "/api/v1/auth/social/acme/callback"
    kind = "application/x-www-form-urlencoded"
    assert api.post(path, form, content_type=kind).status_code == 404
    assert api.post(path, {"state": "x"}).status_code == 415


@pytest.mark.asvs("10.1.1")
def test_a_code_in_the_address_of_the_front_end_is_not_the_providers(api, idp):
    answer = idp.approve(sent_to(api), Person())
    back = come_back(api, answer)
    assert answer["code"] not in back["Location"]
    assert exchange(api, answer["code"]).status_code == 401
    assert back["Referrer-Policy"] == "no-referrer"
    assert callback_path(answer) not in back["Location"]
