"""
Every exception Plinto raises.

PlintoException
├── PlintoAPIException
│   ├── MalformedRequestError       400
│   ├── AuthenticationError         401
│   ├── TokenError                  401
│   ├── AuthorizationError          403
│   ├── NotFoundError               404
│   ├── MethodNotAllowedError       405
│   ├── ConflictError               409
│   ├── PayloadTooLargeError        413
│   ├── UnsupportedMediaTypeError   415
│   ├── ValidationError             422
│   ├── RateLimitError              429  retry_after
│   ├── InternalError               500
│   ├── ExternalServiceError        502
│   └── ServiceUnavailableError     503  retry_after
│       └── DatabaseBusyError       503
├── PlintoSSOException              500  provider
│   ├── SSOAuthenticationError      401
│   ├── SSOValidationError          422  field
│   ├── SSOMetadataError            422
│   ├── SSOConfigurationError       500  missing_fields
│   ├── SSOCertificateError         500  certificate_id
│   └── SSOProvisioningError        500
└── PlintoServiceException               internal: a caller sees 503 or 500, never the cause
    ├── DatabaseError
    ├── CacheError
    └── ConfigurationError

A refusal has two faces: ``message`` and ``details`` for the caller, ``reason`` for the log and
the audit trail. The code is the class name in capitals, so a new refusal is a new class.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def code_of(name: str) -> str:
    """Turn a class name into its public code: ``InvalidCredentials`` is ``INVALID_CREDENTIALS``."""
    return _WORD_START.sub("_", name).upper()


class PlintoException(Exception):
    """Anything that Plinto itself refuses or fails to do."""

    default_message: ClassVar[str] = "The request could not be completed."
    error_code: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "error_code" not in cls.__dict__:
            cls.error_code = code_of(cls.__name__)

    def __init__(
        self,
        message: str | None = None,
        *,
        details: dict[str, Any] | None = None,
        reason: str = "",
    ) -> None:
        self.message = message or self.default_message
        self.details = details or {}
        self.reason = reason
        super().__init__(self.message)

    def to_dict(self) -> dict[str, Any]:
        """The caller's face of the refusal; ``reason`` stays behind."""
        return {"error": self.error_code, "message": self.message, "details": self.details}


class PlintoAPIException(PlintoException):
    """A refusal with an HTTP status."""

    status_code: ClassVar[int] = 500
    # The WWW-Authenticate header, where one tells more than that signing in may help.
    challenge: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "status_code": self.status_code}


class MalformedRequestError(PlintoAPIException):
    status_code = 400
    error_code = "MALFORMED_REQUEST"
    default_message = "The request could not be read."


class AuthenticationError(PlintoAPIException):
    status_code = 401
    default_message = "Authentication is required."


class TokenError(PlintoAPIException):
    status_code = 401
    default_message = "The token is invalid or has expired."


class AuthorizationError(PlintoAPIException):
    status_code = 403
    default_message = "You may not do this."


class NotFoundError(PlintoAPIException):
    status_code = 404
    error_code = "NOT_FOUND"
    default_message = "There is nothing here."


class MethodNotAllowedError(PlintoAPIException):
    status_code = 405
    error_code = "METHOD_NOT_ALLOWED"
    default_message = "This method is not allowed here."

    def __init__(self, *, allowed: list[str]) -> None:
        super().__init__(details={"allowed": allowed})
        self.allowed = allowed


class ConflictError(PlintoAPIException):
    status_code = 409
    default_message = "The request conflicts with the current state."


class PayloadTooLargeError(PlintoAPIException):
    status_code = 413
    error_code = "PAYLOAD_TOO_LARGE"
    default_message = "The request body is too large."


class UnsupportedMediaTypeError(PlintoAPIException):
    status_code = 415
    error_code = "UNSUPPORTED_MEDIA_TYPE"
    default_message = "Send the body as application/json in UTF-8."


class ValidationError(PlintoAPIException):
    """A body that was read but whose fields are refused; ``fields`` maps each to its reasons."""

    status_code = 422
    default_message = "Some fields are not valid."

    def __init__(
        self,
        message: str | None = None,
        *,
        fields: dict[str, list[str]] | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(message, details={"fields": fields} if fields else None, reason=reason)


class _RetryableError(PlintoAPIException):
    """A refusal that ends by itself; ``retry_after`` is in whole seconds."""

    def __init__(
        self, message: str | None = None, *, retry_after: int = 1, reason: str = ""
    ) -> None:
        super().__init__(message, reason=reason)
        self.retry_after = max(1, retry_after)


class RateLimitError(_RetryableError):
    status_code = 429
    default_message = "Too many requests. Wait, then try again."


class InternalError(PlintoAPIException):
    status_code = 500
    default_message = "Something went wrong on our side."


class ExternalServiceError(PlintoAPIException):
    status_code = 502
    default_message = "A service this request depends on gave no usable answer."


class ServiceUnavailableError(_RetryableError):
    status_code = 503
    default_message = "The service is busy or recovering. Try again shortly."


class DatabaseBusyError(ServiceUnavailableError):
    error_code = "DATABASE_BUSY"
    default_message = "The database is busy with other work. Try again shortly."


class PlintoSSOException(PlintoException):
    """A single sign-on refusal; ``provider`` names the connection for the log."""

    status_code: ClassVar[int] = 500
    default_message = "Single sign-on could not be completed."

    def __init__(
        self,
        message: str | None = None,
        *,
        provider: str,
        details: dict[str, Any] | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(message, details=details, reason=reason)
        self.provider = provider

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "status_code": self.status_code}


class SSOAuthenticationError(PlintoSSOException):
    status_code = 401


class SSOValidationError(PlintoSSOException):
    status_code = 422

    def __init__(self, message: str, *, provider: str, field: str, reason: str = "") -> None:
        super().__init__(
            message, provider=provider, details={"fields": {field: [message]}}, reason=reason
        )
        self.field = field


class SSOMetadataError(PlintoSSOException):
    status_code = 422


class SSOConfigurationError(PlintoSSOException):
    def __init__(self, *, provider: str, missing_fields: list[str], reason: str = "") -> None:
        super().__init__(
            provider=provider, details={"missing_fields": missing_fields}, reason=reason
        )
        self.missing_fields = missing_fields


class SSOCertificateError(PlintoSSOException):
    def __init__(self, *, provider: str, certificate_id: str, reason: str = "") -> None:
        super().__init__(provider=provider, reason=reason)
        self.certificate_id = certificate_id


class SSOProvisioningError(PlintoSSOException):
    status_code = 500


class PlintoServiceException(PlintoException):
    """A part of Plinto failed; callers never learn which."""


class DatabaseError(PlintoServiceException):
    """The database could not be asked, or did not answer in time."""


class CacheError(PlintoServiceException):
    """Redis could not be asked and no fallback is allowed to answer in its place."""


class ConfigurationError(PlintoServiceException):
    """A setting or key is missing or wrong; retrying will not help."""
