"""What comes out of a prepared statement is what Django would have read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from plinto.kernel import prepared
from plinto.kernel.answers import rendered

pytestmark = pytest.mark.django_db

STATEMENT = """
SELECT %s::timestamptz, NULL::timestamptz, '{"a": 1}'::jsonb, '192.0.2.1'::inet::text, %s::uuid
"""


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 27, 12, 30, 15, 123456, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ],
)
def test_a_time_is_read_as_django_reads_it(moment):
    if connection.vendor != "postgresql":
        pytest.skip("Elsewhere it is Django's own cursor.")
    values = [moment, "01a2064b-7d50-7334-acc4-a592681d9e95"]
    with connection.cursor() as plain, prepared.cursor() as quick:
        plain.execute(STATEMENT, values)
        quick.execute(STATEMENT, values)
        expected, found = plain.fetchone(), quick.fetchone()
    assert found == expected
    assert found[0] == moment
    assert found[0].utcoffset() == timedelta(0)
    assert found[0].isoformat() == expected[0].isoformat()
    assert rendered(found[:2]) == rendered(expected[:2])
