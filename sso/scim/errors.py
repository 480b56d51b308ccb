"""Refusals as RFC 7644, section 3.12, tells them, from every path below /scim/v2."""

from __future__ import annotations

from accounts.organization_errors import LastOwner
from plinto.kernel.exceptions import ConflictError, MalformedRequestError, ValidationError
from plinto.kernel.problems import Refusal, Told

PREFIX = "/scim/v2"
MEDIA_TYPE = "application/scim+json"
SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"

_KEYWORDS: tuple[tuple[type[Exception], str], ...] = (
    (LastOwner, "mutability"),
    (ConflictError, "uniqueness"),
    (MalformedRequestError, "invalidSyntax"),
    (ValidationError, "invalidValue"),
)


def told(refusal: Refusal) -> Told:
    """Tell a refusal; the request id is in its header."""
    # SCIM knows no 422: a value that is not accepted is a 400.
    status = 400 if refusal.status_code == 422 else refusal.status_code
    body = {"schemas": [SCHEMA], "status": str(status), "detail": refusal.message}
    keyword = getattr(refusal, "scim_type", None) or _keyword(refusal)
    if keyword:
        body["scimType"] = keyword
    return Told(status, MEDIA_TYPE, body)


def _keyword(refusal: Refusal) -> str | None:
    return next((word for kind, word in _KEYWORDS if isinstance(refusal, kind)), None)
