"""ID tokens that must not be believed: forged, or good and for another purpose."""

from __future__ import annotations

import base64
import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwk, jwt

from tests.accounts.travellers import arrived, last_refusal, signed_up
from tests.servers.identity_provider import SECRET, IdentityProvider, Person

REFUSED = {"error": "provider_error"}


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


@pytest.mark.asvs("9.2.1", "9.2.3", "10.5.1", "10.5.4")
@pytest.mark.usefixtures("nobody_came_in")
def test_a_token_for_another_purpose_or_time_is_not_believed(api, idp):
    for what, (claims, why) in CLAIMS.items():
        idp.claims = claims
        assert arrived(api, idp, Person()) == REFUSED, what
        assert last_refusal() == why, what


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


@pytest.mark.asvs("6.8.2", "9.1.1")
@pytest.mark.usefixtures("nobody_came_in")
def test_a_forged_token_is_not_believed(api, idp):
    for what, forged in FORGERIES.items():
        idp.forge = forged(idp)
        assert arrived(api, idp, Person()) == REFUSED, what
        assert last_refusal().startswith("token: "), what


@pytest.mark.parametrize(
    ("kind", "detail", "algorithm"), [("EC", "P-256", "ES256"), ("OKP", "Ed25519", "Ed25519")]
)
def test_another_algorithm_of_the_list_is_believed(api, idp, kind, detail, algorithm):
    idp.key = jwk.generate_key(kind, detail, {"kid": "other"})
    idp.published, idp.header = [idp.key], {"alg": algorithm}
    assert signed_up(api, idp, Person())["access"]


@pytest.mark.asvs("9.1.3")
def test_of_several_keys_the_one_that_a_token_names_is_used_and_without_a_name_none(api, idp):
    idp.published = [jwk.generate_key("RSA", 2048, {"kid": "second"}), idp.key]
    assert signed_up(api, idp, Person())["access"]
    idp.forge = lambda claims: jwt.encode({"alg": "RS256"}, claims, idp.key)
    assert arrived(api, idp, Person()) == REFUSED
    assert last_refusal() == "token: unknown key"


@pytest.mark.asvs("9.1.2")
@pytest.mark.usefixtures("nobody_came_in")
def test_a_key_that_is_published_for_one_algorithm_is_not_taken_for_another(api, idp):
    idp.published = [jwk.import_key({**idp.key.as_dict(private=False), "alg": "PS256"})]
    assert arrived(api, idp, Person()) == REFUSED
    assert last_refusal() == "token: unknown key"


def test_forged_tokens_make_no_flood_of_questions_for_keys(api, idp):
    assert signed_up(api, idp, Person())
    idp.forge = by_stranger(kid="unknown")
    for _ in range(5):
        assert arrived(api, idp, Person()) == REFUSED
    assert idp.asked("/keys") == 1
    assert idp.asked("/.well-known/openid-configuration") == 1
