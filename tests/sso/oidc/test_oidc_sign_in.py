"""Signing in by an OpenID connection: there, back, and in."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.utils import timezone

from accounts import browsers
from accounts.models import Identity, Session, User
from sso.models import OIDCSettings, SignIn, SignOn
from sso.services import oidc_sign_in
from tests.api import Api
from tests.servers.identity_provider import CLIENT, redirected
from tests.sso.arriving import APP
from tests.sso.oidc.relying import DOMAIN, Party, somebody


def test_a_browser_is_sent_to_the_provider_with_pkce_nonce_and_state(party):
    location = party.sent_to(Api())
    asked = redirected(location)
    assert location.startswith(f"{party.idp.url}/authorize?")
    assert asked["response_type"] == "code"
    assert (asked["client_id"], asked["scope"]) == (CLIENT, "openid email profile")
    assert asked["redirect_uri"] == f"http://localhost:8000{party.path}/callback"
    assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
    assert len(asked["nonce"]) >= 43
    assert len(asked["state"]) >= 43
    assert "max_age" not in asked


def test_somebody_signs_in_and_the_session_says_what_the_provider_said(party):
    proved_at = int(time.time()) - 90
    party.idp.claims = {"auth_time": proved_at, "amr": ["pwd", "otp", 7, "Not One"], "sid": "s1"}
    entry = party.sign_in(Api(), somebody())
    session = Session.objects.get(pk=entry["session"]["id"])
    assert entry["user"]["email"] == f"ada@{DOMAIN}"
    assert session.connection_id == party.connection.pk
    assert session.methods == ["pwd", "otp"]
    assert session.authenticated_at == datetime.fromtimestamp(proved_at, tz=UTC)
    assert SignOn.objects.get(session=session).session_index == "s1"
    again = party.sign_in(Api(), somebody())
    assert again["user"]["id"] == entry["user"]["id"]
    assert User.objects.filter(email=f"ada@{DOMAIN}").count() == 1


def test_claims_that_are_only_in_the_userinfo_count(party):
    party.idp.metadata = {"userinfo_endpoint": f"{party.idp.url}/userinfo"}
    party.idp.claims = {"email": None, "email_verified": None}
    assert party.sign_in(Api(), somebody())["user"]["email"] == f"ada@{DOMAIN}"


def test_a_signed_claim_outweighs_that_of_the_userinfo(party):
    party.idp.metadata = {"userinfo_endpoint": f"{party.idp.url}/userinfo"}
    party.idp.userinfo = {"email": f"grace@{DOMAIN}"}
    assert party.sign_in(Api(), somebody())["user"]["email"] == f"ada@{DOMAIN}"


def test_how_and_when_somebody_proved_themselves_is_read_in_the_token_only(party):
    party.idp.metadata = {"userinfo_endpoint": f"{party.idp.url}/userinfo"}
    for auth_time in ("now", int(time.time())):
        party.idp.userinfo = {"auth_time": auth_time, "amr": ["mfa"], "sid": "s1"}
        entry = party.sign_in(Api(), somebody())
        session = Session.objects.get(pk=entry["session"]["id"])
        assert session.methods == []
        assert session.proved_at < timezone.now() - timedelta(days=1)
        assert SignOn.objects.get(session=session).session_index == ""


def test_the_secret_goes_where_the_provider_takes_it(party):
    party.idp.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    party.sign_in(Api(), somebody())
    assert party.idp.forms[-1]["client_id"] == CLIENT


def test_a_login_door_goes_on_to_listed_addresses_only(party):
    for listed in (APP, "http://localhost:8000/signed-in"):
        party.sent_to(Api(), redirect_uri=listed)
    answer = party.login(Api(), redirect_uri=f"{APP}&evil")
    assert answer.status_code == 400
    assert "Location" not in answer
    assert party.refusal() == "redirect_uri: not registered"


def test_no_header_moves_where_the_provider_sends_the_browser(party):
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    answer = Api().get(f"{party.path}/login", headers={"X-Forwarded-Host": "evil.example"})
    assert urlsplit(redirected(answer["Location"])["redirect_uri"]).netloc == "localhost:8000"
    assert "evil" not in Api().get(f"{party.path}/login", headers=forged).get("Location", "")


def test_a_connection_that_is_off_or_was_never_there_is_not_found(party):
    party.connection.is_enabled = False
    party.connection.save()
    browser = Api()
    for path in (party.path, "/sso/oidc/nowhere"):
        for door in ("login", "callback?state=x&code=y"):
            answer = browser.get(f"{path}/{door}")
            assert answer.status_code == 404
            assert answer["X-Request-ID"] in answer.content.decode()
    assert party.idp.asked("/.well-known/openid-configuration") == 0


def test_a_connection_that_is_switched_off_meanwhile_takes_no_answer(party):
    browser = Api()
    approved = party.idp.approve(party.sent_to(browser), somebody())
    party.connection.is_enabled = False
    party.connection.save()
    assert party.back(browser, approved).status_code == 404
    assert party.idp.forms == []


def test_what_the_provider_published_is_in_the_row_after_the_first_sign_in(party):
    party.sign_in(Api(), somebody())
    row = OIDCSettings.objects.get(pk=party.connection.pk)
    assert row.metadata["issuer"] == party.idp.url
    assert [key["kid"] for key in row.keys["keys"]] == ["first"]
    assert "d" not in row.keys["keys"][0]


def test_nothing_secret_of_a_sign_in_is_readable_in_its_row(party):
    state = redirected(party.sent_to(Api()))["state"]
    [row] = SignIn.objects.values()
    kept = b"".join(bytes(v) for v in row.values() if isinstance(v, bytes | memoryview))
    assert state.encode() not in kept
    assert redirected(party.sent_to(Api()))["nonce"].encode() not in kept


def test_a_maximal_age_is_asked_for_and_looked_at(club, idp):
    party = Party(club, idp, max_age=300)
    party.prove()
    assert redirected(party.sent_to(Api()))["max_age"] == "300"
    idp.claims = {"auth_time": int(time.time()) - 200}
    assert party.sign_in(Api(), somebody())["access"]
    for auth_time in (int(time.time()) - 700, None, "now", True, -1e300):
        idp.claims = {"auth_time": auth_time}
        assert party.arrive(Api(), somebody()).status_code == 400
        assert party.refusal().startswith("token: auth_time")


def test_who_was_to_sign_in_anew_must_have(party):
    asked = redirected(party.sent_to(Api(), prompt="login"))
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    for auth_time in (None, int(time.time()) - 600):
        party.idp.claims = {"auth_time": auth_time}
        answer = party.arrive(Api(), somebody(), prompt="login")
        assert answer.status_code == 400
        assert party.refusal().startswith("token: auth_time")
    party.idp.claims = {"auth_time": int(time.time())}
    assert party.arrive(Api(), somebody(), prompt="login").status_code == 303


def begin(party, browser):
    begun = oidc_sign_in.sent(
        party.connection,
        redirect_uri="",
        browser="",
        tester_id=party.club.owner.user.pk,
        now=timezone.now(),
    )
    browser.client.cookies[browsers.cookie_name()] = begun.browser
    return begun.location


def test_what_came_is_kept_for_the_tester_and_nobody_comes_in(party):
    for claims, refused in ({}, ""), ({"nonce": "another"}, "token: nonce"):
        browser, party.idp.claims = Api(), claims
        approved = party.idp.approve(begin(party, browser), somebody())
        answer = party.back(browser, approved)
        assert answer.status_code == 303
        assert "code=" not in answer["Location"]
        assert SignIn.objects.latest("id").findings["refused"] == refused
    assert not Identity.objects.exists()
    assert not User.objects.filter(email=f"ada@{DOMAIN}").exists()
