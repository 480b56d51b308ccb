"""
Writing a letter down to be sent.

Nothing is sent here: a mail server that is slow or gone must change neither the answer nor the
time of a request, and a letter whose transaction rolls back must never arrive.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from accounts import controls
from accounts.models import OutboundMail
from accounts.services.letters import Letter
from plinto.kernel import services
from plinto.kernel.crypto import encrypt
from resilience.contract import enforces

CONTEXT_PURPOSE = "mail context"
# RFC 5321, section 4.5.4.1 asks for four to five days; who signs up will not wait that long.
GIVE_UP_AFTER = timedelta(hours=24)


@enforces(controls.SIGN_UP)
class EmailService:
    """The one way a letter leaves Plinto; the queue ``mail`` delivers it."""

    def queue(
        self,
        letter: str,
        *,
        to: str,
        context: Mapping[str, Any],
        now: datetime,
        suppressed: bool = False,
    ) -> UUID:
        """
        Insert a ``letter`` in the caller's transaction and return its id.

        :raises ValueError: as ``letter`` does
        """
        row = self.letter(letter, to=to, context=context, now=now, suppressed=suppressed)
        row.save(force_insert=True)
        return row.id

    def letter(
        self,
        letter: str,
        *,
        to: str,
        context: Mapping[str, Any],
        now: datetime,
        suppressed: bool = False,
    ) -> OutboundMail:
        """
        Make the row of ``letter`` (a value of Letter), for a statement that writes it.

        ``to`` is the stored address, never the one a request submitted. ``suppressed`` does the
        same work for an address that nobody has, so that time tells nothing; it is never sent.
        Keys of ``context``: link, code, expires_in_minutes, name, and for notices what, address,
        agent, time (a datetime is written out in UTC).

        :raises ValueError: there is no such letter, or the context lacks what it needs
        """
        template = Letter(letter)
        missing = template.needs - context.keys()
        if missing:
            raise ValueError(f"{letter} needs {', '.join(sorted(missing))}.")
        plain = orjson.dumps({name: _written(value) for name, value in context.items()})
        return OutboundMail(
            template=template.value,
            recipient=to,
            sealed_context=encrypt(plain, purpose=CONTEXT_PURPOSE),
            suppressed=suppressed,
            created_at=now,
            due_at=now,
        )


def get_email_service() -> EmailService:
    """Return the process-wide writer of letters."""
    return services.get(EmailService)


services.register(EmailService, EmailService)


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    # Names come from JSON, where a lone surrogate is possible; it cannot be encoded as UTF-8.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
