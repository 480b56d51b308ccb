"""The database refuses to change or remove what the trail holds, whoever asks it."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, models, transaction

from audit.models import AuditRow, Checkpoint, Truncation
from resilience.leases import LeasedRow
from tests.audit.rows import NOON, a_row
from tests.audit.tampering import full_rights

CHAIN = UUID(int=7)
PLACE = {"chain": CHAIN, "sequence": 1, "sealed_at": NOON}
HASHES = {"previous_hash": b"\0" * 32, "sealed_hash": b"\1" * 32}
SEAL = {**PLACE, **HASHES}
OTHER = {
    models.UUIDField: uuid4(),
    models.DateTimeField: NOON.replace(year=2031),
    models.CharField: "other",
    models.JSONField: {"name": ["a", "b"]},
    models.BigIntegerField: 99,
    models.BinaryField: b"\2" * 32,
}

pytestmark = pytest.mark.django_db


def raw(model):
    """Rows of a model without the manager that refuses."""
    return models.QuerySet(model)


def inserted(**columns):
    row = a_row(**columns)
    row.save()
    return raw(AuditRow).filter(pk=row.pk)


def checkpoint(**columns):
    signed = {"first": 1, "head_hash": b"h", "merkle_root": b"m", "previous": b"p", "kid": "k"}
    return Checkpoint.objects.create(
        **{"chain": CHAIN, "number": 1, "last": 4, "signature": b"s", **signed, **columns},
        signed_at=NOON,
        due_at=NOON,
    )


def truncation(**columns):
    named = {"through_hash": b"h", "checkpoint": 1, "checkpoint_digest": b"d", "kid": "k"}
    return Truncation.objects.create(
        **{"chain": CHAIN, "through": 1, **named, **columns}, cut_at=NOON, signature=b"s"
    )


def refused(act):
    with pytest.raises(IntegrityError, match="the trail stands"), transaction.atomic():
        act()


def other_value(field):
    if field.name == "outcome":
        return "refused"
    return OTHER[type(field)]


COLUMNS = [field.name for field in AuditRow._meta.fields]


@pytest.mark.parametrize("name", COLUMNS)
def test_no_column_of_a_sealed_row_changes(name):
    row = inserted(**SEAL, reason="x")
    refused(lambda: row.update(**{name: other_value(AuditRow._meta.get_field(name))}))
    assert row.count() == 1


@pytest.mark.parametrize("name", [name for name in COLUMNS if name not in SEAL])
def test_sealing_a_row_changes_nothing_else_of_it(name):
    row = inserted(reason="x")
    refused(lambda: row.update(**SEAL, **{name: other_value(AuditRow._meta.get_field(name))}))
    assert row.update(**SEAL) == 1


def test_an_unsealed_row_is_neither_changed_nor_removed():
    row = inserted()
    refused(lambda: row.update(reason="x"))
    refused(row.delete)


def test_a_seal_is_not_taken_off():
    row = inserted(**SEAL)
    refused(lambda: row.update(**dict.fromkeys(SEAL)))


def test_a_row_goes_only_when_a_truncation_ends_it():
    old, young = inserted(**SEAL), inserted(**{**SEAL, "sequence": 2})
    other = inserted(**{**SEAL, "chain": UUID(int=8)})
    refused(old.delete)

    truncation()

    refused(young.delete)
    refused(other.delete)
    assert old.delete()[0] == 1


SENDING = {"filed_at", *(field.name for field in LeasedRow._meta.local_fields)}


@pytest.mark.parametrize("field", Checkpoint._meta.fields, ids=lambda field: field.name)
def test_a_checkpoint_changes_only_in_the_columns_of_its_sending(field):
    row = raw(Checkpoint).filter(pk=checkpoint().pk)
    if field.name in SENDING:
        assert row.update(**{field.name: field.value_from_object(row.get())}) == 1
    else:
        refused(lambda: row.update(**{field.name: other_value(field)}))
    refused(row.delete)


@pytest.mark.parametrize("field", Truncation._meta.fields, ids=lambda field: field.name)
def test_a_truncation_never_changes_nor_goes(field):
    row = raw(Truncation).filter(pk=truncation().pk)
    refused(lambda: row.update(**{field.name: other_value(field)}))
    refused(row.delete)


TABLES = ["audit_row", "audit_checkpoint", "audit_truncation"]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_not_emptied(table):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE; its DELETE asks the triggers.")
    with connection.cursor() as cursor:
        refused(lambda: cursor.execute(f"TRUNCATE {table}"))


def test_a_temporary_table_does_not_pass_for_the_truncations():
    row = inserted(**SEAL)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE audit_truncation (chain text, through int)")
        cursor.execute("INSERT INTO audit_truncation VALUES (%s, 9)", [CHAIN.hex])
        refused(row.delete)
        cursor.execute(
            "DROP TABLE temp.audit_truncation".replace(
                "temp.", "pg_temp." if connection.vendor == "postgresql" else "temp."
            )
        )


@pytest.mark.parametrize("table", TABLES)
def test_replacing_does_not_get_around_the_triggers(table):
    if connection.vendor != "sqlite":
        pytest.skip("Only SQLite has REPLACE, which deletes without asking a trigger.")
    inserted(**SEAL)
    checkpoint()
    truncation()
    with connection.cursor() as cursor:
        refused(lambda: cursor.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"))
    row = inserted()
    place = "chain = %s, sequence = 1, sealed_hash = x'00', previous_hash = x'00', sealed_at = 0"
    statement = f"UPDATE OR REPLACE audit_row SET {place} WHERE id = %s"
    with connection.cursor() as cursor:
        refused(lambda: cursor.execute(statement, [CHAIN.hex, row.get().pk.hex]))


def test_somebody_with_full_rights_gets_past_and_leaves_the_triggers_behind():
    row = inserted(**SEAL)
    with full_rights() as cursor:
        cursor.execute("UPDATE audit_row SET reason = 'forged'")
    assert row.get().reason == "forged"
    refused(row.delete)
