"""Connections, what is under way at them, and what an identity provider provisions."""

from sso.models.connection import Connection, GroupRole, OIDCSettings, Refresh, SAMLSettings
from sso.models.scim import ScimGroup, ScimMember, ScimToken, ScimUser
from sso.models.service_key import ServiceKey
from sso.models.sign_in import ConsumedAssertion, SignIn, SignOn

__all__ = [
    "Connection",
    "ConsumedAssertion",
    "GroupRole",
    "OIDCSettings",
    "Refresh",
    "SAMLSettings",
    "ScimGroup",
    "ScimMember",
    "ScimToken",
    "ScimUser",
    "ServiceKey",
    "SignIn",
    "SignOn",
]
