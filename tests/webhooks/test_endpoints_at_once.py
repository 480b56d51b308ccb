"""Many who make or rotate at the same moment: no limit is passed, no secret is lost."""

from __future__ import annotations

import pytest
from django.utils import timezone

from audit.models import AuditRow
from tests.accounts.organizations import Club
from tests.api import Api
from tests.races import at_once
from tests.webhooks.club_endpoints import URL, ClubEndpoint
from webhooks.models import Endpoint, Position
from webhooks.services import endpoint_rows, endpoint_secrets

pytestmark = pytest.mark.usefixtures("transactional_db", "signing_key")
TIMES = 20


def statuses(club: Club, path: str, body=None):
    def ask(_number: int):
        return Api().post(f"{club.path}{path}", body, token=club.owner.access)

    return at_once(ask, times=TIMES)


def test_an_organization_has_twenty_endpoints_at_most_whoever_makes_them_at_once(api):
    club = Club(api)
    for _ in range(endpoint_rows.MOST - 3):
        ClubEndpoint(club)
    answers = statuses(club, "/webhooks", {"url": URL, "events": ["*"]})
    made = [answer for answer in answers if answer.status_code == 201]
    assert len(made) == 3, [answer.content for answer in answers]
    assert {answer.status_code for answer in answers} == {201, 409}
    assert Endpoint.objects.count() == Position.objects.count() == endpoint_rows.MOST
    assert AuditRow.objects.filter(action="endpoint.created", outcome="refused").count() == 17


def test_of_those_who_rotate_a_secret_at_once_none_ends_one_that_was_not_seen(api):
    club = Club(api)
    receiver = ClubEndpoint(club)
    answers = statuses(club, f"/webhooks/{receiver.id}/rotate-secret")
    assert {answer.status_code for answer in answers} <= {200, 409}
    won = {answer.json()["secret"] for answer in answers if answer.status_code == 200}
    lost = [answer.json()["error"] for answer in answers if answer.status_code == 409]
    assert set(lost) <= {"ENDPOINT_CHANGED"}
    rotated = AuditRow.objects.filter(action="endpoint.secret_rotated", outcome="success")
    assert rotated.count() == len(won) >= 1
    present, former = endpoint_secrets.in_force(receiver.row, now=timezone.now())
    assert present in won
    assert former in won | {receiver.secret}
