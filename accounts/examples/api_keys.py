"""API keys, and what they ask about tokens, as the OpenAPI document shows them."""

from __future__ import annotations

from accounts.api_key_errors import ApiKeyChanged, InsufficientScope
from accounts.examples.organizations import IN_AN_ORGANIZATION, ORGANIZATION_ID
from accounts.examples.values import (
    EARLIER,
    EMAIL,
    LATER,
    NOW,
    SESSION_ID,
    SIGNED_IN,
    USER_ID,
    page,
)
from accounts.rules.permissions import INTROSPECT_TOKENS, REVOKE_TOKENS
from plinto.kernel.examples import Operation, Several, Subject
from plinto.kernel.exceptions import ConflictError

_KEY_ID = "01a20650-2c4e-7d17-9a83-6e1f0b5d8c29"
_KEY = {
    "id": _KEY_ID,
    "name": "Billing",
    "hint": "plk_7Hd2",
    "scopes": ["tokens:introspect"],
    "made_by": {"id": USER_ID, "email": EMAIL, "name": "Ada Lovelace"},
    "created_at": EARLIER,
    "expires_at": LATER,
    "rotated_at": None,
    "former_ends_at": None,
    "last_used_at": NOW,
}
_ISSUED = {**_KEY, "last_used_at": None, "key": "plk_7Hd2Qm9Xw4Lz1Vc8Nb5Tk0Rj3Gf6Ys…"}
_ACTIVE = {
    "active": True,
    "token_use": "access_token",
    "token_type": "Bearer",
    "scope": "organization:read members:read roles:read",
    "username": EMAIL,
    "sub": USER_ID,
    "org": ORGANIZATION_ID,
    "sid": SESSION_ID,
    "iss": "https://id.example.com",
    "aud": "plinto",
    "jti": "cd207b4bdd944ab09ef76f8ee85d1950",
    "iat": 1770110100,
    "exp": 1770111000,
}

SUBJECT = Subject(
    name="API keys",
    description="Keys by which programs act for an organization, and what those ask about tokens.",
    parameters={"organization_id": ORGANIZATION_ID, "key_id": _KEY_ID},
    refusals=IN_AN_ORGANIZATION,
    operations={
        "list_api_keys": Operation(summary="List the API keys", answer=page(_KEY)),
        "create_api_key": Operation(
            summary="Make an API key",
            body={"name": "Billing", "scopes": ["tokens:introspect"]},
            answer=_ISSUED,
            refusals=(ConflictError("There are 100 keys already."),),
        ),
        "update_api_key": Operation(
            summary="Change an API key", body={"scopes": ["tokens:introspect"]}, answer=_KEY
        ),
        "delete_api_key": Operation(summary="Delete an API key"),
        "rotate_api_key": Operation(
            summary="Give an API key a new secret",
            body=Several(
                {
                    "the former works on for a day": {"overlap_seconds": 86400},
                    "the former has leaked": {"overlap_seconds": 0},
                }
            ),
            answer={**_ISSUED, "rotated_at": NOW, "former_ends_at": LATER},
            refusals=(ApiKeyChanged(),),
        ),
        "introspect_token": Operation(
            summary="Ask what a token is worth",
            body={"token": SIGNED_IN["access"]},
            answer=Several({"an access token of a member": _ACTIVE, "inactive": {"active": False}}),
            refusals=(InsufficientScope(INTROSPECT_TOKENS),),
        ),
        "revoke_token": Operation(
            summary="Revoke a token",
            body={"token": SIGNED_IN["refresh"]},
            refusals=(InsufficientScope(REVOKE_TOKENS),),
        ),
    },
)
