"""How each contender is spoken to: the requests of every workload, and what its answers hold."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.peers.names import PASSWORD, email, username
from benchmarks.wire import content_of

Request = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in gave: the headers that show who comes, and the token to go on with."""

    headers: dict[str, str]
    refresh: str = ""


@dataclass(frozen=True, slots=True)
class Doors:
    """
    The requests of one contender.

    ``sign_in`` and ``register`` take the number of a person; ``credentials`` reads what a
    sign-in answered. ``chain`` describes a refresh whose answer has the next token in it, as
    ``benchmarks.wire.Refreshing`` does.
    """

    me: str
    sign_in: Callable[[int], Request]
    register: Callable[[int], Request]
    credentials: Callable[[dict[str, Any], http.client.HTTPMessage], Tokens]
    registered: int = 201
    chain: dict[str, Any] | None = None
    refresh: str = ""

    def me_request(self, tokens: Tokens) -> Request:
        return {"method": "GET", "path": self.me, "headers": tokens.headers}


def ask(port: int, request: Request) -> tuple[int, dict[str, Any], http.client.HTTPMessage]:
    """Send one request of a workload on a connection of its own."""
    kind, content = content_of(request.get("body"), request.get("form"))
    headers = {**(request.get("headers") or {}), **({"Content-Type": kind} if kind else {})}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(request["method"], request["path"], content or None, headers)
        answer = connection.getresponse()
        received = answer.read()
    finally:
        connection.close()
    return answer.status, json.loads(received or b"{}"), answer.headers


def _posting(path: str, **body: str) -> Request:
    return {"method": "POST", "path": path, "body": body}


def _jwt(scheme: str) -> Callable[[dict[str, Any], http.client.HTTPMessage], Tokens]:
    def credentials(body: dict[str, Any], _headers: http.client.HTTPMessage) -> Tokens:
        return Tokens({"Authorization": f"{scheme} {body['access']}"}, body["refresh"])

    return credentials


def _allauth(body: dict[str, Any], _headers: http.client.HTTPMessage) -> Tokens:
    meta = body["meta"]
    return Tokens({"Authorization": f"Bearer {meta['access_token']}"}, meta["refresh_token"])


def _fastapi(body: dict[str, Any], _headers: http.client.HTTPMessage) -> Tokens:
    return Tokens({"Authorization": f"Bearer {body['access_token']}"})


def _cookie(_body: dict[str, Any], headers: http.client.HTTPMessage) -> Tokens:
    cookies = [each.split(";")[0] for each in headers.get_all("Set-Cookie", [])]
    return Tokens({"Cookie": "; ".join(cookies)})


DJOSER = Doors(
    me="/auth/users/me/",
    sign_in=lambda number: _posting(
        "/auth/jwt/create/", username=username(number), password=PASSWORD
    ),
    register=lambda number: _posting(
        "/auth/users/", username=username(number), email=email(number), password=PASSWORD
    ),
    credentials=_jwt("JWT"),
    chain={"path": "/auth/jwt/refresh/", "body": {"refresh": "{token}"}, "field": "refresh"},
    refresh="/auth/jwt/refresh/",
)
DJ_REST_AUTH = Doors(
    me="/auth/user/",
    sign_in=lambda number: _posting("/auth/login/", username=username(number), password=PASSWORD),
    register=lambda number: _posting(
        "/auth/registration/",
        username=username(number),
        email=email(number),
        password1=PASSWORD,
        password2=PASSWORD,
    ),
    credentials=_jwt("Bearer"),
)
ALLAUTH = Doors(
    me="/me",
    sign_in=lambda number: _posting(
        "/_allauth/app/v1/auth/login", email=email(number), password=PASSWORD
    ),
    register=lambda number: _posting(
        "/_allauth/app/v1/auth/signup", email=email(number), password=PASSWORD
    ),
    credentials=_allauth,
    registered=200,
    chain={
        "path": "/_allauth/app/v1/tokens/refresh",
        "body": {"refresh_token": "{token}"},
        "field": "refresh_token",
    },
)
FASTAPI_USERS = Doors(
    me="/users/me",
    sign_in=lambda number: {
        "method": "POST",
        "path": "/auth/jwt/login",
        "form": {"username": email(number), "password": PASSWORD},
    },
    register=lambda number: _posting("/auth/register", email=email(number), password=PASSWORD),
    credentials=_fastapi,
)
BETTER_AUTH = Doors(
    me="/api/auth/get-session",
    sign_in=lambda number: _posting(
        "/api/auth/sign-in/email", email=email(number), password=PASSWORD
    ),
    register=lambda number: _posting(
        "/api/auth/sign-up/email", email=email(number), password=PASSWORD, name=username(number)
    ),
    credentials=_cookie,
    registered=200,
)


def _address(number: int) -> dict[str, str]:
    """Give each person an address of their own, from which they always come."""
    return {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}


PLINTO = Doors(
    me="/api/v1/me",
    sign_in=lambda number: {
        **_posting("/api/v1/auth/login", email=email(number), password=PASSWORD),
        "headers": _address(number),
    },
    register=lambda number: {
        **_posting("/api/v1/auth/register", email=email(number), password=PASSWORD),
        "headers": _address(number),
    },
    credentials=_jwt("Bearer"),
    registered=202,
    chain={
        "path": "/api/v1/auth/token/refresh",
        "body": {"refresh": "{token}"},
        "field": "refresh",
    },
)
