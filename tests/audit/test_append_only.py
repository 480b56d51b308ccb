from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from audit.models import AppendOnlyError, AuditRow
from tests.audit.rows import NOON, a_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def row():
    row = a_row()
    row.save()
    return AuditRow.objects.get(pk=row.pk)


def seal(row, *, sequence=1, chain=None):
    return AuditRow.objects.filter(pk=row.pk).seal(
        chain=chain or uuid4(),
        sequence=sequence,
        previous_hash=b"\0" * 32,
        sealed_hash=b"\1" * 32,
        sealed_at=NOON,
    )


CHANGES = {
    "save": lambda row: row.save(),
    "update_fields": lambda row: row.save(update_fields=["reason"]),
    "delete": lambda row: row.delete(),
    "queryset update": lambda row: AuditRow.objects.filter(pk=row.pk).update(reason="x"),
    "queryset delete": lambda row: AuditRow.objects.all().delete(),
    "base manager": lambda row: AuditRow._base_manager.update(reason="x"),
    "bulk_update": lambda row: AuditRow.objects.bulk_update([row], ["reason"]),
    "update_or_create": lambda row: AuditRow.objects.update_or_create(pk=row.pk),
    "merging bulk_create": lambda row: AuditRow.objects.bulk_create(
        [row], update_conflicts=True, update_fields=["reason"], unique_fields=["id"]
    ),
}


@pytest.mark.parametrize("way", CHANGES)
def test_no_way_through_the_orm_changes_or_removes_a_row(row, way):
    row.reason = "rewritten"
    with pytest.raises(AppendOnlyError):
        CHANGES[way](row)
    assert list(AuditRow.objects.values_list("pk", "reason")) == [(row.pk, "")]


def test_a_new_row_under_an_existing_id_does_not_overwrite(row):
    with pytest.raises(IntegrityError), transaction.atomic():
        a_row(pk=row.pk, action="user.forged").save()
    assert AuditRow.objects.get().action == "user.registered"


def test_a_row_is_sealed_once(row):
    assert seal(row) == 1
    assert seal(row, sequence=2) == 0
    assert AuditRow.objects.get().sequence == 1


def test_two_rows_cannot_take_one_place_in_a_chain(row):
    chain, other = uuid4(), a_row()
    other.save()
    seal(row, chain=chain)
    with pytest.raises(IntegrityError), transaction.atomic():
        seal(other, chain=chain)


def test_a_row_cannot_be_half_sealed():
    with pytest.raises(IntegrityError), transaction.atomic():
        a_row(chain=uuid4()).save()


def test_unsealed_rows_do_not_collide():
    a_row().save()
    a_row().save()
    assert AuditRow.objects.filter(sealed_hash=None).count() == 2
