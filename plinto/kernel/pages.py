"""Lists by cursor: keyset pages over UUIDv7 ids, newest first, with a constant cost per page."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from plinto.kernel.exceptions import ValidationError

Row = TypeVar("Row", bound=Model)

LIMIT = 25
MOST = 100


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list is wanted: at most ``limit`` rows older than ``before``."""

    limit: int = LIMIT
    before: UUID | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of a list, and the cursor of the rows behind them if there are any."""

    rows: list[Row]
    next: str | None


def requested(query: Mapping[str, Any]) -> PageRequest:
    """
    Read ``?limit=`` and ``?cursor=``.

    :raises ValidationError: a limit outside 1 to 100, or a cursor that no list handed out
    """
    limit = str(query.get("limit", LIMIT))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= MOST):
        raise ValidationError(fields={"limit": [f"Must be a whole number from 1 to {MOST}."]})
    cursor = query.get("cursor")
    if not cursor:
        return PageRequest(limit=int(limit))
    try:
        before = UUID(bytes=urlsafe_b64decode(f"{cursor}=="))
    except ValueError as error:
        raise ValidationError(fields={"cursor": ["This cursor is not known."]}) from error
    return PageRequest(limit=int(limit), before=before)


def cut(rows: QuerySet[Row], *, wanted: PageRequest) -> Page[Row]:
    """Take one page of ``rows``, newest id first, in one statement."""
    if wanted.before:
        rows = rows.filter(pk__lt=wanted.before)
    found = list(rows.order_by("-pk")[: wanted.limit + 1])
    shown = found[: wanted.limit]
    more = len(found) > wanted.limit
    return Page(rows=shown, next=_cursor(shown[-1].pk) if more else None)


def _cursor(key: UUID) -> str:
    return urlsafe_b64encode(key.bytes).decode().rstrip("=")
