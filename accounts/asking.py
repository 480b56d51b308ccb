"""What the admin site tells a service about a request: who asks, from where and when."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from plinto.kernel import origin
from plinto.kernel.origin import Origin

# Where the cookie's session keeps the id of the Session row.
SESSION_KEY = "plinto_session"


class Asked(TypedDict):
    """The arguments that every act of staff takes."""

    by: User
    origin: Origin
    now: datetime


def asked(request: HttpRequest) -> Asked:
    """
    Describe a request of somebody who is signed in to the admin site.

    :raises PermissionDenied: nobody is
    """
    if not isinstance(request.user, User):
        raise PermissionDenied("not signed in")
    return Asked(by=request.user, origin=origin.of(request), now=timezone.now())


def session_of(request: HttpRequest) -> UUID | None:
    """Return the id of the session that the cookie refers to."""
    kept = request.session.get(SESSION_KEY)
    return UUID(kept) if kept else None
