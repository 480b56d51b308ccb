"""Every index is one more to write; of two that begin alike, the shorter gains nobody anything."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection

_INDEXES = """
SELECT t.relname, i.relname, x.indisunique, array(
    SELECT pg_get_indexdef(x.indexrelid, k + 1, true) FROM generate_subscripts(x.indkey, 1) k
    ORDER BY k
)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relname = ANY(%s) AND x.indpred IS NULL AND i.relname NOT LIKE '%%_like'
"""
_OURS = ("accounts", "audit", "sso", "webhooks", "resilience")
# Django makes the tables of many-to-many fields, with an index for each side.
_OF_DJANGO = {"accounts_user_groups", "accounts_user_user_permissions"}
_KEPT = {
    "audit_trail_export_part",  # SQLite makes the table anew to change it, and these rows stand
    "webhooks_attempt",  # a page asks for those of many deliveries, which the shorter one finds
}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="This is about PostgreSQL.")
def test_no_index_is_the_beginning_of_another(db):
    models = [model for label in _OURS for model in apps.get_app_config(label).get_models()]
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES, [[model._meta.db_table for model in models]])
        found = cursor.fetchall()

    needless = {
        name
        for table, name, is_unique, columns in found
        if not is_unique and table not in _OF_DJANGO | _KEPT
        for other_table, other, _, longer in found
        if (table, other != name) == (other_table, True) and longer[: len(columns)] == columns
    }

    assert len(found) > 100
    assert needless == set()
