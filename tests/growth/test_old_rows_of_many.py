"""A page of old rows, where their holder has a good part of the table, is not walked up to."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection, models

from audit.services import reading
from audit.services.reading import Filters
from plinto.kernel import pages
from tests.audit.rows import a_row
from tests.growth.plans import Plans

OLD, NEWER = 30_000, 60_000

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="Plans are those of PostgreSQL."),
]


def multiply(row: models.Model, **others: str) -> None:
    """Add ``OLD`` rows like this one, and ``NEWER`` that differ by the expressions ``others``."""
    table, columns = row._meta.db_table, [field.column for field in row._meta.concrete_fields]
    for letter, many, changed in (("0", OLD, {}), ("f", NEWER, others)):
        identity = f"(repeat('{letter}', 8) || '-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))"
        given = {"id": f"{identity}::uuid", **changed}
        values = ", ".join(given.get(name, f'it."{name}"') for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f'INSERT INTO "{table}" ({names}) SELECT {values} FROM "{table}" AS it,'
                f" generate_series(1, {many}) AS g WHERE it.id = %s",
                [row.pk],
            )
            cursor.execute(f'ANALYZE "{table}"')


@pytest.fixture
def plans():
    return Plans(frozenset({"audit_row"}), most_read=100, most_sorted=100)


def test_a_page_of_an_organizations_trail_reads_only_its_rows(plans):
    row = a_row(organization_id=uuid4(), action="member.joined")
    row.save()
    multiply(row, organization_id="gen_random_uuid()", action="'session.started'")

    with plans.of("trail"):
        page = reading.listed(
            row.organization_id,
            filters=Filters(action=row.action),
            wanted=pages.PageRequest(),
        )

    assert len(page.rows) == pages.LIMIT
    assert plans.wrong == {}
