"""Signing in at an identity provider: there, back, and in."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.utils import timezone

from accounts.models import Identity, ProviderSignIn, Registration, User
from accounts.services import social
from audit.models import AuditRow
from tests.accounts.people import signed_in
from tests.accounts.phones import enrolled, show
from tests.accounts.travellers import (
    APP,
    EXCHANGE,
    arrived,
    come_back,
    exchange,
    sent_to,
    signed_up,
    start,
)
from tests.api import Api
from tests.factories import PASSWORD, UserFactory
from tests.races import at_once
from tests.servers.identity_provider import Person


def test_the_providers_of_a_deployment_are_listed(api, idp):
    answer = api.get("/api/v1/auth/social/providers")
    assert answer.json() == {"results": [{"name": "acme", "title": "Acme"}], "next": None}


@pytest.mark.asvs("10.1.2", "10.2.3")
def test_a_browser_is_sent_with_pkce_a_state_and_a_nonce_and_gets_a_cookie(api, idp):
    answer = start(api)
    url = urlsplit(answer.json()["authorization_url"])
    query = dict(parse_qsl(url.query))
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{idp.url}/authorize"
    assert query["redirect_uri"] == "http://localhost:8000/api/v1/auth/social/acme/callback"
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert query["scope"] == "openid email profile"
    assert {len(query[word]) > 40 for word in ("state", "nonce", "code_challenge")} == {True}
    cookie = answer.cookies["plinto_browser"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    row = ProviderSignIn.objects.get()
    stored = b"".join(
        bytes(each) for each in (row.state_digest, row.sealed_secrets, row.browser_digest)
    )
    assert query["state"].encode() not in stored
    assert query["nonce"].encode() not in stored


def test_only_a_registered_address_is_come_back_to(api, idp):
    for uri in (
        "http://app.example/signed-in",
        f"{APP}&x=1",
        "http://app.example.evil.example/signed-in?from=plinto",
        "HTTP://app.example/signed-in?from=plinto",
        "javascript:alert(1)",
        "",
    ):
        answer = start(api, redirect_uri=uri)
        assert answer.status_code == 422, uri
        assert answer.json()["details"]["fields"].keys() == {"redirect_uri"}
    assert not ProviderSignIn.objects.exists()


def test_a_body_of_another_shape_is_refused(api, idp):
    for body in ({"redirect_uri": [APP]}, {}, {"redirect_uri": APP, "x": 1}, []):
        assert api.post("/api/v1/auth/social/acme/start", body).status_code == 422, body
    for body in ({"code": ["x"]}, {"code": "x", "y": 1}, {}):
        assert api.post(EXCHANGE, body).status_code == 422, body


def test_a_provider_that_is_not_configured_is_not_there(api, idp):
    assert start(api, "nobody").status_code == 404
    assert come_back(api, {"state": "x"}, name="nobody").status_code == 404


def test_somebody_new_with_an_address_the_provider_vouches_for_gets_an_account(api, idp):
    ada = Person()
    tokens = signed_up(api, idp, ada)
    assert (tokens["user"]["email"], tokens["user"]["email_verified"]) == (ada.email, True)
    assert tokens["user"]["name"] == "Ada"
    assert api.get("/api/v1/me", token=tokens["access"]).status_code == 200
    person = User.objects.get()
    assert not person.has_usable_password()
    acts = AuditRow.objects.values_list("action", flat=True)
    assert {"user.created", "identity.linked", "session.started"} <= set(acts)


@pytest.mark.asvs("7.2.4", "10.5.2")
def test_an_identity_signs_in_whoever_it_belongs_to_whatever_its_address_is_by_now(api, idp):
    ada = Person()
    first = signed_up(api, idp, ada)
    moved = Person(subject=ada.subject, email="elsewhere@example.com", is_verified=False)
    second = signed_up(Api(), idp, moved)
    assert second["user"] == first["user"]
    assert second["session"]["id"] != first["session"]["id"]
    assert User.objects.count() == 1


@pytest.mark.asvs("6.3.4", "6.8.4")
def test_whoever_has_a_second_factor_is_asked_for_it_here_too(api, idp):
    person, phone = enrolled(api)
    Identity.objects.create(
        user=person.user, provider="acme", subject="ada", created_at=timezone.now()
    )
    answer = exchange(api, arrived(api, idp, Person(subject="ada"))["code"])
    assert answer.json()["mfa_required"] is True
    second = show(api, answer.json()["mfa_token"], code=phone.code())
    assert second.status_code == 200
    assert second.json()["user"]["id"] == str(person.user.pk)


def test_an_address_that_is_not_vouched_for_makes_no_account_and_no_link(api, idp):
    owner = UserFactory()
    for said in (False, None, "true", "false", 1, [True]):
        for email in ("new@example.com", owner.email):
            back = arrived(api, idp, Person(email=email, is_verified=said))
            assert back == {"error": "email_not_verified"}, said
    assert User.objects.count() == 1
    assert not Identity.objects.exists()


def test_an_address_that_is_none_makes_no_account(api, idp):
    for email in ("", "no address", "\u212a@example.com", "a\u202e@example.com", "a@b", None):
        assert arrived(api, idp, Person(email=email)) == {"error": "email_not_verified"}, email


@pytest.mark.asvs("6.8.1")
def test_an_address_with_an_account_is_not_linked_by_the_address_alone(api, idp):
    owner = UserFactory()
    answer = exchange(api, arrived(api, idp, Person(email=owner.email.upper()))["code"])
    assert (answer.status_code, answer.json()["error"]) == (409, "IDENTITY_NEEDS_PROOF")
    assert answer.json()["details"].keys() == {"link_token", "provider", "expires_in"}
    assert not Identity.objects.exists()


def test_a_registration_that_waits_for_the_address_is_dropped_with_its_password(api, idp):
    ada = Person()
    api.post("/api/v1/auth/register", {"email": ada.email, "password": PASSWORD})
    signed_up(api, idp, ada)
    assert not Registration.objects.exists()
    body = {"email": ada.email, "password": PASSWORD}
    assert api.post("/api/v1/auth/login", body).status_code == 401


@pytest.mark.asvs("10.1.2")
def test_a_code_shown_twenty_times_at_once_opens_one_session(api, idp):
    code = arrived(api, idp, Person())["code"]
    cookies = api.client.cookies

    def show_code(_: int) -> int:
        twin = Api()
        twin.client.cookies = cookies
        return exchange(twin, code).status_code

    assert Counter(at_once(show_code, times=20)) == {200: 1, 401: 19}
    assert User.objects.get().sessions.count() == 1


def test_two_tabs_of_somebody_new_make_one_account(api, idp):
    ada = Person()
    codes = [arrived(api, idp, ada)["code"] for _ in range(2)]
    cookies = api.client.cookies

    def show_code(number: int) -> int:
        twin = Api()
        twin.client.cookies = cookies
        return exchange(twin, codes[number]).status_code

    assert at_once(show_code, times=2) == [200, 200]
    assert (User.objects.count(), Identity.objects.count()) == (1, 1)


@pytest.mark.asvs("10.1.2")
def test_a_code_is_worth_nothing_in_another_browser_nor_after_a_minute(api, idp):
    code = arrived(api, idp, Person())["code"]
    assert exchange(Api(), code).status_code == 401
    stranger = Api()
    start(stranger)
    assert exchange(stranger, code).status_code == 401
    ProviderSignIn.objects.update(code_expires_at=timezone.now())
    assert exchange(api, code).status_code == 401
    assert exchange(api, "plo_unknown").json()["error"] == "INVALID_CODE"
    assert not User.objects.exists()


def test_somebody_who_was_switched_off_stays_out(api, idp):
    ada = Person()
    signed_up(api, idp, ada)
    User.objects.update(is_active=False)
    answer = exchange(api, arrived(api, idp, ada)["code"])
    assert (answer.status_code, answer.json()["error"]) == (401, "INVALID_CODE")


def test_a_provider_that_was_switched_off_opens_nothing(api, idp, settings):
    code = arrived(api, idp, Person())["code"]
    settings.SOCIAL_PROVIDERS = {}
    assert exchange(api, code).status_code == 401


def test_somebody_who_declines_comes_back_with_an_error_and_no_code(api, idp):
    state = idp.approve(sent_to(api), Person())["state"]
    answer = come_back(api, {"state": state, "error": "access_denied", "code": "x"})
    assert answer["Location"] == f"{APP}&error=access_denied"
    assert idp.forms == []


def test_what_is_over_is_cleared_away(api, idp):
    signed_up(api, idp, Person())
    assert social.trim(now=timezone.now()) == 0
    assert social.trim(now=timezone.now() + timedelta(hours=1)) == 1


def test_a_person_without_a_password_signs_in_nowhere_else(api, idp):
    ada = Person()
    signed_up(api, idp, ada)
    body = {"email": ada.email, "password": PASSWORD}
    assert api.post("/api/v1/auth/login", body).status_code == 401
    other = signed_in(api)
    assert api.get("/api/v1/me/identities", token=other.access).json()["results"] == []
