"""Emptying the database between tests whose transactions are real."""

from __future__ import annotations

from django.apps import apps
from django.db import connection
from django.test import TransactionTestCase

from tests.audit.tampering import full_rights

# Written by migrations, and as true after a test as before it.
_KEPT = {"django_content_type", "auth_permission"}


def empty_quickly() -> None:
    """
    Let Django's own test machinery delete rows instead of flushing.

    Its flush truncates every table and then creates the permissions anew: 0.3 s a test, against
    milliseconds for deleting the few rows there are. With full rights no trigger keeps a row of
    the trail; on SQLite foreign keys are checked at the commit, on PostgreSQL not at all, so the
    order of tables does not matter.
    """
    TransactionTestCase._fixture_teardown = lambda _case: _delete_rows()


def _delete_rows() -> None:
    models = apps.get_models(include_auto_created=True)
    tables = sorted({model._meta.db_table for model in models} - _KEPT)
    with full_rights() as cursor:
        for table in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


def end_vacuums() -> None:
    """
    Let go of the database of this process, which is about to be dropped.

    The server vacuums often, and one that is at work on a busy machine would be waited for too
    short a time.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                "current_database() AND backend_type = 'autovacuum worker'"
            )
