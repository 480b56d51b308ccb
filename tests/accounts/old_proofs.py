"""Sessions whose last proof of who somebody is has grown too old for what asks for one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from accounts.models import Session
from accounts.services import standing


def let_proofs_grow_old(*session_ids: Any) -> None:
    """Date the proofs of these sessions, or of all, back by eleven minutes, as requests see it."""
    chosen = Session.objects.filter(pk__in=session_ids) if session_ids else Session.objects.all()
    chosen.update(proved_at=timezone.now() - timedelta(minutes=11), version=F("version") + 1)
    for session_id in list(chosen.values_list("pk", flat=True)):
        standing.refresh_session(session_id)
