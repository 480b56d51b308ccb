"""``manage.py seed_load``: the people of a load are people like others."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from accounts.models import Membership, Organization, Session, User
from accounts.services.tokens import get_jwt_service
from audit.models import AuditRow
from audit.services import personal
from tests.api import Api
from tests.factories import UserFactory
from tests.growth.loads import PASSWORD, load

ME = "/api/v1/me"


def bearer(session: Session) -> str:
    return str(get_jwt_service().issue(session, now=timezone.now()))


@pytest.mark.parametrize("place", [0, 77, -1])
def test_everybody_of_a_load_can_sign_in(api, place):
    load(people=120)
    person = User.objects.order_by("pk")[place % 120]
    answer = api.post("/api/v1/auth/login", {"email": person.email, "password": PASSWORD})
    assert answer.status_code == 200, answer.content
    assert api.get(ME, token=answer.json()["access"]).json()["email"] == person.email


def test_everybody_has_one_session_that_goes_on_and_others_that_do_not(api):
    load(people=40, sessions=120)
    assert Session.objects.filter(ended_at=None).values("user").distinct().count() == 40
    live = Session.objects.filter(ended_at=None).first()
    ended = Session.objects.exclude(ended_at=None).first()
    assert api.get(ME, token=bearer(live)).status_code == 200
    assert api.get(ME, token=bearer(ended)).status_code == 401
    listed = api.get("/api/v1/sessions", token=bearer(live)).json()["results"]
    assert [row["id"] for row in listed] == [str(live.pk)]


def test_a_tenth_of_the_people_is_in_one_organization_and_everybody_in_some(api):
    load(people=700)
    assert Membership.objects.count() == 700
    big = Organization.objects.order_by("pk").first()
    assert big.memberships.count() == 70
    owner = big.memberships.get(role__name="owner").user
    path = f"/api/v1/organizations/{big.pk}"
    token = bearer(owner.sessions.get(ended_at=None))
    assert len(api.get(f"{path}/members?limit=100", token=token).json()["results"]) == 70
    assert api.get(f"{path}/audit", token=token).json()["results"]
    assert all(each.memberships.exists() for each in Organization.objects.all())


def test_its_trail_verifies_and_goes_on(api):
    load(people=60, trail=700)
    person = User.objects.first()
    api.post("/api/v1/auth/login", {"email": person.email, "password": PASSWORD})
    told = verified()
    assert "system" in told
    assert AuditRow.objects.filter(sealed_hash=None).count() >= 1
    row = AuditRow.objects.exclude(organization_id=None).first()
    assert personal.opened([row])[row.pk].address.startswith("198.51.100.")


def verified() -> str:
    out = io.StringIO()
    call_command("verify_audit", stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_a_second_load_stands_beside_the_first():
    load(people=30, trail=100)
    with pytest.raises(CommandError, match="--add"):
        load(people=30)
    load(people=30, trail=100, add=True)
    assert User.objects.count() == 60
    verified()


def test_a_database_with_people_and_a_deployment_that_is_known_by_a_name_are_left_alone(settings):
    UserFactory()
    with pytest.raises(CommandError, match="--add"):
        load(people=1)
    settings.PUBLIC_URL = "https://id.example.org"
    with pytest.raises(CommandError, match="--yes"):
        load(people=1, add=True)
    assert User.objects.count() == 1


def test_the_password_is_drawn_and_told(api: Api):
    out = io.StringIO()
    call_command("seed_load", people=2, sessions=2, trail=0, stdout=out)
    word: Any = out.getvalue().split("password ")[1].split()[0]
    email = User.objects.first().email
    assert api.post("/api/v1/auth/login", {"email": email, "password": word}).status_code == 200
