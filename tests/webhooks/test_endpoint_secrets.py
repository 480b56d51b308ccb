"""A rotated secret signs beside the new one for a day, and then no more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.accounts.organizations import Club
from tests.webhooks.club_endpoints import ClubEndpoint
from webhooks.services import endpoint_secrets

pytestmark = pytest.mark.usefixtures("transactional_db", "signing_key")


def rotated(receiver: ClubEndpoint) -> str:
    answer = receiver.send("POST", "/rotate-secret")
    assert answer.status_code == 200, answer.content
    return str(answer.json()["secret"])


def test_the_former_secret_signs_for_a_day(api):
    receiver = ClubEndpoint(Club(api))
    second = rotated(receiver)
    now = timezone.now()
    day = timedelta(days=1)
    assert endpoint_secrets.in_force(receiver.row, now=now) == [second, receiver.secret]
    assert endpoint_secrets.in_force(receiver.row, now=now + day) == [second]
    until = receiver.send("GET").json()["former_ends_at"]
    assert abs(receiver.row.former_until - now - day) < timedelta(minutes=5)
    assert until[:16] == f"{receiver.row.former_until:%Y-%m-%dT%H:%M}"


def test_a_second_rotation_ends_the_oldest(api):
    receiver = ClubEndpoint(Club(api))
    second, third = rotated(receiver), rotated(receiver)
    in_force = endpoint_secrets.in_force(receiver.row, now=timezone.now())
    assert in_force == [third, second]


def test_two_secrets_are_never_alike(api):
    club = Club(api)
    assert ClubEndpoint(club).secret != ClubEndpoint(club).secret
