"""
An identity provider that does what a test tells it, honest unless told otherwise.

It speaks OpenID Connect and, under the paths of GitHub, OAuth 2.0. What a test changes in
``claims``, ``header`` or ``key`` is in the next ID token.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwk, jwt

from accounts.providers import Kind, Provider
from plinto.kernel.environment import Address
from tests.servers.website import Asked, Reply, Website

CLIENT, SECRET = "plinto at work", "s3cret+/&=:"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class _Visit:
    """Somebody at the provider, between its page and the token."""

    parameters: dict[str, str]
    claims: dict[str, Any]


@dataclass
class Person:
    """Somebody with an account at the provider."""

    subject: str = field(default_factory=lambda: secrets.token_hex(8))
    email: str = field(default_factory=lambda: f"{secrets.token_hex(6)}@example.com")
    is_verified: Any = True
    name: str = "Ada"


class IdentityProvider:
    """Listens on the loopback address until it is stopped."""

    def __init__(self, *, name: str = "acme") -> None:
        self.name = name
        self.key = _first_key()
        self.published = [self.key]
        self.header: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.forge: Callable[[dict[str, Any]], str] | None = None
        self.broken: dict[str, Reply] = {}
        self.forms: list[dict[str, str]] = []
        self._visits: dict[str, _Visit] = {}
        self._site = Website(self._answer)

    @property
    def url(self) -> str:
        return self._site.url

    @property
    def destination(self) -> Address:
        return Address("127.0.0.1", self._site.port)

    def provider(self, **changes: Any) -> Provider:
        """Say how Plinto is to know this provider."""
        known = {
            "name": self.name,
            "title": self.name.capitalize(),
            "issuer": self.url,
            "client_id": CLIENT,
            "client_secret": SECRET,
        }
        return Provider(**{**known, **changes})

    def github(self) -> Provider:
        return self.provider(kind=Kind.GITHUB, scope="read:user user:email")

    def variables(self, *redirect_uris: str) -> dict[str, str]:
        """The environment of a deployment that knows this provider."""
        word = f"SOCIAL_{self.name.upper()}"
        return {
            "SOCIAL_PROVIDERS": self.name,
            "SOCIAL_REDIRECT_URIS": ",".join(redirect_uris),
            f"{word}_ISSUER": self.url,
            f"{word}_CLIENT_ID": CLIENT,
            f"{word}_CLIENT_SECRET": SECRET,
            "OUTBOUND_ALLOWED": f"127.0.0.1:{self._site.port}",
        }

    def asked(self, path: str) -> int:
        """Count the requests to a path so far."""
        return sum(urlsplit(each.path).path == path for each in self._site.asked)

    def approve(self, authorization_url: str, person: Person) -> dict[str, str]:
        """Sign in at the provider and consent; returns what the browser brings back."""
        parameters = dict(parse_qsl(urlsplit(authorization_url).query))
        assert parameters["client_id"] == CLIENT
        claims = {
            "sub": person.subject,
            "email": person.email,
            "email_verified": person.is_verified,
            "name": person.name,
        }
        code = secrets.token_urlsafe(16)
        self._visits[code] = _Visit(parameters, claims)
        return {"state": parameters["state"], "code": code}

    def logout_token(self, subject: str = "", **claims: Any) -> str:
        """Say that somebody has signed out (Back-Channel Logout 1.0, section 2.4)."""
        now = int(time.time())
        told = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_hex(8),
            "events": {LOGOUT_EVENT: {}},
            "sub": subject or None,
            **claims,
        }
        told = {name: value for name, value in told.items() if value is not None}
        header = {"alg": "RS256", "typ": "logout+jwt", "kid": self.key.kid, **self.header}
        return jwt.encode(header, told, self.key)

    def signed_now(self, subject: str) -> str:
        """An ID token of no sign-in."""
        return self._signed(_Visit({}, {"sub": subject}))

    def stop(self) -> None:
        self._site.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _answer(self, asked: Asked) -> Reply:
        path = urlsplit(asked.path).path
        if path in self.broken:
            return self.broken[path]
        pages: dict[str, Callable[[Asked], Any]] = {
            "/.well-known/openid-configuration": self._discovery,
            "/userinfo": self._visit_claims,
            "/keys": lambda _: {"keys": [key.as_dict(private=False) for key in self.published]},
            "/token": self._token,
            "/login/oauth/access_token": self._token,
            "/api/v3/user": self._visit_of,
            "/api/v3/user/emails": self._emails,
        }
        said = pages[path](asked)
        return said if isinstance(said, Reply) else Reply(parts=(json.dumps(said).encode(),))

    def _discovery(self, _: Asked) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            **self.metadata,
        }

    def _token(self, asked: Asked) -> Any:
        form = dict(parse_qsl(asked.body.decode()))
        self.forms.append(form)
        visit = self._visits.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            visit is None
            or challenge != visit.parameters["code_challenge"]
            or form["redirect_uri"] != visit.parameters["redirect_uri"]
            or not self._is_client(asked, form)
        ):
            return Reply(400, parts=(b'{"error":"invalid_grant"}',))
        access = secrets.token_urlsafe(8)
        self._visits[f"Bearer {access}"] = visit
        return {"access_token": access, "token_type": "Bearer", "id_token": self._signed(visit)}

    def _is_client(self, asked: Asked, form: dict[str, str]) -> bool:
        basic = asked.headers.get("authorization", "").removeprefix("Basic ")
        expected = "plinto+at+work:s3cret%2B%2F%26%3D%3A"
        if basic:
            return base64.b64decode(basic).decode() == expected
        return form.get("client_id") == CLIENT and bool(form.get("client_secret"))

    def _signed(self, visit: _Visit) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": visit.parameters.get("nonce", ""),
            **visit.claims,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.forge:
            return self.forge(claims)
        header = {"alg": "RS256", "kid": self.key.kid, **self.header}
        return jwt.encode(header, claims, self.key, algorithms=[header["alg"]])

    def _visit_claims(self, asked: Asked) -> dict[str, Any]:
        return {**self._visits[asked.headers["authorization"]].claims, **self.userinfo}

    def _visit_of(self, asked: Asked) -> dict[str, Any]:
        claims = self._visits[asked.headers["authorization"]].claims
        return {"id": int(claims["sub"], 16), "login": "ada", "name": claims["name"]}

    def _emails(self, asked: Asked) -> list[dict[str, Any]]:
        claims = self._visits[asked.headers["authorization"]].claims
        return [
            {"email": "other@example.com", "primary": False, "verified": True},
            {"email": claims["email"], "primary": True, "verified": claims["email_verified"]},
        ]


@lru_cache(maxsize=1)
def _first_key() -> jwk.RSAKey:
    return jwk.generate_key("RSA", 2048, {"kid": "first"})


def redirected(location: str) -> dict[str, str]:
    """Read what a browser brings to where it is sent."""
    return dict(parse_qsl(urlsplit(location).query))


def callback_path(answer: dict[str, str], *, name: str = "acme") -> str:
    """Write down where a browser goes from the provider's page."""
    return f"/api/v1/auth/social/{name}/callback?{urlencode(answer)}"
