"""Checkpoints and the keys that sign them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import IntegrityError
from django.test import override_settings

from audit import signatures
from audit.chain import SYSTEM_CHAIN
from audit.models import AuditRow, ChainHead, Checkpoint, CheckpointKey
from audit.services import alarms, checkpoint_keys
from audit.services.sealing import QUEUE
from plinto.kernel.exceptions import ConfigurationError
from resilience.worker import Shift
from tests.audit.rows import NOON
from tests.audit.sealed import assert_whole, chain_of, seal_all, written
from tests.audit.tampering import full_rights
from tests.races import at_once

ACME = UUID(int=0xACE)
ANOTHER = ["QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="]


def rotated():
    return AuditRow.objects.filter(action="audit_key.rotated")


@pytest.mark.django_db
def test_each_checkpoint_names_the_one_before_it():
    for _ in range(3):
        written(ACME, count=2)
        seal_all()
    found = list(Checkpoint.objects.filter(chain=ACME).order_by("number"))
    assert [(each.number, each.first, each.last) for each in found] == [
        (1, 1, 2),
        (2, 3, 4),
        (3, 5, 6),
    ]
    assert_whole(ACME)


@pytest.mark.django_db
def test_a_worker_makes_the_first_key_and_says_so_in_the_trail():
    written(ACME)
    seal_all()
    key = CheckpointKey.objects.get()
    assert rotated().get().target_id == key.kid
    assert {each["kid"] for each in checkpoint_keys.published()} == {key.kid}
    seal_all()
    assert [row.action for row in assert_whole(SYSTEM_CHAIN)] == ["audit_key.rotated"]


@pytest.mark.django_db
def test_the_private_half_is_kept_sealed():
    checkpoint_keys.make_first(now=NOON)
    _, private = checkpoint_keys.signing()
    row = CheckpointKey.objects.get()
    assert private.private_bytes_raw() not in bytes(row.sealed_private)
    assert private.public_key().public_bytes_raw() == bytes(row.public)


@pytest.mark.django_db
def test_a_rotation_retires_the_key_and_both_verify(capsys):
    call_command("rotate_audit_key", if_none=True)
    written(ACME)
    seal_all()
    call_command("rotate_audit_key")
    call_command("rotate_audit_key", if_none=True)
    written(ACME)
    seal_all()
    old, new = CheckpointKey.objects.order_by("created_at")
    assert (old.retired_at, new.retired_at) == (new.created_at, None)
    signers = Checkpoint.objects.filter(chain=ACME).order_by("number").values_list("kid", flat=True)
    assert list(signers) == [old.kid, new.kid]
    assert_whole(ACME)
    assert rotated().count() == 2
    assert f"Key {new.kid} signs" in capsys.readouterr().out


@pytest.mark.django_db
def test_no_two_keys_sign_at_a_time():
    checkpoint_keys.make_first(now=NOON)
    key = CheckpointKey.objects.get()
    with pytest.raises(IntegrityError):
        CheckpointKey.objects.create(
            kid="b", public=key.public, sealed_private=key.sealed_private, created_at=NOON
        )


@pytest.mark.django_db
def test_without_a_key_that_opens_sealing_goes_on_and_signing_is_made_up_for(caplog):
    checkpoint_keys.make_first(now=NOON)
    alarms.forget()
    with override_settings(FIELD_KEYS=ANOTHER):
        for _ in range(3):
            written(ACME)
            assert seal_all() == 0
    assert len(chain_of(ACME)) == 3
    assert not Checkpoint.objects.filter(chain=ACME).exists()
    loud = [each for each in caplog.records if "checkpoints.key_unusable" in each.getMessage()]
    assert len(loud) == 1
    seal_all()
    assert [(each.first, each.last) for each in Checkpoint.objects.filter(chain=ACME)] == [(1, 3)]
    assert_whole(ACME)


@pytest.mark.django_db
def test_a_lost_key_is_replaced_by_a_rotation():
    checkpoint_keys.make_first(now=NOON)
    CheckpointKey.objects.update(sealed_private=b"lost")
    with pytest.raises(ConfigurationError):
        checkpoint_keys.signing()
    call_command("rotate_audit_key", verbosity=0)
    written(ACME)
    seal_all()
    assert len(assert_whole(ACME)) == 1


@pytest.mark.django_db
def test_what_a_killed_worker_sealed_and_did_not_sign_is_signed_by_the_next():
    written(ACME, count=3)
    seal_all()
    written(ACME)
    QUEUE.run_due(Shift(clock=lambda: NOON))
    with full_rights():
        Checkpoint.objects.filter(chain=ACME, number=2).delete()
    ChainHead.objects.filter(chain=ACME).update(signed_sequence=3)
    seal_all()
    assert_whole(ACME)


@pytest.mark.django_db
def test_a_statement_says_nothing_else_in_another_form():
    written(ACME)
    seal_all()
    told = Checkpoint.objects.get(chain=ACME).told()
    keys = checkpoint_keys.published()
    assert signatures.verified(told, keys).last == 1
    more = {**told, "statement": {**told["statement"], "more": 1}}
    with pytest.raises(signatures.BrokenProofError):
        signatures.verified(more, keys)


@pytest.mark.django_db(transaction=True)
def test_workers_that_find_no_key_at_the_same_moment_make_one():
    made = at_once(lambda _: checkpoint_keys.make_first(now=NOON), times=4)
    assert sorted(made) == [False, False, False, True]
    assert CheckpointKey.objects.count() == rotated().count() == 1


@pytest.mark.django_db(transaction=True)
def test_rotations_at_the_same_moment_leave_one_key_that_signs():
    checkpoint_keys.make_first(now=NOON)

    def rotate(number):
        try:
            checkpoint_keys.rotate(now=NOON + timedelta(seconds=number))
        except IntegrityError:
            return False
        return True

    assert any(at_once(rotate, times=3))
    assert CheckpointKey.objects.filter(retired_at=None).count() == 1
    assert CheckpointKey.objects.count() == rotated().count()
