"""What is told, and to whom, before the certificates of a provider end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from resilience import health
from sso.models import Connection, Refresh, SAMLSettings
from sso.services import expiry
from tests.races import at_once
from tests.sso.arriving import letters_to
from tests.sso.attacks.signing import key_of
from tests.sso.club_connections import ClubConnection
from tests.sso.publisher import Said


def lasting(club, **spans: float) -> ClubConnection:
    made = ClubConnection(club)
    end = timezone.now() + timedelta(**spans)
    SAMLSettings.objects.filter(connection=made.row).update(certificates_end_at=end)
    return made


def figure(name: str, *labels: str) -> float:
    """One of the figures that a scrape finds in rows."""
    for measure, found in expiry.figures(timezone.now()).items():
        if measure.exported_name == f"plinto_sso_{name}":
            return found[labels]
    raise KeyError(name)


def test_owners_are_written_to_thirty_seven_and_one_day_before_once_each(club):
    lasting(club, days=40)
    now = timezone.now()
    days = (5, 11, 12, 20, 33.5, 34, 38, 39.5, 39.6, 45)
    got = [expiry.tell(now + timedelta(days=each)) for each in days]
    assert got == [0, 1, 0, 0, 1, 0, 0, 1, 0, 0]


def test_the_letter_is_for_owners_and_names_the_connection(club):
    made, admin = lasting(club, days=3), club.joined("admin")
    expiry.tell(timezone.now())
    [letter] = letters_to(club.owner.user.email)
    assert letter.subject == "Sign-in at your organization is about to end"
    assert made.told["name"] in letter.body
    assert letters_to(admin.user.email) == []


def test_new_certificates_are_told_of_anew(club):
    made = ClubConnection(club, metadata_xml=Said(keys=(key_of("old", days=5),)).xml().decode())
    assert expiry.tell(timezone.now()) == 1
    renewed = Said(keys=(key_of("new", days=6),)).xml().decode()
    assert made.send("POST", "/metadata", {"metadata_xml": renewed}).status_code == 200
    assert [expiry.tell(timezone.now()) for _ in range(2)] == [1, 0]


def test_of_two_workers_one_writes(club):
    lasting(club, days=3)
    assert sorted(at_once(lambda _: expiry.tell(timezone.now()), times=2)) == [0, 1]
    assert len(letters_to(club.owner.user.email)) == 1


def test_nobody_hears_of_a_connection_that_is_off(club):
    lasting(club, days=3)
    Connection.objects.update(is_enabled=False)
    assert expiry.tell(timezone.now()) == 0
    assert figure("ending_connections", "7") == 0


def test_a_scrape_counts_what_ends_and_names_no_organization(club):
    for days in (-1, 0.5, 3, 20, 100):
        lasting(club, days=days)
    assert [figure("ending_connections", within) for within in ("0", "1", "7", "30")] == [
        1,
        2,
        3,
        4,
    ]
    row = Connection.objects.latest("pk")
    Refresh.objects.create(connection=row, due_at=timezone.now(), failing_since=timezone.now())
    assert figure("failing_metadata") == 1
    assert figure("service_key_seconds") > timedelta(days=3000).total_seconds()


@pytest.mark.parametrize(("hours", "is_well"), [(23, False), (-1, False), (25, True)])
def test_health_says_a_day_before_and_people_go_on_signing_in(club, api, settings, hours, is_well):
    settings.HEALTH_TOKEN = "monitoring"
    lasting(club, hours=hours)
    health.forget()
    answer = api.get("/health/ready", token="monitoring")
    assert answer.status_code == 200
    found = health.readiness().findings["sso certificates"]
    assert found.is_well == is_well
    health.forget()
