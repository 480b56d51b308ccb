"""Refusals of sign-in at identity providers, each with a code of its own."""

from __future__ import annotations

from plinto.kernel.exceptions import ConflictError, ExternalServiceError


class ProviderUnavailable(ExternalServiceError):
    """The identity provider was not reached, or said nothing that can be used."""

    default_message = "The identity provider gave no usable answer. Try again shortly."


class IdentityNeedsProof(ConflictError):
    """
    Somebody has an account with the address that the provider vouches for.

    A provider that errs, or lies, must not hand that account out: its person signs in another
    way and confirms the link with ``link_token``.
    """

    default_message = "You have an account already. Sign in to it, then link this identity."

    def __init__(self, *, link_token: str, provider: str, expires_in: int) -> None:
        super().__init__(
            details={"link_token": link_token, "provider": provider, "expires_in": expires_in},
            reason="address has an account",
        )


class LastWayIn(ConflictError):
    """Without this identity its person could not sign in any more."""

    default_message = "This is your last way to sign in. Set a password first."
