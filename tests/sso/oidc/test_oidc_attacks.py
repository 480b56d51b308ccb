"""Answers at a connection that must not be believed; the trail of its organization says why."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from joserfc import jwk, jwt

from accounts.services import provider_documents
from sso.models import SignIn
from sso.protocols.oidc import CHECKS
from tests.accounts.organizations import Club
from tests.api import Api
from tests.races import at_once
from tests.servers.forged_tokens import CLAIMS, FORGERIES, by_stranger
from tests.servers.identity_provider import IdentityProvider
from tests.sso.oidc.relying import Party, somebody

pytestmark = pytest.mark.usefixtures("nobody_came_in")
NAMES = [name for name, _ in CHECKS]


def refused(party: Party, answer, *, status: int = 400) -> str:
    """See that a browser gets a plain page and nothing else, and return the reason on record."""
    assert answer.status_code == status, answer.content
    assert "Location" not in answer
    page = answer.content.decode()
    assert answer["Content-Type"].startswith("text/html")
    assert answer["X-Request-ID"] in page
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "no-referrer")
    reason = party.refusal()
    assert reason not in page
    assert any(reason.startswith(name) for name in NAMES), reason
    return reason


@pytest.mark.asvs("9.2.1", "9.2.3", "10.5.1", "10.5.4")
def test_a_token_for_another_purpose_or_time_is_not_believed(party):
    browser = Api()
    for what, (claims, why) in CLAIMS.items():
        party.idp.claims = claims
        assert refused(party, party.arrive(browser, somebody())) == why, what


@pytest.mark.asvs("6.8.2", "9.1.1")
def test_a_forged_token_is_not_believed(party):
    browser = Api()
    for what, forged in FORGERIES.items():
        party.idp.forge = forged(party.idp)
        assert refused(party, party.arrive(browser, somebody())).startswith("token: "), what


def test_every_refusal_of_a_token_names_one_check_and_no_name_begins_another():
    assert len(set(NAMES)) == len(NAMES)
    reasons = {why for _, why in CLAIMS.values()}
    for reason in reasons:
        assert [name for name in NAMES if reason.split(",")[0] == name], reason


def test_a_published_key_that_everybody_knows_signs_nothing(party):
    """A symmetric key in the list of keys, and a token signed with it."""
    shared = jwk.generate_key("oct", 256, {"kid": "first"})
    party.idp.published = [shared]
    party.idp.forge = lambda claims: jwt.encode({"alg": "HS256", "kid": "first"}, claims, shared)
    assert refused(party, party.arrive(Api(), somebody())) == "token: algorithm"
    party.idp.forge = by_stranger(kid="first")
    assert refused(party, party.arrive(Api(), somebody())) == "token: key"


def test_forged_tokens_make_no_flood_of_questions_for_keys(party):
    party.idp.forge = by_stranger(kid="unknown")
    for _ in range(5):
        assert refused(party, party.arrive(Api(), somebody())) == "token: key"
    assert party.idp.asked("/keys") == 1
    assert party.idp.asked("/.well-known/openid-configuration") == 1


def test_a_key_that_the_provider_has_withdrawn_signs_nothing_after_a_restart(party):
    party.published_once()
    party.idp.published = [jwk.generate_key("EC", "P-256", {"kid": "second"})]
    assert refused(party, party.arrive(Api(), somebody())) == "token: key"


def test_an_answer_is_taken_once_however_often_it_comes_at_once(party):
    browser = Api()
    answer = party.idp.approve(party.sent_to(browser), somebody())

    def bring(_: int) -> int:
        twin = Api()
        twin.client.cookies = browser.client.cookies
        return party.back(twin, answer).status_code

    assert Counter(at_once(bring, times=10)) == {303: 1, 400: 9}
    assert len(party.idp.forms) == 1


def test_a_code_that_was_used_opens_nothing_under_another_state(party):
    browser = Api()
    used = party.idp.approve(party.sent_to(browser), somebody())
    assert party.back(browser, used).status_code == 303
    fresh = party.idp.approve(party.sent_to(browser), somebody())
    replayed = party.back(browser, {**fresh, "code": used["code"]})
    assert refused(party, replayed) == "code: status 400"


@pytest.mark.asvs("10.1.2", "10.2.1")
def test_a_state_in_another_browser_is_refused_and_not_spent(party):
    """Login CSRF: an attacker's answer in the victim's browser."""
    browser, other = Api(), Api()
    answer = party.idp.approve(party.sent_to(browser), somebody())
    party.sent_to(other)
    for stranger in (Api(), other):
        reason = refused(party, party.back(stranger, answer))
        assert reason == "state: no sign-in of this browser waits"
    assert party.idp.forms == []
    assert party.back(browser, answer).status_code == 303


def test_a_state_that_was_never_given_or_is_old_is_refused(party):
    browser = Api()
    answer = party.idp.approve(party.sent_to(browser), somebody())
    for state in ("", "pls_forged", "\x00", "x" * 5000, "ü", "\ud800"):
        query = urlencode({"state": state, "code": "x"}, errors="surrogatepass")
        refused(party, browser.get(f"{party.path}/callback?{query}"))
    SignIn.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    refused(party, party.back(browser, answer))


def test_an_answer_without_a_code_or_with_an_error_opens_nothing(party):
    for said, status, reason in (
        ({}, 400, "answer: code"),
        ({"code": "x" * 5000}, 400, "answer: code"),
        ({"error": "access_denied"}, 403, "answer: error, access_denied"),
        ({"error": "server_error"}, 400, "answer: error, server_error"),
        ({"error": "<script>"}, 400, "answer: error, of no known form"),
    ):
        browser = Api()
        state = party.idp.approve(party.sent_to(browser), somebody())["state"]
        answer = party.back(browser, {"state": state, **said})
        assert refused(party, answer, status=status) == reason


@pytest.fixture
def rival(api, settings, party):
    with IdentityProvider(name="rival") as idp:
        idp.key = jwk.generate_key("RSA", 2048, {"kid": "rival"})
        idp.published = [idp.key]
        settings.OUTBOUND_ALLOWED = {*settings.OUTBOUND_ALLOWED, idp.destination}
        yield Party(Club(api), idp)


@pytest.mark.asvs("10.2.2")
def test_an_answer_of_one_connection_is_not_taken_by_another(party, rival):
    browser = Api()
    answer = party.idp.approve(party.sent_to(browser), somebody())
    rival.sent_to(browser)
    assert refused(rival, rival.back(browser, answer)).startswith("state")
    assert party.back(browser, answer).status_code == 303


@pytest.mark.asvs("10.2.2")
def test_an_answer_that_names_another_issuer_is_refused_unasked(party, rival):
    browser = Api()
    mine = party.idp.approve(party.sent_to(browser), somebody())
    theirs = rival.idp.approve(rival.sent_to(browser), somebody())
    mixed = {"state": mine["state"], "code": theirs["code"], "iss": rival.idp.url}
    assert refused(party, party.back(browser, mixed)) == "answer: issuer"
    assert party.idp.forms == rival.idp.forms == []


def test_a_provider_that_says_it_names_itself_must(party):
    party.idp.metadata = {"authorization_response_iss_parameter_supported": True}
    reason = refused(party, party.arrive(Api(), somebody()))
    assert reason == "answer: issuer, missing"
    assert party.arrive(Api(), somebody(), iss=party.idp.url).status_code == 303


def test_a_code_of_another_provider_is_worth_nothing(party, rival):
    browser = Api()
    mine = party.idp.approve(party.sent_to(browser), somebody())
    theirs = rival.idp.approve(rival.sent_to(browser), somebody())
    mixed = {"state": mine["state"], "code": theirs["code"]}
    assert refused(party, party.back(browser, mixed)) == "code: status 400"
    assert rival.idp.forms == []


def test_a_token_of_one_provider_is_not_taken_from_another(party, rival):
    """A hostile provider passes on what another one signed for its victim."""
    victims = party.idp

    def passed_on(claims):
        stolen = {**claims, "iss": victims.url}
        return jwt.encode({"alg": "RS256", "kid": "first"}, stolen, victims.key)

    rival.idp.forge = passed_on
    assert refused(rival, rival.arrive(Api(), somebody())) == "token: key"
    provider_documents.of.cache_clear()
    rival.idp.published = [rival.idp.key, victims.key]
    assert refused(rival, rival.arrive(Api(), somebody())) == "token: issuer"


@pytest.mark.asvs("10.2.1")
def test_a_code_of_another_sign_in_does_not_fit_its_verifier(party):
    """Code injection: PKCE ties the code to the browser that began."""
    browser = Api()
    mine = party.idp.approve(party.sent_to(browser), somebody())
    theirs = party.idp.approve(party.sent_to(Api()), somebody("mallory"))
    answer = party.back(browser, {"state": mine["state"], "code": theirs["code"]})
    assert refused(party, answer) == "code: status 400"


@pytest.mark.parametrize(
    ("said", "reason"),
    [({"sub": "somebody-else"}, "userinfo: subject"), ({"sub": None}, "userinfo: subject")],
)
def test_userinfo_of_somebody_else_is_not_taken(party, said, reason):
    party.idp.metadata = {"userinfo_endpoint": f"{party.idp.url}/userinfo"}
    party.idp.userinfo = said
    assert refused(party, party.arrive(Api(), somebody())) == reason


@pytest.mark.asvs("10.5.3")
def test_metadata_of_another_issuer_or_with_hostile_addresses_are_refused(party):
    for said in (
        {"issuer": "https://evil.example"},
        {"issuer": f"{party.idp.url}/"},
        {"issuer": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
        {"jwks_uri": 7},
        {"userinfo_endpoint": "file:///etc/passwd"},
        {"userinfo_endpoint": "https://idp.example/\x00"},
        {"token_endpoint": "https://[idp"},
        {"end_session_endpoint": "javascript:alert(1)"},
    ):
        party.idp.metadata = said
        answer = party.login(Api())
        assert refused(party, answer).startswith("discovery"), said
    assert not SignIn.objects.exists()
