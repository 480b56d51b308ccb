"""Answers that must not be believed: forged, mixed up, replayed, stolen, stale."""

from __future__ import annotations

import base64
import hmac
import json
from collections import Counter
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from django.utils import timezone
from joserfc import jwk, jwt

from accounts.models import Identity, ProviderSignIn, User
from audit.models import AuditRow
from tests.accounts.travellers import APP, arrived, come_back, exchange, sent_to, signed_up, start
from tests.api import Api
from tests.races import at_once
from tests.servers.identity_provider import SECRET, IdentityProvider, Person, callback_path
from tests.servers.website import Reply

REFUSED = {"error": "provider_error"}


@pytest.fixture
def nobody_came_in():
    """See at the end that nothing came of it."""
    yield
    assert not User.objects.exists()
    assert not Identity.objects.exists()


def reason() -> str:
    return AuditRow.objects.filter(action="session.refused").latest("id").reason


CLAIMS = {
    "of another issuer": ({"iss": "https://evil.example"}, "token: issuer"),
    "of no issuer": ({"iss": None}, "token: issuer"),
    "for another client": ({"aud": "somebody else"}, "token: audience"),
    "for a client whose name is a part of ours": ({"aud": "plinto"}, "token: audience"),
    "for nobody": ({"aud": None}, "token: audience"),
    "for several, ours not authorized": (
        {"aud": ["plinto at work", "other"], "azp": "other"},
        "token: authorized party",
    ),
    "for several, nobody authorized": (
        {"aud": ["plinto at work", "other"]},
        "token: authorized party",
    ),
    "of another sign-in": ({"nonce": "another"}, "token: nonce"),
    "of no sign-in": ({"nonce": None}, "token: nonce"),
    "with a nonce that is a list": ({"nonce": ["x"]}, "token: nonce"),
    "that has expired": ({"exp": 1_000_000_000}, "token: expired"),
    "that never expires": ({"exp": None}, "token: times"),
    "that expires as text": ({"exp": "4000000000"}, "token: times"),
    "that was issued long ago": ({"iat": 1_000_000_000}, "token: issued at"),
    "of the future": ({"iat": 4_000_000_000, "exp": 4_000_000_300}, "token: issued at"),
    "that is not valid yet": ({"nbf": 4_000_000_000}, "token: not yet"),
    "about nobody": ({"sub": None}, "subject"),
    "about an empty name": ({"sub": ""}, "subject"),
    "about a number": ({"sub": 7}, "subject"),
    "about a name too long": ({"sub": "x" * 256}, "subject"),
}


@pytest.mark.usefixtures("nobody_came_in")
def test_a_token_for_another_purpose_or_time_is_not_believed(api, idp):
    for what, (claims, why) in CLAIMS.items():
        idp.claims = claims
        assert arrived(api, idp, Person()) == REFUSED, what
        assert reason() == why, what


def encoded(part: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def written(header: dict, claims: dict, sign=lambda _: b"") -> str:
    """Put a token together by hand, as no library would."""
    signed = f"{encoded(header)}.{encoded(claims)}"
    return f"{signed}.{base64.urlsafe_b64encode(sign(signed.encode())).rstrip(b'=').decode()}"


def unsigned(algorithm: str):
    return lambda claims: written({"alg": algorithm}, claims)


def by_secret(secret: bytes):
    """Take what is no secret, or no key, for a shared one (algorithm confusion)."""
    header = {"alg": "HS256", "kid": "first"}
    return lambda claims: written(header, claims, lambda said: hmac.digest(secret, said, "sha256"))


def critically(idp: IdentityProvider):
    """Sign well, and demand that an extension nobody knows be understood."""
    header = {"alg": "RS256", "kid": "first", "crit": ["evil"], "evil": 1}
    key = idp.key.private_key
    return lambda claims: written(header, claims, lambda said: key.sign(said, PKCS1v15(), SHA256()))


def by_stranger(**header):
    key = jwk.generate_key("RSA", 2048)
    return lambda claims: jwt.encode({"alg": "RS256", **header}, claims, key)


def with_own_key(claims: dict) -> str:
    key = jwk.generate_key("RSA", 2048)
    return jwt.encode({"alg": "RS256", "jwk": key.as_dict(private=False)}, claims, key)


FORGERIES = {
    "unsigned": lambda idp: unsigned("none"),
    "unsigned, spelled otherwise": lambda idp: unsigned("nOnE"),
    "signed with the public key as a secret": lambda idp: by_secret(idp.key.as_pem(private=False)),
    "signed with the client's secret": lambda idp: by_secret(SECRET.encode()),
    "signed by a stranger": lambda idp: by_stranger(kid="first"),
    "signed by a stranger without a name": lambda idp: by_stranger(),
    "signed by a key that nobody knows": lambda idp: by_stranger(kid="second"),
    "signed by a key it brings along": lambda idp: with_own_key,
    "with a critical header": critically,
    "too long": lambda idp: lambda claims: "x" * 20_000,
    "no token": lambda idp: lambda claims: "not.a.token",
    "not there": lambda idp: lambda claims: None,
}


@pytest.mark.usefixtures("nobody_came_in")
def test_a_forged_token_is_not_believed(api, idp):
    for what, forged in FORGERIES.items():
        idp.forge = forged(idp)
        assert arrived(api, idp, Person()) == REFUSED, what
        assert reason().startswith("token: "), what


@pytest.mark.parametrize(
    ("kind", "detail", "algorithm"), [("EC", "P-256", "ES256"), ("OKP", "Ed25519", "Ed25519")]
)
def test_another_algorithm_of_the_list_is_believed(api, idp, kind, detail, algorithm):
    idp.key = jwk.generate_key(kind, detail, {"kid": "other"})
    idp.published, idp.header = [idp.key], {"alg": algorithm}
    assert signed_up(api, idp, Person())["access"]


def test_of_several_keys_the_one_that_a_token_names_is_used_and_without_a_name_none(api, idp):
    idp.published = [jwk.generate_key("RSA", 2048, {"kid": "second"}), idp.key]
    assert signed_up(api, idp, Person())["access"]
    idp.forge = lambda claims: jwt.encode({"alg": "RS256"}, claims, idp.key)
    assert arrived(api, idp, Person()) == REFUSED
    assert reason() == "token: unknown key"


@pytest.mark.usefixtures("nobody_came_in")
def test_a_key_that_is_published_for_one_algorithm_is_not_taken_for_another(api, idp):
    idp.published = [jwk.import_key({**idp.key.as_dict(private=False), "alg": "PS256"})]
    assert arrived(api, idp, Person()) == REFUSED
    assert reason() == "token: unknown key"


def test_an_answer_is_taken_once_however_often_it_comes(api, idp):
    answer = idp.approve(sent_to(api), Person())
    cookies = api.client.cookies

    def bring(_: int) -> int:
        twin = Api()
        twin.client.cookies = cookies
        return come_back(twin, answer).status_code

    assert Counter(at_once(bring, times=10)) == {303: 1, 400: 9}
    assert len(idp.forms) == 1


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


@pytest.mark.usefixtures("nobody_came_in")
def test_a_forged_state_gets_a_plain_page(api, idp):
    sent_to(api)
    for state in ("", "pls_forged", "\x00", "x" * 5000, "ü"):
        assert come_back(api, {"state": state, "code": "x"}).status_code == 400
    assert reason() == "no sign-in waits for this answer"


@pytest.mark.usefixtures("nobody_came_in")
def test_a_sign_in_that_took_too_long_is_over(api, idp):
    answer = idp.approve(sent_to(api), Person())
    ProviderSignIn.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert come_back(api, answer).status_code == 400


@pytest.mark.usefixtures("nobody_came_in")
def test_an_answer_for_one_provider_is_not_taken_by_another(api, idp, settings):
    settings.SOCIAL_PROVIDERS = {
        **settings.SOCIAL_PROVIDERS,
        "other": idp.provider(name="other"),
    }
    answer = idp.approve(sent_to(api), Person())
    assert come_back(api, answer, name="other").status_code == 400


@pytest.mark.usefixtures("nobody_came_in")
def test_an_answer_that_names_another_issuer_is_refused(api, idp):
    """Mix-up, RFC 9207."""
    assert arrived(api, idp, Person(), iss="https://evil.example") == REFUSED
    assert reason() == "answer: issuer"
    assert idp.forms == []


def test_a_provider_that_says_it_names_itself_must(api, idp):
    idp.metadata = {"authorization_response_iss_parameter_supported": True}
    assert arrived(api, idp, Person()) == REFUSED
    assert reason() == "answer: no issuer"
    assert arrived(api, idp, Person(), iss=idp.url).keys() == {"code"}


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
    ("/token", Reply(302, {"Location": "/elsewhere"}), "provider_error"),
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


def test_forged_tokens_make_no_flood_of_questions_for_keys(api, idp):
    assert signed_up(api, idp, Person())
    idp.forge = by_stranger(kid="unknown")
    for _ in range(5):
        assert arrived(api, idp, Person()) == REFUSED
    assert idp.asked("/keys") == 1
    assert idp.asked("/.well-known/openid-configuration") == 1


def test_a_form_is_taken_only_from_a_provider_that_sends_forms(api, idp, settings):
    form = urlencode({"state": "x", "code": "y"})
    path = "/api/v1/auth/social/acme/callback"
    kind = "application/x-www-form-urlencoded"
    assert api.post(path, form, content_type=kind).status_code == 404
    assert api.post(path, {"state": "x"}).status_code == 415


def test_a_code_in_the_address_of_the_front_end_is_not_the_providers(api, idp):
    answer = idp.approve(sent_to(api), Person())
    back = come_back(api, answer)
    assert answer["code"] not in back["Location"]
    assert exchange(api, answer["code"]).status_code == 401
    assert back["Referrer-Policy"] == "no-referrer"
    assert callback_path(answer) not in back["Location"]
