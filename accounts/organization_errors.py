"""Refusals in organizations, each with a code of its own."""

from __future__ import annotations

from plinto.kernel.exceptions import ConflictError


class LastOwner(ConflictError):
    """An organization without an owner could never be given one again."""

    default_message = "This is the last owner. Make somebody else an owner first."


class SlugTaken(ConflictError):
    default_message = "Another organization has this slug."


class RoleInUse(ConflictError):
    default_message = "Somebody has this role or is invited to it."
