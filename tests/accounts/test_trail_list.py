"""What happened in an organization, told to who may read it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.services import erasures, sessions
from audit.events import Event
from audit.services.record import get_audit_service
from plinto.kernel.origin import SYSTEM as NOWHERE
from tests.accounts.key_holders import made
from tests.accounts.organizations import Club
from tests.accounts.people import signed_in
from tests.accounts.readers import actions, happened, trail
from tests.factories import UserFactory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def club(api) -> Club:
    return Club(api)


def test_a_row_tells_who_did_what_to_what_from_where(club):
    club.as_(club.owner, "PATCH", "", {"name": "Difference Engines"})

    [row] = trail(club, action="organization.updated")["results"]

    assert row["actor"] == {
        "kind": "user",
        "id": str(club.owner.user.pk),
        "label": club.owner.user.email,
    }
    assert (row["target"]["kind"], row["target"]["id"]) == ("organization", str(club.id))
    assert row["changes"]["name"] == ["Analytical Engines", "Difference Engines"]
    assert (row["address"], row["outcome"], row["sealed"]) == ("127.0.0.1", "success", None)
    assert row["session_id"] == club.owner.session_id


def test_a_trail_is_read_newest_first_page_by_page(club):
    for number in range(6):
        happened(club, request_id=f"request-{number}")
    first = trail(club, limit=4)
    rest = trail(club, limit=4, cursor=first["next"])
    ids = [row["id"] for row in [*first["results"], *rest["results"]]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == len(set(ids)) == 7
    assert rest["next"] is None


def test_no_row_of_another_organization_or_of_none_is_shown(api, club):
    other = Club(api)
    happened(other, actor_id=str(club.owner.user.pk))
    assert actions(club) == ["organization.created"]
    assert set(actions(other)) == {"organization.created", "user.registered"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"action": "role.created"}, "ba"),
        ({"actor": "somebody"}, "cb"),
        ({"target": "something"}, "c"),
        ({"outcome": "refused"}, "d"),
        ({"action": "role.created", "actor": "somebody"}, "b"),
        ({"from_": "2026-03-01T12:00:00Z", "to": "2026-03-01T12:00:02Z"}, "ba"),
        ({"from_": "2026-03-01T13:00:02+01:00", "to": "2026-03-02T00:00:00Z"}, "dc"),
    ],
    ids=str,
)
def test_rows_are_chosen_by_each_filter_and_by_several_at_once(club, query, found):
    happened(club, at=NOON, action="role.created", request_id="a")
    second = {"action": "role.created", "actor_id": "somebody"}
    happened(club, at=NOON + timedelta(seconds=1), request_id="b", **second)
    third = {"target_id": "something", "actor_id": "somebody"}
    happened(club, at=NOON + timedelta(seconds=2), request_id="c", **third)
    last = {"outcome": "refused", "reason": "no"}
    happened(club, at=NOON + timedelta(seconds=3), request_id="d", **last)
    assert [row["request_id"] for row in trail(club, **query)["results"]] == list(found)


def test_an_act_that_began_in_a_period_is_in_it_though_it_was_written_after(club):
    happened(club, at=NOON + timedelta(minutes=1))
    slow = happened(club, at=NOON + timedelta(minutes=1), occurred_at=NOON)
    found = trail(club, from_=NOON.isoformat(), to=(NOON + timedelta(seconds=1)).isoformat())
    assert [row["id"] for row in found["results"]] == [str(slow.pk)]


@pytest.mark.parametrize(
    "query",
    [
        *("action=organization.renamed", "action=", "outcome=maybe", "actor=", "actor=a%20b"),
        *(f"actor={'x' * 65}", "target=ada%40example.com", "target=%00", "from=yesterday"),
        *("to=2026-13-01T00:00:00Z", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"),
        *("limit=0", "limit=101", "cursor=x", "action=role.created&action=role.deleted"),
        *("actr=x", "from=0001-01-01T00:00:00%2B14:00", "organization_id=x"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(club, query):
    answer = club.as_(club.owner, "GET", f"/audit?{query}")
    assert (answer.status_code, answer.json()["error"]) == (422, "VALIDATION_ERROR")
    assert list(answer.json()["details"]["fields"])


@pytest.mark.parametrize("query", ["from=0001-01-01T00:00:00Z", "to=9999-12-31T23:59:59Z"])
def test_a_period_may_begin_and_end_as_early_and_late_as_there_are_times(club, query):
    assert club.as_(club.owner, "GET", f"/audit?{query}").status_code == 200


def test_who_lacks_the_permission_or_the_scope_reads_nothing(api, club):
    other = made(Club(api), "audit:read")
    told = {
        who: api.get(f"{club.path}/audit", token=token).status_code
        for who, token in {
            "auditor": club.holding("audit:read").access,
            "writer": club.holding("audit:write").access,
            "member": club.joined().access,
            "stranger": signed_in(api).access,
            "nobody": None,
            "key": made(club, "audit:read").text,
            "another key": made(club, "members:read").text,
            "a key of another organization": other.text,
        }.items()
    }
    assert told == {
        "auditor": 200,
        "writer": 403,
        "member": 403,
        "stranger": 404,
        "nobody": 401,
        "key": 200,
        "another key": 403,
        "a key of another organization": 404,
    }


def test_who_was_removed_or_demoted_reads_no_more(club):
    auditor = club.joined("admin")
    assert club.as_(auditor, "GET", "/audit").status_code == 200
    club.promote(club.owner, auditor, "member")
    assert club.as_(auditor, "GET", "/audit").status_code == 403
    club.remove(club.owner, auditor)
    assert club.as_(auditor, "GET", "/audit").status_code == 404


def test_after_an_erasure_the_row_stays_and_tells_of_nobody(club):
    leaving = club.joined("admin")
    club.as_(leaving, "PATCH", "", {"name": "Renamed"})
    [before] = trail(club, actor=str(leaving.user.pk))["results"]
    leaving.user.erase_at = timezone.now()
    leaving.user.save()

    assert erasures.erase_due(timezone.now()) == 1

    [after] = trail(club, actor=str(leaving.user.pk))["results"]
    assert before["actor"]["label"] == leaving.user.email
    assert (after["actor"]["label"], after["address"], after["agent"]) == ("", "", "")
    assert (after["id"], after["actor"]["id"]) == (before["id"], before["actor"]["id"])


def acts(club, many):
    """As many acts, each of somebody else upon somebody else."""
    for _ in range(many):
        person = UserFactory()
        with transaction.atomic():
            get_audit_service().record(
                Event.MEMBER_REMOVED,
                actor=sessions.actor_of(person),
                target=sessions.target_of(person),
                origin=NOWHERE,
                organization_id=club.id,
            )


def test_fifty_rows_cost_as_many_statements_as_five(club):
    counts = []
    for many in (5, 45):
        acts(club, many)
        trail(club, limit=100)
        with CaptureQueriesContext(connection) as captured:
            assert len(trail(club, limit=100)["results"]) > many
        # Whether Redis knew the session in time is not what is counted here.
        told = ('FROM "audit_row"', '"trail_key" FROM')
        counts.append(sum(any(name in each["sql"] for name in told) for each in captured))
    assert counts == [2, 2]
