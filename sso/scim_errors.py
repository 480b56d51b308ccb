"""What provisioning refuses; ``scim_type`` is the keyword of RFC 7644, section 3.12."""

from __future__ import annotations

from plinto.kernel.exceptions import ConflictError, PlintoAPIException, TokenError


class ScimTokenInvalid(TokenError):
    """One answer for a token that is misspelled, unknown, replaced or deleted."""

    default_message = "This SCIM token is wrong, or was replaced or deleted."


class ScimRequestInvalid(PlintoAPIException):
    """A request that was read but breaks a rule of SCIM, which ``scim_type`` names."""

    status_code = 400
    default_message = "The request is not valid SCIM."

    def __init__(self, message: str, *, scim_type: str, reason: str = "") -> None:
        super().__init__(message, reason=reason or scim_type)
        self.scim_type = scim_type


class ScimConflict(ConflictError):
    """Another resource has the value, or the organization could not bear the change."""

    def __init__(self, message: str, *, scim_type: str, reason: str = "") -> None:
        super().__init__(message, reason=reason or scim_type)
        self.scim_type = scim_type


class ScimVersionMismatch(PlintoAPIException):
    """The resource has changed since the caller saw it (RFC 7644, section 3.14)."""

    status_code = 412
    default_message = "The resource has changed meanwhile. Read it again."
