"""The providers that are known by name, and how a deployment names others."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from joserfc import jwk, jwt

from accounts import providers
from accounts.models import Identity
from accounts.providers import AppleKey, Vouching
from plinto.kernel.environment import Environment
from tests.accounts.travellers import arrived, exchange, sent_to, signed_up
from tests.api import Api
from tests.servers.identity_provider import Person
from tests.servers.website import Reply

TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
CLIENT = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}


def apple_key() -> str:
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def read(name: str, **variables: str) -> providers.Provider:
    words = {f"SOCIAL_{name.upper()}_{word}": value for word, value in variables.items()}
    return providers.configured(Environment({"SOCIAL_PROVIDERS": name, **words}))[name]


def test_presets_need_no_address_and_others_an_issuer():
    assert read("google", **CLIENT).issuer == "https://accounts.google.com"
    microsoft = read("microsoft", TENANT=TENANT, **CLIENT)
    assert microsoft.issuer == f"https://login.microsoftonline.com/{TENANT}/v2.0"
    assert read("github", **CLIENT).issuer == "https://github.com"
    acme = read("acme", ISSUER="https://idp.acme.example/realm", TITLE="Acme Inc.", **CLIENT)
    assert (acme.title, acme.issuer) == ("Acme Inc.", "https://idp.acme.example/realm")
    apple = read(
        "apple",
        CLIENT_ID="id",
        TEAM_ID="team",
        KEY_ID="key",
        PRIVATE_KEY=apple_key().replace("\n", "\\n"),
    )
    assert (apple.issuer, apple.posts_back) == ("https://appleid.apple.com", True)
    assert "secret" not in repr(acme)
    assert "PRIVATE" not in repr(apple)


NONSENSE = [
    ("google", {"CLIENT_ID": "id"}, "SOCIAL_GOOGLE_CLIENT_SECRET"),
    ("acme", CLIENT, "SOCIAL_ACME_ISSUER"),
    ("acme", {"ISSUER": "idp.acme.example", **CLIENT}, "SOCIAL_ACME_ISSUER"),
    ("acme", {"ISSUER": "https://u:p@idp.acme.example", **CLIENT}, "SOCIAL_ACME_ISSUER"),
    ("microsoft", {"TENANT": "common", **CLIENT}, "SOCIAL_MICROSOFT_TENANT"),
    ("apple", {"PRIVATE_KEY": "no key", **CLIENT}, "SOCIAL_APPLE_PRIVATE_KEY"),
    ("ac-me", CLIENT, "SOCIAL_PROVIDERS"),
]


def test_a_variable_that_is_missing_or_makes_no_sense_stops_the_start_by_name():
    for name, variables, variable in NONSENSE:
        with pytest.raises(ImproperlyConfigured, match=variable):
            read(name, **variables)


def test_where_browsers_come_back_to_must_be_said_and_be_addresses():
    for said in ("", "app.example.com/signed-in", "javascript:alert(1)", "https://a.example/#x"):
        with pytest.raises(ImproperlyConfigured, match="SOCIAL_REDIRECT_URIS"):
            providers.redirect_uris(Environment({"SOCIAL_REDIRECT_URIS": said}), wanted=True)
    assert providers.redirect_uris(Environment({}), wanted=False) == []


def test_apple_answers_with_a_form_and_wants_a_secret_that_is_signed(api, idp):
    pem = apple_key()
    key = AppleKey(team_id="team", key_id="key", pem=pem)
    apple = idp.provider(apple_key=key, vouching=Vouching.APPLE, scope="openid email")
    with override_settings(SOCIAL_PROVIDERS={"acme": apple}):
        url = sent_to(api)
        assert dict(parse_qsl(urlsplit(url).query))["response_mode"] == "form_post"
        answer = idp.approve(url, Person(is_verified="true"))
        # A form from another site: the browser's cookie stays at home.
        posted = Api().post(
            "/api/v1/auth/social/acme/callback",
            urlencode({**answer, "user": '{"name":{}}'}),
            content_type="application/x-www-form-urlencoded; charset=idna",
        )
        assert posted.status_code == 303
        back = api.get(posted["Location"].removeprefix("http://localhost:8000"))
        code = dict(parse_qsl(urlsplit(back["Location"]).query))["code"]
        assert exchange(api, code).status_code == 200
    secret = jwt.decode(idp.forms[0]["client_secret"], jwk.import_key(pem, "EC"))
    assert secret.header["kid"] == "key"
    assert (secret.claims["iss"], secret.claims["aud"]) == ("team", idp.url)
    assert secret.claims["exp"] - secret.claims["iat"] <= 600


def test_microsoft_vouches_by_its_own_claim_and_not_by_email_verified(api, idp):
    microsoft = idp.provider(vouching=Vouching.MICROSOFT)
    with override_settings(SOCIAL_PROVIDERS={"acme": microsoft}):
        assert arrived(api, idp, Person()) == {"error": "email_not_verified"}
        idp.claims = {"xms_edov": True}
        assert signed_up(api, idp, Person())["access"]


def test_a_provider_that_does_not_take_basic_gets_the_secret_in_the_form(api, idp):
    idp.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    signed_up(api, idp, Person())
    assert idp.forms[0]["client_secret"] == idp.provider().client_secret


@pytest.fixture
def github(idp, settings):
    settings.SOCIAL_PROVIDERS = {"acme": idp.github()}
    return idp


def test_github_says_who_somebody_is_by_number_and_which_address_is_theirs(api, github):
    ada = Person(subject="2a")
    url = urlsplit(sent_to(api))
    assert url.path == "/login/oauth/authorize"
    assert dict(parse_qsl(url.query))["code_challenge_method"] == "S256"
    tokens = signed_up(api, github, ada)
    assert tokens["user"]["email"] == ada.email
    assert Identity.objects.get().subject == str(0x2A)


def test_github_without_a_verified_primary_address_makes_no_account(api, github):
    unproved = Person(subject="2a", is_verified=False)
    assert arrived(api, github, unproved) == {"error": "email_not_verified"}
    for said in ([], {}, ["x"], [{"email": "a@b.example", "primary": True, "verified": "yes"}]):
        github.broken = {"/api/v3/user/emails": Reply(parts=(json.dumps(said).encode(),))}
        assert arrived(api, github, Person(subject="2a")) == {"error": "email_not_verified"}


def test_github_that_does_not_say_who_somebody_is_lets_nobody_in(api, github):
    for said in ({}, {"id": "42"}, {"id": True}, {"id": 0}, []):
        github.broken = {"/api/v3/user": Reply(parts=(json.dumps(said).encode(),))}
        assert arrived(api, github, Person(subject="2a")) == {"error": "provider_error"}


def test_claims_that_are_not_in_the_token_are_asked_for_and_must_be_of_the_same_person(api, idp):
    idp.metadata = {"userinfo_endpoint": f"{idp.url}/userinfo"}
    idp.claims = {"email": None, "email_verified": None, "name": None}
    idp.userinfo = {"sub": "somebody else"}
    assert arrived(api, idp, Person()) == {"error": "provider_error"}
    idp.userinfo = {}
    ada = Person()
    assert signed_up(api, idp, ada)["user"]["email"] == ada.email
