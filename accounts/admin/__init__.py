"""
Accounts in Django admin: each module registers one page.

Pages that show rows are in ``records``, pages on which staff act in ``acts``; what an act may do
is decided by ``services.administration``, never here.
"""

from accounts.admin import (
    api_keys,
    attempts,
    checkpoints,
    domains,
    groups,
    identities,
    keys,
    mail,
    organizations,
    registrations,
    sessions,
    trail,
    users,
)

__all__ = [
    "api_keys",
    "attempts",
    "checkpoints",
    "domains",
    "groups",
    "identities",
    "keys",
    "mail",
    "organizations",
    "registrations",
    "sessions",
    "trail",
    "users",
]
