"""Rows whose time is over go, that is signed, and the chain still verifies."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import models
from django.test import override_settings

from audit.chain import SYSTEM_CHAIN
from audit.models import AuditRow, CheckpointKey, Truncation
from audit.records import keys_of
from audit.services import checkpoint_keys, proofs, retention, sealed
from audit.services.sealing import QUEUE
from resilience.worker import Shift, run_until_idle
from tests.audit.rows import NOON
from tests.audit.sealed import written
from tests.audit.tampering import full_rights
from tests.audit.verifying import keys_file, lines_file, verdict
from tests.races import at_once

ORG, NOW = UUID(int=1 << 70), NOON + timedelta(days=40)

pytestmark = pytest.mark.django_db(transaction=True)


def sealed_on(day, *, count):
    """Rows of one organization under a checkpoint of that day; the last is of day 39."""
    ids = written(ORG, count=count)
    run_until_idle([QUEUE], shift=Shift(clock=lambda: NOON + timedelta(days=day)))
    return ids


@pytest.fixture
def events():
    return [*sealed_on(0, count=4), *sealed_on(5, count=3), *sealed_on(39, count=2)]


def truncated(*, days=30, now=NOW):
    with override_settings(AUDIT_RETENTION_DAYS=days):
        return retention.truncate_due(now)


def places():
    rows = AuditRow.objects.filter(chain=ORG).order_by("sequence")
    return list(rows.values_list("sequence", flat=True))


def exported(folder):
    keys = keys_of({"keys": checkpoint_keys.published()}).values()
    return {
        "keys": keys_file(folder, *keys),
        "file": lines_file(folder, "export.jsonl", sealed.records(ORG)),
    }


def test_whole_checkpoints_go_and_the_rest_verifies_here_and_offline(events, tmp_path):
    before = lines_file(tmp_path, "kept.jsonl", sealed.checkpoints(ORG))
    assert truncated() >= 7

    assert places() == [8, 9]
    here = verdict(checkpoints=before)
    offline = verdict(checkpoints=before, chain=str(ORG), **exported(tmp_path))
    assert (here.status, offline.status) == (0, 0)
    assert "rows 8 to 9 are as they were sealed" in offline.holds
    assert "those before were removed on 2030-02-10" in offline.holds


def test_the_deployments_own_chain_tells_of_it(events):
    truncated()
    (row,) = AuditRow.objects.filter(action="trail.truncated", target_id=str(ORG))
    assert (row.organization_id, row.changes) == (None, {"first_row": [1, 8]})
    sealed_on(40, count=1)
    assert AuditRow.objects.get(pk=row.pk).chain == SYSTEM_CHAIN
    assert verdict().status == 0


def test_without_a_setting_everything_stays_for_ever(events):
    assert truncated(days=0, now=NOW + timedelta(days=36_500)) == 0
    assert Truncation.objects.count() == 0


def test_a_chain_goes_on_after_all_of_it_went(events):
    truncated(days=1, now=NOW + timedelta(days=2))
    assert places() == []
    sealed_on(43, count=2)
    assert places() == [10, 11]
    truncated(days=1, now=NOW + timedelta(days=9))
    assert places() == []
    assert list(Truncation.objects.filter(chain=ORG).values_list("through", flat=True)) == [9, 11]
    assert verdict().status == 0


def test_a_proof_that_was_made_before_holds_afterwards(events):
    proof, keys = proofs.prove(ORG, events[0]), checkpoint_keys.published()
    truncated()
    proofs.check(proof, keys)


def test_what_is_not_as_it_was_sealed_does_not_go(events):
    with full_rights():
        models.QuerySet(AuditRow).filter(pk=events[2]).update(reason="forged")
    truncated()
    assert places() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert "Row 3 was changed" in verdict().found


def test_what_a_killed_worker_signed_and_did_not_remove_is_removed_by_the_next(events):
    whole = list(models.QuerySet(AuditRow).filter(chain=ORG, sequence__lte=5))
    truncated()
    AuditRow.objects.bulk_create(whole)
    assert verdict().status == 0

    assert truncated() == 5

    assert places() == [8, 9]


def test_without_a_key_nothing_goes(events):
    CheckpointKey.objects.update(retired_at=NOW)
    assert truncated() == 0
    assert len(places()) == 9


def test_two_workers_truncate_once(events):
    with override_settings(AUDIT_RETENTION_DAYS=30):
        at_once(lambda _: retention.truncate_due(NOW), times=2)
    assert places() == [8, 9]
    assert Truncation.objects.filter(chain=ORG).count() == 1
    assert AuditRow.objects.filter(action="trail.truncated", target_id=str(ORG)).count() == 1
