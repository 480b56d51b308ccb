"""The chores of resilience: rows that nobody will look at again."""

from __future__ import annotations

from datetime import timedelta

from resilience import history, presence
from resilience.worker import Chore

_HOURLY = timedelta(hours=1)

CHORES = (
    Chore(name="trim processes", every=_HOURLY, run=lambda now: presence.trim(now=now)),
    Chore(name="trim transitions", every=_HOURLY, run=lambda now: history.trim(now=now)),
)
