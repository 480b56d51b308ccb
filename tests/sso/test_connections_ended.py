"""What ends with a connection that is turned off or deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Session
from audit.models import AuditRow
from plinto.kernel.ids import uuid7
from sso.models import Connection, ConsumedAssertion, SignIn
from tests.accounts.people import Person, signed_in
from tests.sso.club_connections import ClubConnection


def come_by(made: ClubConnection) -> Person:
    """Somebody whose session came by the connection."""
    person = signed_in(made.club.api)
    Session.objects.filter(pk=person.session_id).update(connection_id=made.row.pk)
    return person


def end(made: ClubConnection, act: str) -> int:
    answer = made.change(enabled=False) if act == "disable" else made.send("DELETE")
    return answer.status_code


@pytest.mark.parametrize("act", ["disable", "delete"])
def test_who_came_by_a_connection_is_signed_out_with_it_and_others_are_not(api, club, act):
    made, other = ClubConnection(club), ClubConnection(club, "oidc")
    person, another = come_by(made), come_by(other)
    assert end(made, act) in {200, 204}
    refused = api.get("/api/v1/me", token=person.access)
    assert (refused.status_code, refused.json()["error"]) == (401, "SESSION_ENDED")
    assert api.get("/api/v1/me", token=another.access).status_code == 200
    assert made.club.as_(club.owner, "GET").status_code == 200
    row = AuditRow.objects.get(action="session.ended")
    assert (row.session_id, row.actor_id) == (_key(person), str(club.owner.user.pk))


def test_what_is_under_way_at_a_connection_leads_nowhere_once_it_is_off(club):
    made, now = ClubConnection(club), timezone.now()
    SignIn.objects.create(
        connection=made.row,
        redirect_uri="https://app.example.com/",
        created_at=now,
        expires_at=now + timedelta(minutes=9),
    )
    made.change(enabled=False)
    assert SignIn.objects.get().expires_at <= timezone.now()


def test_a_connection_goes_with_all_that_hangs_on_it_however_much(club):
    made, now = ClubConnection(club), timezone.now()
    row = made.row
    ConsumedAssertion.objects.bulk_create(
        ConsumedAssertion(connection=row, digest=uuid7().bytes * 2, expires_at=now)
        for _ in range(2_500)
    )
    assert made.send("DELETE").status_code == 204
    assert not Connection.objects.exists()
    assert not ConsumedAssertion.objects.exists()


def _key(person: Person) -> object:
    return Session.objects.get(pk=person.session_id).pk
