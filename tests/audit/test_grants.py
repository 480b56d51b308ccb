"""A role of PostgreSQL that serves and owns nothing cannot change what the trail holds."""

from __future__ import annotations

import os
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from audit.models import Checkpoint
from audit.services import checkpoint_keys
from tests.audit.rows import NOON, a_row
from tests.audit.sealed import seal_all, written
from tests.audit.verifying import verdict

# Roles belong to the whole server, which several runs may share.
ROLE = f"plinto_serves_{os.getpid()}"

pytestmark = pytest.mark.django_db


@pytest.fixture
def role():
    """A role of its own, gone after the test."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no roles.")
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
    return ROLE


def granted(role, **options):
    out = StringIO()
    call_command("audit_grants", role=role, stdout=out, **options)
    return out.getvalue()


def tried(statement):
    """What becomes of a statement of the role: how many rows it touched, or why it may not."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {ROLE}")
            cursor.execute(statement)
            touched = cursor.rowcount
            cursor.execute("RESET ROLE")
    except DatabaseError as error:
        return str(error).partition("\n")[0]
    return touched


SEAL = (
    "UPDATE audit_row SET chain = id, sequence = 1, previous_hash = '', sealed_hash = '',"
    " sealed_at = now()"
)
FORGED_CUT = (
    "INSERT INTO audit_truncation SELECT id, chain, 1, '', 1, '', now(), 'k', '' FROM audit_row"
)
REFUSED = {
    "edit": "UPDATE audit_row SET reason = 'x'",
    "delete": "DELETE FROM audit_row",
    "empty": "TRUNCATE audit_row",
    "disable the triggers": "ALTER TABLE audit_row DISABLE TRIGGER ALL",
    "drop a trigger": "DROP TRIGGER audit_row_stays ON audit_row",
    "replace the function": "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "do without triggers": "SET session_replication_role = replica",
    "truncate": FORGED_CUT,
    "edit a checkpoint": "UPDATE audit_checkpoint SET signature = ''",
    "delete a checkpoint": "DELETE FROM audit_checkpoint",
    "change a key": "UPDATE audit_checkpoint_key SET public = ''",
    "delete a key": "DELETE FROM audit_checkpoint_key",
    "pretend to migrate": "DELETE FROM django_migrations",
}


@pytest.mark.parametrize("act", REFUSED)
def test_the_role_may_not(role, act):
    granted(role, execute=True)
    a_row().save()
    assert "permission denied" in str(tried(REFUSED[act])) or "must be owner" in str(
        tried(REFUSED[act])
    )


def test_the_role_writes_seals_and_reads_the_trail_and_uses_everything_else(role):
    granted(role, execute=True)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
    written(count=3)
    seal_all()
    checkpoint_keys.rotate(now=NOON)
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    assert Checkpoint.objects.get().last == 3
    assert verdict().status == 0
    assert tried("UPDATE audit_checkpoint SET lease = NULL, filed_at = now()") == 1
    assert tried("DELETE FROM accounts_user") == 0
    assert "the trail stands" in tried(f"{SEAL} WHERE sealed_hash IS NOT NULL")


@override_settings(AUDIT_RETENTION_DAYS=365)
def test_with_a_retention_the_role_deletes_below_a_truncation_and_nothing_else(role):
    granted(role, execute=True)
    a_row().save()
    assert tried(SEAL) == 1
    assert "the trail stands" in tried("DELETE FROM audit_row")
    assert tried(FORGED_CUT) == 1
    assert tried("DELETE FROM audit_row") == 1
    assert "permission denied" in tried("DELETE FROM audit_truncation")


def test_printing_grants_nothing(role):
    told = granted(role)
    assert 'GRANT INSERT, UPDATE ("chain", "sequence"' in told
    a_row().save()
    assert "permission denied" in tried("SELECT * FROM audit_row")


def test_giving_the_rights_again_takes_back_what_a_retention_needed(role):
    with override_settings(AUDIT_RETENTION_DAYS=365):
        granted(role, execute=True)
    granted(role, execute=True)
    a_row().save()
    assert "permission denied" in tried("DELETE FROM audit_row")


def test_a_role_that_could_take_it_all_back_is_refused(role):
    with pytest.raises(CommandError, match="superuser"):
        granted(connection.settings_dict["USER"])
    with pytest.raises(CommandError, match="CREATE ROLE"):
        granted("nobody_of_that_name")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE plinto_owns")
        cursor.execute("ALTER TABLE audit_row OWNER TO plinto_owns")
        cursor.execute(f"GRANT plinto_owns TO {ROLE}")
    with pytest.raises(CommandError, match="a member of it"):
        granted(role)


def test_sqlite_has_no_roles():
    if connection.vendor != "sqlite":
        pytest.skip("This is about SQLite.")
    with pytest.raises(CommandError, match="Only PostgreSQL has roles"):
        granted(ROLE)
