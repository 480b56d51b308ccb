"""
The one place that turns what went wrong at a door into a row of the trail and a plain page.

The trail has the reason and stands where the organization's administrators look; the person gets
one sentence, which is the same for whatever an attacker might want to tell apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from django import db

from audit.events import Event
from audit.parties import ANONYMOUS, Target
from audit.services.record import get_audit_service
from plinto.kernel.exceptions import (
    NotFoundError,
    PlintoSSOException,
    RateLimitError,
    SSOAuthenticationError,
)
from plinto.kernel.origin import Origin
from plinto.kernel.problems import RETRY_AFTER, refusal_from
from resilience.errors import CircuitOpenError
from sso.facts import Refused, Word
from sso.models import Connection
from sso.services import connections_found

log = structlog.get_logger(__name__)

# A provider that was down is asked again by its breaker within this time.
_PROVIDER_RETRY_AFTER = 30
_STATUSES = {
    Word.NOT_TRUSTED: 400,
    Word.LOST: 400,
    Word.NOT_SET_UP: 400,
    Word.DENIED: 403,
    Word.NOT_ADMITTED: 403,
    Word.UNAVAILABLE: 503,
}


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser is shown: a status, and the name of a sentence."""

    status: int
    word: str
    retry_after: int | None = None


def page_of(
    error: Exception, *, slug: str, protocol: Connection.Protocol, origin: Origin
) -> Page | None:
    """
    Record a refusal and say what the person is told; None for a fault of ours.

    Recording needs the database. When that is what failed, the page says so. A flood that the
    limits keep out is counted there and not told here, or it would flood the trail.
    """
    page, reason = _judged(error)
    if page is None:
        return None
    log.info("sso.refused", connection=slug, reason=reason, status=page.status)
    if page.word in {"busy", "often"}:
        return page
    try:
        _record(reason, slug=slug, protocol=protocol, origin=origin)
    except db.Error as trouble:
        log.warning("sso.refusal_not_recorded", reason=str(trouble))
        return Page(503, "busy", RETRY_AFTER)
    return page


def reason_of(error: BaseException) -> str:
    """Say why, for the trail; the causes that are ours stand behind it."""
    return ": ".join(dict.fromkeys(_reasons(error)))


def _reasons(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        reason = getattr(error, "reason", "")
        if reason:
            yield str(reason)
        error = error.__cause__


def _judged(error: Exception) -> tuple[Page | None, str]:
    """Find the sentence and the reason for whatever was raised."""
    reason = reason_of(error)
    if isinstance(error, Refused):
        wait = _PROVIDER_RETRY_AFTER if error.word == Word.UNAVAILABLE else None
        return Page(_STATUSES[error.word], error.word, wait), error.reason
    if isinstance(error, CircuitOpenError):
        return Page(503, Word.UNAVAILABLE, _PROVIDER_RETRY_AFTER), reason
    if isinstance(error, SSOAuthenticationError):
        return Page(403, Word.NOT_ADMITTED), reason or error.message
    if isinstance(error, PlintoSSOException):
        return Page(400, Word.NOT_SET_UP), reason or error.message
    if isinstance(error, NotFoundError):
        return Page(404, "nowhere"), reason or "no such connection"
    refusal = refusal_from(error)
    if refusal.status_code == 503:
        return Page(503, "busy", RETRY_AFTER), refusal.reason
    if isinstance(refusal, RateLimitError):
        return Page(429, "often", refusal.retry_after), "too many requests"
    if 400 <= refusal.status_code < 500 and refusal.status_code != 405:
        return Page(refusal.status_code, Word.NOT_TRUSTED), refusal.reason or refusal.error_code
    return None, ""


def _record(reason: str, *, slug: str, protocol: Connection.Protocol, origin: Origin) -> None:
    found = connections_found.named(slug, protocol)
    get_audit_service().record_refusal(
        Event.SESSION_REFUSED,
        actor=ANONYMOUS,
        target=Target("connection", id=str(found.pk) if found else "", label=slug),
        origin=origin,
        reason=reason,
        organization_id=found.organization_id if found else None,
    )
