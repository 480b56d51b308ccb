"""
Trying a connection without signing anybody in.

A test goes the way of a sign-in, to the provider and back, with the ``tester_id`` of whoever began
it in its row. Whoever hears the provider's answer hands over what came of it, in place of letting
an arrival go on: nobody is signed in, and nothing is made or linked. What the provider said is
sealed in the row, which lives for minutes.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import orjson
from django.conf import settings

from plinto.kernel.crypto import encrypt
from resilience.contract import enforces
from sso import connection_controls as controls
from sso.facts import Arrival, Refused
from sso.models import SignIn

_PURPOSE = "findings of a connection's test"


@enforces(controls.CONNECTIONS)
def finished(sign_in: SignIn, outcome: Arrival | Refused, *, now: datetime) -> str:
    """
    Keep what a test found for its browser, and return where the browser is to go.

    ``sign_in`` has a ``tester_id`` and is spent already.
    """
    if isinstance(outcome, Refused):
        reason, sealed = outcome.reason, b""
    else:
        reason, sealed = "", encrypt(orjson.dumps(asdict(outcome)), purpose=_PURPOSE)
    findings = {"refused": reason, "at": now.isoformat()}
    SignIn.objects.filter(pk=sign_in.pk).update(findings=findings, sealed_arrival=sealed)
    return f"{settings.PUBLIC_URL}/sso/tests/{sign_in.pk}"
