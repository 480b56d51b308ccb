"""Refusals in organizations, each with a code of its own."""

from __future__ import annotations

from plinto.kernel.exceptions import AuthorizationError, ConflictError


class LastOwner(ConflictError):
    """An organization without an owner could never be given one again."""

    default_message = "This is the last owner. Make somebody else an owner first."


class SlugTaken(ConflictError):
    default_message = "Another organization has this slug."


class RoleInUse(ConflictError):
    default_message = "Somebody has this role or is invited to it."


class SecondFactorRequired(AuthorizationError):
    """The organization asks its members for a second factor, and this one has none."""

    default_message = "This organization asks for a second factor. Add one to your account."
