"""Whatever becomes of who writes a file of the trail, it is whole or nobody sees it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditRow, TrailExport, TrailExportPart, Truncation
from audit.services import trail_exports
from plinto.kernel.exceptions import NotFoundError
from resilience.worker import Shift, run_until_idle
from tests.accounts.files_of_trails import asked, read, verified
from tests.accounts.organizations import Club
from tests.accounts.readers import happened
from tests.audit.sealed import seal_all

LATER = timedelta(minutes=2)


class Killed(BaseException):
    """A worker that is killed catches nothing."""


@pytest.fixture
def club(api) -> Club:
    """An organization whose trail fills several parts."""
    club = Club(api)
    for number in range(8):
        happened(club, request_id=f"{number}", personal={"agent": f"{number}" * 150_000})
    return club


@pytest.fixture
def where(club) -> str:
    """Where the file will be that is waited for."""
    found = asked(club)
    seal_all()
    return found


def work(clock=timezone.now, is_ending=lambda: False):
    run_until_idle([trail_exports.QUEUE], shift=Shift(clock=clock, is_ending=is_ending))


def after_parts(parts, act):
    """Something that happens once, when as many parts are kept, seen from a worker's clock."""
    pending = [act]

    def clock():
        if pending and TrailExportPart.objects.count() >= parts:
            pending.pop()()
        return timezone.now()

    return clock


def killed():
    raise Killed


def rows_in(content):
    outcome = verified(content)
    assert outcome.finding is None
    return outcome.walk.rows


def test_a_worker_that_is_killed_leaves_nothing_to_see_and_the_next_begins_anew(club, where):
    with pytest.raises(Killed):
        work(after_parts(2, killed))
    left = TrailExportPart.objects.count()
    seen = club.as_(club.owner, "GET", where).status_code

    work()  # before the lease is over
    still = club.as_(club.owner, "GET", where).status_code
    work(lambda: timezone.now() + LATER)

    assert (left, seen, still) == (2, 202, 202)
    assert rows_in(read(club, where)) == 10


def test_of_two_workers_the_one_that_outlived_its_lease_adds_nothing(club, where):
    work(after_parts(2, lambda: work(lambda: timezone.now() + LATER)))

    parts = list(TrailExportPart.objects.order_by("number").values_list("number", flat=True))
    assert parts == list(range(1, len(parts) + 1))
    assert rows_in(read(club, where)) == 10
    assert TrailExport.objects.get().attempts == 2


def test_a_worker_that_is_asked_to_stop_hands_the_export_back_at_once(club, where):
    stop = []
    work(after_parts(1, lambda: stop.append(True)), is_ending=lambda: bool(stop))
    waiting = TrailExport.objects.get()
    work()
    assert (waiting.state, waiting.lease, waiting.attempts) == ("due", None, 0)
    assert rows_in(read(club, where)) == 10


def test_a_file_that_rows_were_removed_from_while_it_was_written_is_written_anew(club, where):
    last = AuditRow.objects.filter(organization_id=club.id).order_by("sequence").first()

    def cut():
        Truncation.objects.create(
            chain=club.id,
            through=last.sequence,
            through_hash=last.sealed_hash,
            checkpoint=1,
            checkpoint_digest=bytes(32),
            cut_at=timezone.now(),
            kid="x",
            signature=bytes(64),
        )

    work(after_parts(1, cut))

    waiting = TrailExport.objects.get()
    assert (waiting.state, waiting.last_error) == (
        "due",
        "rows were removed while they were written",
    )
    assert club.as_(club.owner, "GET", where).status_code == 202


def test_an_export_that_cannot_be_written_is_given_up_after_a_day(club, where):
    TrailExport.objects.update(format="xml", requested_at=timezone.now() - timedelta(days=2))
    work()
    assert TrailExport.objects.get().state == "abandoned"
    assert club.as_(club.owner, "GET", where).status_code == 404
    assert trail_exports.trim(now=timezone.now() + timedelta(days=8)) == 1


def test_every_part_is_sealed_and_smaller_than_a_mebibyte(club, where):
    work()
    parts = [bytes(part.sealed) for part in TrailExportPart.objects.all()]
    assert len(parts) > 2
    assert max(map(len, parts)) <= 1024 * 1024
    assert not any(b"organization" in part for part in parts)


def test_a_file_that_goes_while_it_is_read_breaks_off(club, where):
    work()
    answer = club.as_(club.owner, "GET", where)
    pieces = iter(answer.streaming_content)
    next(pieces)
    TrailExportPart.objects.all().delete()
    with pytest.raises(NotFoundError):
        list(pieces)
