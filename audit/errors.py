"""Refusals of the trail, each with a code of its own."""

from __future__ import annotations

from plinto.kernel.exceptions import ConflictError


class NotSignedYet(ConflictError):
    """The row is a moment old, or the key that signs cannot be used for now."""

    default_message = "This event has not been signed yet. Try again shortly."


class TrailDamaged(ConflictError):
    """The rows do not lead to what was signed over them: somebody has changed them."""

    default_message = "The trail no longer agrees with what was signed over it."
