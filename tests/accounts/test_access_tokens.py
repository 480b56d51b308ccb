"""Attacks on access tokens: each is a token that almost verifies."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from django.conf import settings
from django.utils import timezone

from accounts.services.keys import ring
from tests.accounts.people import Person, signed_in


@pytest.fixture
def ada(api) -> Person:
    return signed_in(api)


def status(api, token: str) -> int:
    return api.get("/api/v1/me", token=token).status_code


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def forged(claims: dict[str, Any], *, key: Any = None, header: dict[str, Any] | None = None) -> str:
    """Sign claims with the ring's own key unless told otherwise."""
    current = ring.signing(timezone.now())
    headers = {"kid": current.kid, "typ": "at+jwt", **(header or {})}
    return jwt.encode(claims, key or current.private, algorithm="EdDSA", headers=headers)


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


@pytest.mark.asvs("7.6.1", "9.2.4")
def test_a_token_carries_the_claims_of_its_session(api, ada):
    claims = claims_of(ada.access)

    assert claims["sub"] == str(ada.user.pk)
    assert claims["sid"] == ada.session_id
    assert claims["iss"] == settings.PUBLIC_URL
    assert claims["aud"] == "plinto"
    assert claims["amr"] == ["pwd"]
    assert claims["exp"] - claims["iat"] == 900
    assert {"jti", "org", "scope", "auth_time"} <= claims.keys()
    assert jwt.get_unverified_header(ada.access)["typ"] == "at+jwt"


def test_anybody_can_verify_a_token_with_the_published_keys(api, ada):
    keys = jwt.PyJWKSet.from_dict(api.get("/.well-known/jwks.json").json())
    kid = jwt.get_unverified_header(ada.access)["kid"]

    claims = jwt.decode(ada.access, keys[kid], algorithms=["EdDSA"], audience="plinto")

    assert claims["sub"] == str(ada.user.pk)
    assert "d" not in api.get("/.well-known/jwks.json").json()["keys"][0]


def test_a_token_resigned_with_the_same_claims_is_good(api, ada):
    assert status(api, forged(claims_of(ada.access))) == 200


@pytest.mark.asvs("9.2.1", "9.2.2", "9.2.3", "10.3.1")
@pytest.mark.parametrize(
    "change",
    [
        {"exp": 1},
        {"iss": "https://evil.example"},
        {"iss": "http://localhost:8000/"},
        {"aud": "another"},
        {"aud": ["plinto", "another"]},
        {"use": "refresh"},
        {"sub": "nobody"},
        {"sub": 7},
        {"sid": "00000000-0000-7000-8000-000000000000"},
        {"exp": "soon"},
    ],
)
def test_a_well_signed_token_with_a_wrong_claim_is_refused(api, ada, change):
    assert status(api, forged({**claims_of(ada.access), **change})) == 401


@pytest.mark.parametrize("claim", ["exp", "iat", "iss", "aud", "sub", "sid", "jti", "use"])
def test_a_well_signed_token_without_a_claim_is_refused(api, ada, claim):
    claims = claims_of(ada.access)
    del claims[claim]

    assert status(api, forged(claims)) == 401


@pytest.mark.asvs("9.1.3")
@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"kid": "unknown"},
        {"kid": "../../etc/passwd"},
        {"jku": "https://evil.example/jwks.json"},
        {"x5u": "https://evil.example/cert"},
        {"jwk": {"kty": "OKP"}},
        {"crit": ["exp"], "exp": 1},
    ],
)
def test_a_header_that_wants_more_than_a_key_id_is_refused(api, ada, header):
    assert status(api, forged(claims_of(ada.access), header=header)) == 401


@pytest.mark.asvs("7.2.1", "9.1.1")
def test_another_key_under_a_known_key_id_is_refused(api, ada):
    assert (
        status(api, forged(claims_of(ada.access), key=ed25519.Ed25519PrivateKey.generate())) == 401
    )


@pytest.mark.asvs("9.1.2")
@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256"])
def test_the_token_does_not_choose_its_algorithm(api, ada, algorithm):
    kid = jwt.get_unverified_header(ada.access)["kid"]
    header = {"alg": algorithm, "kid": kid, "typ": "at+jwt"}

    assert status(api, unsigned(header, claims_of(ada.access), b"x" * 32)) == 401


@pytest.mark.asvs("9.1.2")
def test_the_public_key_is_no_shared_secret(api, ada):
    current = ring.signing(timezone.now())
    public = current.public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    header = {"kid": current.kid, "typ": "at+jwt"}

    token = jwt.encode(claims_of(ada.access), public, algorithm="HS256", headers=header)

    assert status(api, token) == 401


@pytest.mark.asvs("7.2.1", "10.3.2", "10.3.3")
def test_a_token_whose_session_belongs_to_somebody_else_is_refused(api, ada):
    eve = signed_in(api)
    claims = {**claims_of(eve.access), "sid": ada.session_id}

    assert status(api, forged(claims)) == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x" * 5000, "\u00e9.\u00e9.\u00e9"])
def test_junk_is_refused(api, token):
    answer = api.get(
        "/api/v1/me", headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")}
    )

    assert answer.status_code == 401
    assert answer.json()["status_code"] == 401


def test_a_token_counts_in_the_authorization_header_only(api, ada):
    assert api.get(f"/api/v1/me?access_token={ada.access}").status_code == 401
    assert api.get("/api/v1/me", headers={"Cookie": f"access={ada.access}"}).status_code == 401
    assert api.get("/api/v1/me", headers={"Authorization": ada.access}).status_code == 401


@pytest.mark.asvs("9.2.2")
def test_a_refresh_token_is_no_access_token(api, ada):
    assert status(api, ada.refresh) == 401


@pytest.mark.asvs("9.2.1")
def test_an_expired_token_is_refused_without_leeway(api, ada):
    claims = {**claims_of(ada.access), "exp": int(time.time()) - 1}

    assert status(api, forged(claims)) == 401
