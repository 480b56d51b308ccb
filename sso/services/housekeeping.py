"""What the worker clears away at the doors of single sign-on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from resilience.worker import Chore
from sso.services import consumption, service_keys, sign_ins


def _trimming(name: str, run: Callable[[datetime], int]) -> Chore:
    return Chore(name=f"trim {name}", every=timedelta(hours=1), run=run)


CHORES = (
    _trimming("sign-ins by connections", lambda now: sign_ins.trim(now=now)),
    _trimming("consumed assertions", lambda now: consumption.trim(now=now)),
    _trimming("service keys", lambda now: service_keys.trim(now=now)),
)
