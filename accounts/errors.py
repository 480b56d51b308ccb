"""Refusals of accounts, each with a code of its own."""

from __future__ import annotations

from uuid import UUID

from plinto.kernel.exceptions import (
    AuthenticationError,
    AuthorizationError,
    ConflictError,
    RateLimitError,
    ServiceUnavailableError,
    TokenError,
)


class InvalidCredentials(AuthenticationError):
    """One answer for a wrong password, an unknown address and an account that is switched off."""

    default_message = "Email or password is wrong."


class SessionEnded(AuthenticationError):
    default_message = "This session has ended. Sign in again."


class InvalidCode(TokenError):
    default_message = "The code, link or passkey is wrong, was used, or has expired."


class ReauthenticationRequired(AuthorizationError):
    """The session is good, but its last proof is too old for what is asked."""

    default_message = "Prove again who you are, then try again."


class RefreshTokenReused(TokenError):
    """An old refresh token came back: somebody else holds a copy, so the session ends."""

    default_message = "This refresh token was used before. Sign in again."

    def __init__(self, *, session_id: UUID) -> None:
        super().__init__(reason="refresh token reused")
        self.session_id = session_id


class TooManyAttempts(RateLimitError):
    """A limit of attempts is used up; ``is_new`` for the first one refused in its window."""

    default_message = "Too many attempts. Wait, then try again."

    def __init__(self, *, retry_after: int, is_new: bool, reason: str) -> None:
        super().__init__(retry_after=retry_after, reason=reason)
        self.is_new = is_new


class HashingBusy(ServiceUnavailableError):
    default_message = "Many people are signing in. Try again shortly."


class LastAdministrator(ConflictError):
    default_message = "Nobody else administers this deployment. Make somebody a superuser first."
