"""The trail of an organization, carried away as a file by who may read it."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.services import erasures
from audit import chain
from audit.models import AuditRow, TrailExport, TrailExportPart
from audit.records import SealedRow, Selection, SignedCheckpoint
from audit.services import retention, trail_exports
from tests.accounts.files_of_trails import asked, read, records, verified, work, written
from tests.accounts.key_holders import made
from tests.accounts.organizations import Club
from tests.accounts.readers import happened
from tests.audit.rows import NOON
from tests.audit.sealed import seal_all
from tests.races import at_once


@pytest.fixture
def club(api) -> Club:
    return Club(api)


def test_a_file_is_asked_for_written_and_taken_as_often_as_wanted(club):
    happened(club, request_id="told")
    seal_all()
    where = asked(club)
    pending = club.as_(club.owner, "GET", where)
    seal_all()
    work()

    first, again = read(club, where), read(club, where)

    assert (pending.status_code, pending.json()["status"]) == (202, "pending")
    assert pending.headers["Retry-After"]
    assert first == again
    assert b'"request_id":"told"' in first
    told = AuditRow.objects.filter(organization_id=club.id, target_kind="trail_export")
    assert list(told.order_by("pk").values_list("action", flat=True)) == [
        "trail_export.requested",
        "trail_export.taken",
        "trail_export.taken",
    ]


def test_json_lines_verify_without_the_database_and_open_what_is_personal_beside(club):
    for _ in range(6):
        club.as_(club.owner, "PATCH", "", {"name": f"Engines {_}"})

    content = read(club, written(club))

    outcome = verified(content)
    rows = [each for each in records(content) if isinstance(each, SealedRow)]
    assert (outcome.finding, outcome.walk.rows) == (None, 8)
    assert {row.told["actor_label"] for row in rows} == {club.owner.user.email}
    assert club.owner.user.email not in str([row.link.said for row in rows])


def test_a_file_in_which_a_row_was_changed_does_not_verify(club):
    content = read(club, written(club))
    forged = content.replace(b"organization.created", b"organization.deleted")
    assert verified(forged).finding.fault.name == "ROW_CHANGED"


def test_the_command_verifies_what_was_taken_and_names_the_row_that_was_changed(
    api, club, tmp_path, capsys
):
    happened(club, action="role.created")
    content = read(club, written(club))
    file, keys = tmp_path / "trail.jsonl", tmp_path / "keys.json"
    keys.write_bytes(api.get("/.well-known/audit-jwks.json").content)

    file.write_bytes(content)
    call_command("verify_audit", file=file, keys=keys)
    assert capsys.readouterr().err == ""
    file.write_bytes(content.replace(b"role.created", b"role.deleted"))
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit", file=file, keys=keys)

    assert ended.value.code == 1
    assert "Row 2 was changed" in capsys.readouterr().err


def test_a_file_of_a_trail_whose_old_rows_were_removed_verifies(club, settings):
    happened(club, at=timezone.now() - timedelta(days=40), request_id="old")
    seal_all()
    settings.AUDIT_RETENTION_DAYS = 1
    retention.truncate_due(NOON + timedelta(days=2))
    happened(club, request_id="young")

    content = read(club, written(club))

    assert verified(content).finding is None
    assert b'"old"' not in content
    assert b'"statement":"cut"' in content
    assert b'"young"' in content


def test_with_a_filter_the_file_says_so_and_every_row_brings_its_own_proof(club):
    for number in range(11):
        happened(club, action="role.created" if number % 3 else "role.deleted")

    content = read(club, written(club, action="role.deleted"))

    told = records(content)
    rows = [each for each in told if isinstance(each, SealedRow)]
    checkpoints = [each.statement for each in told if isinstance(each, SignedCheckpoint)]
    assert [each.filters for each in told if isinstance(each, Selection)] == [
        {"action": "role.deleted"}
    ]
    assert {row.link.said["action"] for row in rows} == {"role.deleted"}
    assert len(rows) == 4
    assert all(any(proves(each, row) for each in checkpoints) for row in rows)
    assert verified(content).finding is None


def proves(statement, row):
    return chain.is_included(
        row.sealed_hash,
        index=row.link.sequence - statement.first,
        size=statement.last - statement.first + 1,
        way=row.way,
        top=statement.merkle_root,
    )


@pytest.mark.parametrize("agent", ["=1+1", "@SUM(A1)", "\uff1d1", " -1"])
def test_a_table_has_a_line_for_each_row_and_no_cell_that_is_a_formula(club, agent):
    happened(club, action="role.created", personal={"agent": agent, "actor_label": "x"})

    table = list(csv.DictReader(io.StringIO(read(club, written(club, format="csv")).decode())))

    assert [row["action"] for row in table] == [
        "organization.created",
        "role.created",
        "trail_export.requested",
    ]
    assert table[1]["agent"] == f"'{agent}"
    assert table[0]["actor_label"] == club.owner.user.email
    assert [row["sequence"] for row in table] == ["1", "2", "3"]


def test_nothing_is_written_before_all_that_came_before_is_signed_unless_that_takes_long(club):
    where = asked(club)
    work()
    assert club.as_(club.owner, "GET", where).status_code == 202
    TrailExport.objects.update(requested_at=timezone.now() - timedelta(minutes=11))
    work()
    assert records(read(club, where)) == []


def test_who_may_read_the_trail_may_take_a_file_and_nobody_else(api, club):
    auditor = club.joined("admin")
    where = written(club, by=auditor)
    stranger = made(Club(api), "audit:read")
    path = f"{club.path}{where}"
    key = made(club, "audit:read").text

    assert read(club, where, by=club.owner) == read(club, where, by=auditor)
    assert api.get(path, token=key).status_code == 200
    assert api.get(path, token=made(club, "members:read").text).status_code == 403
    assert api.get(path, token=stranger.text).status_code == 404
    assert api.get(f"{stranger.club.path}{where}", token=stranger.text).status_code == 404
    assert club.as_(club.joined(), "GET", where).status_code == 403
    club.remove(club.owner, auditor)
    assert club.as_(auditor, "GET", where).status_code == 404


def test_a_key_asks_too_and_the_trail_names_it(api, club):
    key = made(club, "audit:read")
    answer = api.post(f"{club.path}/audit/export", {"format": "csv"}, token=key.text)
    assert answer.status_code == 202
    row = AuditRow.objects.get(action="trail_export.requested")
    assert (row.actor_kind, row.actor_id) == ("api_key", key.id)
    assert row.changes == {"format": [None, "csv"]}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"format": "xml"},
        {"format": ["csv"]},
        {"format": "csv", "action": ["role.created"]},
        {"format": "csv", "actor": {"id": "x"}},
        {"format": "csv", "actr": "x"},
        {"format": "csv", "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_a_wish_that_makes_no_sense_is_refused(club, body):
    answer = club.as_(club.owner, "POST", "/audit/export", body)
    assert (answer.status_code, answer.json()["error"]) == (422, "VALIDATION_ERROR")


def test_who_asks_again_joins_and_who_asks_for_another_waits(club):
    where = asked(club)
    assert asked(club) == where
    other = club.as_(club.owner, "POST", "/audit/export", {"format": "csv"})
    assert (other.status_code, other.json()["error"]) == (409, "TRAIL_EXPORT_WAITING")
    assert asked(club, by=club.joined("admin")) != where


def test_eight_who_ask_at_once_get_one_file(club):
    body = {"format": "csv"}
    answers = at_once(lambda _: club.as_(club.owner, "POST", "/audit/export", body), times=8)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_an_organization_asks_for_ten_files_a_day(api, club):
    for _ in range(10):
        written(club)
    answer = club.as_(club.joined("admin"), "POST", "/audit/export", {"format": "csv"})
    assert (answer.status_code, answer.json()["error"]) == (429, "TOO_MANY_ATTEMPTS")
    assert int(answer.headers["Retry-After"]) > 86_000
    asked(Club(api))
    TrailExport.objects.update(requested_at=timezone.now() - timedelta(days=1))
    asked(club)


def test_a_file_expires_after_seven_days_and_is_trimmed(club):
    where = written(club)
    soon = timezone.now() + timedelta(days=6, hours=23)
    assert trail_exports.trim(now=soon) == 0
    TrailExport.objects.update(expires_at=timezone.now())
    assert club.as_(club.owner, "GET", where).status_code == 404
    assert trail_exports.trim(now=timezone.now() + timedelta(seconds=1)) == 2
    assert not TrailExportPart.objects.exists()


def test_when_somebody_is_erased_no_file_names_them_any_more(api, club):
    leaving, elsewhere = club.joined("admin"), Club(api)
    club.as_(leaving, "PATCH", "", {"name": "Renamed"})
    kept, void, waiting = written(elsewhere), written(club), asked(club)
    leaving.user.erase_at = timezone.now()
    leaving.user.save()

    erasures.erase_due(timezone.now())

    assert read(elsewhere, kept)
    assert club.as_(club.owner, "GET", void).status_code == 404
    seal_all()
    work()
    content = read(club, waiting)
    assert leaving.user.email.encode() not in content
    assert str(leaving.user.pk).encode() in content
    assert verified(content).finding is None


def test_who_asked_and_is_erased_leaves_no_file(club):
    leaving = club.joined("admin")
    asked(club, by=leaving)
    leaving.user.erase_at = timezone.now()
    leaving.user.save()
    erasures.erase_due(timezone.now())
    assert not TrailExport.objects.exists()
