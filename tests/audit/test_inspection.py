"""The trail is verified while it is written to."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.test import override_settings

from audit.models import AuditRow
from audit.services import inspection, retention, sealed
from audit.services.sealing import QUEUE
from audit.verification import Keys
from resilience.worker import Shift, run_until_idle
from tests.audit.rows import NOON
from tests.audit.sealed import written

ORG = UUID(int=1 << 70)

pytestmark = pytest.mark.django_db(transaction=True)


def sealed_on(day):
    written(ORG, count=3)
    run_until_idle([QUEUE], shift=Shift(clock=lambda: NOON + timedelta(days=day)))


def truncated_on(day):
    with override_settings(AUDIT_RETENTION_DAYS=1):
        retention.truncate_due(NOON + timedelta(days=day))


def inspected_while(act):
    """Walk the chain, and act once, as soon as the walk has taken its first record."""
    acts = [act]
    return inspection.inspect(
        ORG, Keys(sealed.keys()), {}, seen=lambda: acts.pop()() if acts else None
    )


def test_what_is_sealed_and_signed_meanwhile_is_no_fault():
    sealed_on(0)
    sealed_on(2)
    truncated_on(3)  # so that the walk begins with a truncation, before it reads any row
    outcome = inspected_while(lambda: sealed_on(4))
    assert outcome.finding is None
    assert (outcome.walk.rows, AuditRow.objects.filter(chain=ORG).count()) == (3, 6)


def test_what_is_truncated_meanwhile_is_no_fault():
    for day in (0, 2, 4):
        sealed_on(day)
    truncated_on(3)
    outcome = inspected_while(lambda: truncated_on(5))
    assert outcome.finding is None
    assert (outcome.walk.cut.through, outcome.walk.rows) == (6, 3)
