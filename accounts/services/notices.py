"""Letters that tell a person in one sentence what became of their account."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from accounts.models import User
from accounts.services.mail import get_email_service
from plinto.kernel.origin import Origin


def tell(letter: str, person: User, what: str, *, origin: Origin | None, now: datetime) -> None:
    """
    Mail a person that ``what`` has happened, in the caller's transaction, with a way to act on it.

    Without ``origin`` where it was done from is not said: it is nobody's but a colleague's.
    """
    get_email_service().queue(
        letter,
        to=person.email,
        context={
            "what": what,
            "name": person.name,
            "address": origin.address if origin else "",
            "agent": origin.agent if origin else "",
            "time": now,
            "link": f"{settings.APP_URL}/reset-password",
        },
        now=now,
    )
