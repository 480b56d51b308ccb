"""
Lists that grow long: a page costs the same wherever it is, and however long the list.

What may grow long has its line in ``LISTS``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApiKey, Membership, Organization, Role, Session, User
from plinto.kernel.ids import uuid7
from tests.accounts.organizations import Club
from tests.accounts.people import Person, signed_in
from tests.api import Api
from tests.servers.plugin import redis_key
from tests.statistics import quantile

SHORT, LONG = 10, 10_000
PAGE = 50  # two hundred pages in one walk
BATCH = 500  # rows that one statement inserts in time, also on a busy machine


@dataclass(frozen=True, slots=True)
class LongList:
    """
    Where a list is asked for, by whom, in which table its rows stand, and how many more come.

    ``add`` then puts a tenth as many into somebody else's list of the same table, so that the
    newest rows of the table are none of this list.
    """

    path: str
    reader: Person
    table: str
    add: Callable[[int], None]


def members(api: Api) -> LongList:
    club, other = Club(api), Club(api)
    key = club.owner.user.trail_key  # theirs would take longer to draw than all the rest

    def add(many: int) -> None:
        people = User.objects.bulk_create(
            (
                User(email=email, email_key=email, trail_key=key)
                for email in (f"{uuid7().hex}@example.com" for _ in range(many))
            ),
            batch_size=BATCH,
        )
        for each, some in ((club, people), (other, people[: many // 10])):
            role = Role.objects.get(organization_id=each.id, name="member")
            club_row = Organization(pk=each.id)
            Membership.objects.bulk_create(
                (
                    Membership(
                        organization=club_row, user=person, role=role, created_at=timezone.now()
                    )
                    for person in some
                ),
                batch_size=BATCH,
            )

    return LongList(f"{club.path}/members", club.owner, Membership._meta.db_table, add)


def sessions(api: Api) -> LongList:
    ada, bob = signed_in(api), signed_in(api)

    def add(many: int) -> None:
        now = timezone.now()
        for person, some in ((ada, many), (bob, many // 10)):
            Session.objects.bulk_create(
                (
                    Session(
                        user=person.user,
                        created_at=now,
                        last_seen_at=now,
                        expires_at=now + timedelta(days=1),
                        authenticated_at=now,
                        proved_at=now,
                        refresh_digest=bytes(32),
                    )
                    for _ in range(some)
                ),
                batch_size=BATCH,
            )

    return LongList("/api/v1/sessions", ada, Session._meta.db_table, add)


def api_keys(api: Api) -> LongList:
    club, other = Club(api), Club(api)

    def add(many: int) -> None:
        for each, some in ((club, many), (other, many // 10)):
            ApiKey.objects.bulk_create(
                (
                    ApiKey(
                        organization_id=each.id,
                        made_by=each.owner.user,
                        name="Deploys",
                        hint="plk_abcd",
                        digest=uuid7().bytes * 2,
                        created_at=timezone.now(),
                    )
                    for _ in range(some)
                ),
                batch_size=BATCH,
            )

    add(1)  # like the owner among the members, and the session that asks
    return LongList(f"{club.path}/api-keys", club.owner, ApiKey._meta.db_table, add)


LISTS = [members, sessions, api_keys]


@dataclass
class Reader:
    """Walks a list from its first page to its last."""

    api: Api
    listed: LongList
    forget: Callable[[], None]

    def page(self, cursor: str | None, *, limit: int) -> dict[str, Any]:
        query = f"?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
        answer = self.api.get(self.listed.path + query, token=self.listed.reader.access)
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    def walk(self, *, limit: int) -> Iterator[tuple[str | None, list[Any], float]]:
        """Yield each page as its cursor, its rows, and the seconds it took."""
        cursor: str | None = None
        while True:
            began = time.perf_counter()
            page = self.page(cursor, limit=limit)
            yield cursor, page["results"], time.perf_counter() - began
            cursor = page["next"]
            if cursor is None:
                return

    def statements(self, cursor: str | None, *, limit: int) -> list[str]:
        """What one page asks the database, by somebody whom no copy knows."""
        self.forget()
        with CaptureQueriesContext(connection) as captured:
            self.page(cursor, limit=limit)
        # What a process looks after in passing is no cost of the page.
        return [query["sql"] for query in captured if ' FROM "accounts_' in query["sql"]]


@pytest.fixture(params=LISTS, ids=lambda make: make.__name__)
def reader(request: pytest.FixtureRequest, api: Api, pytestconfig: pytest.Config) -> Reader:
    redis = pytestconfig.stash[redis_key]
    return Reader(api, request.param(api), lambda: redis and redis.cli("FLUSHDB"))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


def rows_read(statement: str, table: str) -> int:
    """How many rows of the table PostgreSQL touches for a statement, by an index."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        told = cursor.fetchone()[0]
    [plan] = json.loads(told) if isinstance(told, str) else told
    found = [node for node in nodes(plan["Plan"]) if node.get("Relation Name")]
    # A table of a handful of rows is read whole, and should be: of roles there are four.
    scanned = [node for node in found if node["Node Type"] == "Seq Scan"]
    assert all(node["Actual Rows"] <= 10 for node in scanned), scanned
    return sum(
        node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        for node in found
        if node["Relation Name"] == table
    )


def test_a_page_costs_the_same_wherever_it_is_and_however_long_the_list(reader, figure):
    reader.listed.add(SHORT)
    few = [cursor for cursor, _, _ in reader.walk(limit=4)]
    short = {len(reader.statements(cursor, limit=4)) for cursor in few}
    reader.listed.add(LONG - SHORT)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    walked = list(reader.walk(limit=PAGE))
    ids = [json.dumps(row.get("user", row)["id"]) for _, rows, _ in walked for row in rows]
    assert len(ids) == len(set(ids)) == LONG + 1
    seconds = [each for _, _, each in walked]
    p95 = quantile(seconds, 0.95) * 1000
    figure(f"{PAGE} of {LONG} rows: p95 {p95:.0f} ms over {len(seconds)} requests")

    cursors = [walked[number][0] for number in (0, len(walked) // 2, -1)]
    asked = [reader.statements(cursor, limit=PAGE) for cursor in cursors]
    assert {len(statements) for statements in asked} == short, asked
    assert len(short) == 1
    if connection.vendor == "postgresql":
        for statements in asked:
            [listing] = [sql for sql in statements if f'FROM "{reader.listed.table}"' in sql][-1:]
            # The planner may walk past somebody else's newer rows, and never through the list.
            assert rows_read(listing, reader.listed.table) <= PAGE + 1 + LONG // 10
