"""Refusals of sign-in at identity providers, each with a code of its own."""

from __future__ import annotations

from plinto.kernel.exceptions import ConflictError, ExternalServiceError


class ProviderUnavailable(ExternalServiceError):
    """The identity provider was not reached, or said nothing that can be used."""

    default_message = "The identity provider gave no usable answer. Try again shortly."


class IdentityNeedsProof(ConflictError):
    """
    The provider vouches for an address that it may not speak for.

    It is of somebody who has an account, or outside of the domains that the organization of a
    connection has proved. A provider that errs, or lies, must not hand an account out: the owner
    of the address signs in another way and confirms the link with ``link_token``.
    """

    default_message = "Sign in to the account of this address, then link this identity."

    def __init__(self, *, link_token: str, provider: str, expires_in: int) -> None:
        super().__init__(
            details={"link_token": link_token, "provider": provider, "expires_in": expires_in},
            reason="proof of the owner wanted",
        )


class LastWayIn(ConflictError):
    """Without this identity its person could not sign in any more."""

    default_message = "This is your last way to sign in. Set a password first."
