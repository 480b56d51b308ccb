"""ID tokens that must not be believed, each named for what is wrong with it."""

from __future__ import annotations

import base64
import hmac
import json

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwk, jwt

from tests.servers.identity_provider import SECRET, IdentityProvider

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
    "that expires at no number": ({"exp": float("nan")}, "token: times"),
    "that never ends": ({"exp": float("inf")}, "token: times"),
    "for another access token": ({"at_hash": "LDktKdoQak3Pk0cnXxCltA"}, "token: at_hash"),
    "for an access token that is a list": ({"at_hash": ["x"]}, "token: at_hash"),
    "of a proof in the future": ({"auth_time": 4_000_000_000}, "token: auth_time, of the future"),
    "of a proof in no time": ({"auth_time": "now"}, "token: auth_time, missing"),
    "about nobody": ({"sub": None}, "subject"),
    "about an empty name": ({"sub": ""}, "subject"),
    "about a number": ({"sub": 7}, "subject"),
    "about a name too long": ({"sub": "x" * 256}, "subject"),
}


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


def of_kind(idp: IdentityProvider, kind):
    header = {"alg": "RS256", "kid": "first", "typ": kind}
    key = idp.key.private_key
    return lambda claims: written(header, claims, lambda said: key.sign(said, PKCS1v15(), SHA256()))


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
    "of another kind": lambda idp: of_kind(idp, "logout+jwt"),
    "of a kind that is a list": lambda idp: of_kind(idp, ["JWT"]),
    "too long": lambda idp: lambda claims: "x" * 20_000,
    "no token": lambda idp: lambda claims: "not.a.token",
    "not there": lambda idp: lambda claims: None,
}
