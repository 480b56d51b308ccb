"""
Under which names identity providers tell of a person, unless a connection says otherwise.

Sources: the attribute statements that Okta, Microsoft Entra ID, Google Workspace and Keycloak set
up by themselves, the eduPerson and X.500 object identifiers (RFC 4519, RFC 4524), the claims of
WS-Federation, and OpenID Connect Core, section 5.1.
"""

from __future__ import annotations

from collections.abc import Mapping

Names = Mapping[str, tuple[str, ...]]

FIELDS = ("email", "name", "given_name", "family_name", "groups")

_WS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
_MICROSOFT = "http://schemas.microsoft.com"

_OPENID: Names = {
    "email": ("email",),
    "name": ("name",),
    "given_name": ("given_name",),
    "family_name": ("family_name",),
    "groups": ("groups", "roles"),
}
_SAML: Names = {
    "email": (
        "email",
        "mail",
        "emailAddress",
        "urn:oid:0.9.2342.19200300.100.1.3",
        f"{_WS}/emailaddress",
    ),
    "name": ("name", "displayName", "cn", "urn:oid:2.16.840.1.113730.3.1.241", "urn:oid:2.5.4.3"),
    "given_name": ("givenName", "firstName", "given_name", "urn:oid:2.5.4.42", f"{_WS}/givenname"),
    "family_name": (
        "sn",
        "surname",
        "lastName",
        "family_name",
        "urn:oid:2.5.4.4",
        f"{_WS}/surname",
    ),
    "groups": (
        "groups",
        "group",
        "memberOf",
        "isMemberOf",
        "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
        "http://schemas.xmlsoap.org/claims/Group",
    ),
}
_HABITS: Mapping[tuple[str, str], Names] = {
    ("saml", "okta"): {"given_name": ("firstName",), "family_name": ("lastName",)},
    ("saml", "entra"): {
        "email": (f"{_WS}/emailaddress",),
        "name": (f"{_MICROSOFT}/identity/claims/displayname",),
        "given_name": (f"{_WS}/givenname",),
        "family_name": (f"{_WS}/surname",),
        "groups": (
            f"{_MICROSOFT}/ws/2008/06/identity/claims/groups",
            f"{_MICROSOFT}/ws/2008/06/identity/claims/role",
        ),
    },
    ("saml", "google"): {
        "given_name": ("first_name", "firstName"),
        "family_name": ("last_name", "lastName"),
    },
    ("saml", "keycloak"): {
        "email": ("email", "urn:oid:1.2.840.113549.1.9.1"),
        "groups": ("member", "Role"),
    },
    ("oidc", "keycloak"): {"groups": ("groups",)},
}


def names(protocol: str, preset: str, chosen: Mapping[str, object]) -> Names:
    """
    Say under which names each field is looked for, in order.

    What a connection has ``chosen`` for a field counts alone; else the habit of its provider
    comes before what others do.
    """
    common = _SAML if protocol == "saml" else _OPENID
    habit = _HABITS.get((protocol, preset), {})
    return {field: _chosen(chosen.get(field)) or _both(habit, common, field) for field in FIELDS}


def _chosen(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _both(habit: Names, common: Names, field: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*habit.get(field, ()), *common[field]]))
