"""
Every door of the API, and the least of whom it lets in; the contract's column of authentication.

``test_every_route_and_role`` holds the URL table to it: a route or a method that is not listed
here fails, and so does a line without a route.
"""

from __future__ import annotations

from typing import Any

from sso.examples.connections import METADATA
from tests.accounts.authenticators import Authenticator, spelt
from tests.accounts.door import API, ONE, Door, Least
from tests.factories import PASSWORD
from tests.sso import club_connections
from tests.sso.scim.doors import SCIM

_TOKEN = {"token": "a-token-that-nobody-was-sent"}
_EMAIL = {"email": "somebody@example.net"}
_KEY = Authenticator(user_handle=bytes(16))
_CHALLENGE = spelt(bytes(32))
_ATTESTED = _KEY.create(
    {"user": {"id": spelt(bytes(16))}, "rp": {"id": "localhost"}, "challenge": _CHALLENGE}
)
_ASSERTED = _KEY.get({"rpId": "localhost", "challenge": _CHALLENGE})
_WRONG = "401 INVALID_CODE"
_SAML = {"metadata": ["GET"], "login": ["GET"], "acs": ["GET", "POST"], "sls": ["GET", "POST"]}


def _login(mail: str, _refresh: str) -> dict[str, str]:
    return {"email": mail, "password": PASSWORD}


def _refresh(_mail: str, refresh: str) -> dict[str, str]:
    return {"refresh": refresh}


def _anyone(method: str, path: str, body: Any = None, answer: str = "success") -> Door:
    return Door(method, path, Least.ANYONE, body, answer)


def _person(method: str, path: str, body: Any = None, **rest: Any) -> Door:
    return Door(method, f"{API}{path}", Least.SIGNED_IN, body, **rest)


def _fresh(method: str, path: str, body: Any = None, **rest: Any) -> Door:
    return _person(method, path, body, is_fresh=True, **rest)


SIGN_IN = [
    _anyone("POST", f"{API}auth/register", {**_EMAIL, "password": PASSWORD}),
    _anyone("POST", f"{API}auth/verify-email", _TOKEN, _WRONG),
    _anyone("POST", f"{API}auth/verify-email/resend", _EMAIL),
    _anyone("POST", f"{API}auth/login", _login),
    _anyone("POST", f"{API}auth/login/mfa", {"mfa_token": "x", "code": "123456"}, _WRONG),
    _anyone("POST", f"{API}auth/login/passkey", {"passkey": _ASSERTED}, _WRONG),
    _anyone("POST", f"{API}auth/login/passkey/options", {}),
    _anyone("POST", f"{API}auth/token/refresh", _refresh),
    _anyone("POST", f"{API}auth/password/reset", _EMAIL),
    _anyone("POST", f"{API}auth/password/reset/confirm", {**_TOKEN, "password": PASSWORD}, _WRONG),
    _anyone("POST", f"{API}auth/magic-link", _EMAIL),
    _anyone("POST", f"{API}auth/magic-link/verify", _TOKEN, _WRONG),
    _anyone("POST", f"{API}auth/email/undo", _TOKEN, _WRONG),
    _anyone("GET", f"{API}auth/social/providers"),
    _anyone(
        "POST",
        f"{API}auth/social/<slug:provider>/start",
        {"redirect_uri": "https://app.example.com/"},
        "404 NOT_FOUND",
    ),
    _anyone("GET", f"{API}auth/social/<slug:provider>/callback", answer="404 NOT_FOUND"),
    _anyone("POST", f"{API}auth/social/<slug:provider>/callback", answer="404 NOT_FOUND"),
    _anyone("POST", f"{API}auth/sso/exchange", {"code": "x"}, _WRONG),
    _person("POST", "auth/reauthenticate", {"password": PASSWORD}),
    *(
        _anyone(method, f"sso/saml/<slug:slug>/{door}", answer="404 page")
        for door, methods in _SAML.items()
        for method in methods
    ),
    Door(
        "GET",
        f"{API}auth/verify",
        Least.ADMIN,
        query="?organization=<uuid:organization_id>&permission=audit:read",
        scope="audit:read",
        to_strangers="403 AUTHORIZATION_ERROR",
    ),
    _person("POST", "auth/sso/logout", {}),
    _person("POST", "auth/logout"),
    _person("POST", "auth/logout/all"),
]

SELF = [
    _person("GET", "me"),
    _person("PATCH", "me", {"name": "Another"}),
    _fresh("DELETE", "me"),
    _person(
        "POST", "me/password", {"current_password": PASSWORD, "new_password": "quite new it is"}
    ),
    _fresh("POST", "me/email", _EMAIL),
    _fresh("POST", "me/email/confirm", {"code": "123456"}, answer=_WRONG),
    _person("GET", "me/mfa"),
    _fresh("POST", "me/mfa/totp"),
    _fresh("DELETE", "me/mfa/totp", answer="404 NOT_FOUND"),
    _fresh("POST", "me/mfa/totp/confirm", {"code": "123456"}, answer="409 CONFLICT_ERROR"),
    _fresh("POST", "me/mfa/recovery-codes", answer="409 CONFLICT_ERROR"),
    _fresh("POST", "me/export"),
    _fresh("GET", "me/export/<uuid:export_id>", is_own=True),
    _person("GET", "me/passkeys"),
    _fresh("POST", "me/passkeys", {"passkey": _ATTESTED}, answer=_WRONG),
    _fresh("POST", "me/passkeys/options", {}),
    _fresh("PATCH", "me/passkeys/<uuid:passkey_id>", {"name": "Mine"}, is_own=True),
    _fresh("DELETE", "me/passkeys/<uuid:passkey_id>", is_own=True),
    _person("GET", "me/identities"),
    _fresh("POST", "me/identities", {"link_token": "x"}, answer=_WRONG),
    _fresh("DELETE", "me/identities/<uuid:identity_id>", is_own=True),
    _person("GET", "me/organizations"),
    _person("GET", "me/terms"),
    # There are no terms here that one could agree to.
    _person("POST", "me/terms", {"version": "1"}, answer="422 VALIDATION_ERROR"),
    _person("GET", "sessions"),
    _person("DELETE", "sessions"),
    _person("DELETE", "sessions/<uuid:session_id>", is_own=True),
]

ORGANIZATIONS = [
    _person("GET", "organizations"),
    _person("POST", "organizations", {"name": "Engines", "slug": "engines-and-more"}),
    _person("POST", "invitations/accept", _TOKEN, answer="404 NOT_FOUND"),
    Door("GET", ONE, Least.VIEWER),
    Door("PATCH", ONE, Least.ADMIN, {"name": "Another"}),
    Door("DELETE", ONE, Least.OWNER),
    Door("GET", f"{ONE}/permissions/check", Least.VIEWER, query="?permission=members:write"),
    Door("GET", f"{ONE}/members", Least.MEMBER),
    Door("PATCH", f"{ONE}/members/<uuid:user_id>", Least.ADMIN, {"role": "viewer"}),
    Door("DELETE", f"{ONE}/members/<uuid:user_id>", Least.ADMIN),
    Door("GET", f"{ONE}/invitations", Least.MEMBER),
    Door("POST", f"{ONE}/invitations", Least.ADMIN, {**_EMAIL, "role": "viewer"}),
    Door("DELETE", f"{ONE}/invitations/<uuid:invitation_id>", Least.ADMIN),
    Door("POST", f"{ONE}/invitations/<uuid:invitation_id>/resend", Least.ADMIN),
    Door("GET", f"{ONE}/roles", Least.MEMBER),
    Door("POST", f"{ONE}/roles", Least.ADMIN, {"name": "poet", "permissions": ["members:read"]}),
    Door("PATCH", f"{ONE}/roles/<uuid:role_id>", Least.ADMIN, {"description": "Another"}),
    Door("DELETE", f"{ONE}/roles/<uuid:role_id>", Least.ADMIN),
]

DOMAINS = [
    Door("GET", f"{ONE}/domains", Least.ADMIN),
    Door("POST", f"{ONE}/domains", Least.ADMIN, {"domain": "engines.example.com"}),
    Door("DELETE", f"{ONE}/domains/<uuid:domain_id>", Least.ADMIN),
    Door("POST", f"{ONE}/domains/<uuid:domain_id>/verify", Least.ADMIN),
]

_KEYS = f"{ONE}/api-keys"
_WANTED = {"name": "Billing", "scopes": ["members:read"]}


def _token_of(_mail: str, refresh: str) -> dict[str, str]:
    return {"token": refresh}


KEYS = [
    Door("GET", _KEYS, Least.ADMIN),
    Door("POST", _KEYS, Least.ADMIN, _WANTED),
    Door("PATCH", f"{_KEYS}/<uuid:key_id>", Least.ADMIN, {"name": "Another"}),
    Door("DELETE", f"{_KEYS}/<uuid:key_id>", Least.ADMIN),
    Door("POST", f"{_KEYS}/<uuid:key_id>/rotate", Least.ADMIN, {}),
    Door("POST", f"{API}auth/token/introspect", Least.KEY, _token_of),
    Door("POST", f"{API}auth/token/revoke", Least.KEY, _token_of),
]

_ENDPOINTS = f"{ONE}/webhooks"
_ENDPOINT = f"{_ENDPOINTS}/<uuid:endpoint_id>"
_READS = {"lets_in": Least.ADMIN, "scope": "webhooks:read"}
_WRITES = {"lets_in": Least.ADMIN, "scope": "webhooks:write"}
_TOLD = {"url": "https://example.com/hooks", "events": ["member.*"]}
WEBHOOKS = [
    Door("GET", _ENDPOINTS, **_READS),
    Door("POST", _ENDPOINTS, body=_TOLD, **_WRITES),
    Door("GET", _ENDPOINT, **_READS),
    Door("PATCH", _ENDPOINT, body={"state": "paused"}, **_WRITES),
    Door("DELETE", _ENDPOINT, **_WRITES),
    *(Door("POST", f"{_ENDPOINT}/{act}", **_WRITES) for act in ("enable", "rotate-secret", "test")),
    Door("POST", f"{_ENDPOINT}/redeliver", body={"since": "2026-01-01T00:00:00Z"}, **_WRITES),
    Door("GET", f"{_ENDPOINT}/deliveries", **_READS),
    Door("POST", f"{_ENDPOINT}/deliveries/<uuid:delivery_id>/redeliver", **_WRITES),
]


_TRAIL = {"lets_in": Least.ADMIN, "scope": "audit:read"}
TRAIL = [
    Door("GET", f"{ONE}/audit", **_TRAIL),
    # A row that is a moment old.
    Door("GET", f"{ONE}/audit/<uuid:row_id>/proof", answer="409 NOT_SIGNED_YET", **_TRAIL),
    Door("POST", f"{ONE}/audit/export", body={"format": "csv"}, **_TRAIL),
    Door("GET", f"{ONE}/audit/export/<uuid:trail_export_id>", **_TRAIL),
]

_FRESH: dict[str, Any] = {"lets_in": Least.ADMIN, "is_fresh": True}


def _connections(protocol: str) -> list[Door]:
    every, one = f"{ONE}/sso/{protocol}", f"{ONE}/sso/{protocol}/<slug:slug>"
    page = f"sso/{protocol}/<slug:slug>/test"
    return [
        Door("GET", every, Least.ADMIN),
        Door("POST", every, body=club_connections.BODIES[protocol], **_FRESH),
        Door("GET", one, Least.ADMIN),
        Door("PATCH", one, body={"preset": "generic"}, **_FRESH),
        Door("DELETE", one, **_FRESH),
        Door("POST", f"{one}/test", Least.ADMIN),
        _anyone("GET", page, answer="404 page"),
        _anyone("GET", f"{page}/<uuid:sign_in_id>", answer="400 page"),
    ]


_RENEWAL = {"metadata_xml": METADATA}
CONNECTIONS = [
    *(*_connections("saml"), *_connections("oidc")),
    Door("POST", f"{ONE}/sso/saml/<slug:slug>/metadata", body=_RENEWAL, **_FRESH),
]

# Details of health, and the metrics, are for whoever has a token of operators.
OPEN_PAGES = [
    _anyone("GET", path)
    for path in (
        *("undo-email", "magic-link", "verify-email", "set-password", "reset-password"),
        "signed-in",
        *("accept-invitation", ".well-known/jwks.json", ".well-known/openid-configuration"),
        ".well-known/audit-jwks.json",
        *(f"{API}openapi.json", f"{API}docs"),
        *(
            f"{prefix}health/{page}"
            for prefix in ("", API)
            for page in ("live", "ready", "redis", "circuit-breaker", "database")
        ),
    )
]
ARRIVALS = [
    _anyone("POST", f"{API}auth/sso/discover", _EMAIL),
    Door("GET", f"{ONE}/sso/group-roles", Least.ADMIN),
    Door("PUT", f"{ONE}/sso/group-roles", Least.ADMIN, {"group_roles": []}, is_fresh=True),
]
SSO_OIDC = [
    _anyone("GET", "sso/oidc/<slug:slug>/login", answer="404 page"),
    _anyone("GET", "sso/oidc/<slug:slug>/callback", answer="404 page"),
    _anyone("GET", "sso/oidc/<slug:slug>/signed-out", answer="404 page"),
    _anyone("POST", "sso/oidc/<slug:slug>/backchannel-logout", answer="404 invalid_request"),
]

OPERATIONS = [_anyone("GET", "metrics", answer="401 AUTHENTICATION_ERROR")]

DOORS = [
    *(*SIGN_IN, *SELF, *ORGANIZATIONS, *DOMAINS, *KEYS),
    *(*TRAIL, *WEBHOOKS, *CONNECTIONS, *ARRIVALS, *SSO_OIDC, *SCIM, *OPEN_PAGES, *OPERATIONS),
]
