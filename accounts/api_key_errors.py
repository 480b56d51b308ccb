"""Refusals of API keys, each with a code of its own."""

from __future__ import annotations

from plinto.kernel.exceptions import AuthorizationError, ConflictError, TokenError


class ApiKeyInvalid(TokenError):
    """One answer for a key that is misspelled, unknown, expired, rotated away or deleted."""

    default_message = "This API key is wrong, was deleted, or has expired."


class ApiKeyNotAccepted(AuthorizationError):
    """Keys are let in where a view names the scope it wants, and nowhere else."""

    default_message = "API keys are not accepted here. Sign in."
    challenge = 'Bearer error="insufficient_scope"'


class InsufficientScope(AuthorizationError):
    """The key is good, but was not made for this (RFC 6750, section 3.1)."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs a key with the scope {scope}.", reason=f"no scope {scope}")
        self.challenge = f'Bearer error="insufficient_scope", scope="{scope}"'


class ApiKeyChanged(ConflictError):
    """Two who rotate a key at once must not end the secret that is in use."""

    default_message = "The key was changed at the same moment. Look at it, then decide."
