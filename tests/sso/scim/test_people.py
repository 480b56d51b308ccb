"""What becomes of people when an identity provider describes them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.hashers import is_password_usable
from django.utils import timezone

from accounts.models import Membership, User
from accounts.services import administration
from audit.models import AuditRow
from plinto.kernel.origin import SYSTEM as NOWHERE
from sso.models import ScimUser
from tests.accounts.comers import entered
from tests.accounts.key_holders import made
from tests.accounts.organizations import Club
from tests.accounts.people import Person
from tests.api import Api
from tests.audit.rows import told
from tests.factories import AdministratorFactory, UserFactory
from tests.sso.scim.provider import Provider, proved

ADA = "Ada@engines.example"


@pytest.fixture
def provider(club) -> Provider:
    """The provider of a club that has proved engines.example."""
    proved(club, "engines.example")
    return Provider(club)


def ada(**fields: Any) -> Person:
    """Somebody with an account in the proved domain, signed in."""
    return entered(UserFactory(email=ADA, **fields))


def role_of(club: Club, user: User) -> str:
    found = Membership.objects.filter(organization_id=club.id, user=user).first()
    return found.role.name if found else ""


def answers(person: Person) -> int:
    return Api().get("/api/v1/me", token=person.access).status_code


def test_somebody_new_in_a_proved_domain_gets_an_account_and_a_place(club, provider):
    provider.user(ADA, name={"givenName": "Ada", "familyName": "Lovelace"})

    user = User.objects.get(email_key="ada@engines.example")
    assert (user.name, user.email_verified_at is not None) == ("Ada Lovelace", True)
    assert not is_password_usable(user.password)
    assert role_of(club, user) == "member"
    actions = set(AuditRow.objects.filter(actor_kind="scim_token").values_list("action", flat=True))
    assert actions == {"scim_user.created", "user.created", "member.joined"}


def test_somebody_who_has_an_account_there_is_linked_and_keeps_it(club, provider):
    person = ada(name="Ada")
    provider.user("whatever", emails=[{"value": ADA.lower(), "type": "work"}], displayName="X")

    row = ScimUser.objects.get()
    assert (row.user, role_of(club, person.user)) == (person.user, "member")
    assert User.objects.get(pk=person.user.pk).name == "Ada"
    assert answers(person) == 200


def test_an_account_that_never_proved_its_address_is_not_linked(club, provider):
    squatter = UserFactory(email=ADA, email_verified_at=None)
    provider.user(ADA)

    assert ScimUser.objects.get().user is None
    assert role_of(club, squatter) == ""


@pytest.mark.parametrize("is_proved_elsewhere", [True, False])
def test_outside_the_proved_domains_nobody_is_made_linked_or_touched(
    api, club, is_proved_elsewhere
):
    if is_proved_elsewhere:
        proved(Club(api), "engines.example")
    person, provider = ada(), Provider(club)
    someone = provider.user(ADA, active=True)
    provider.user("new@engines.example")
    provider.switch(someone, active=False)
    provider.send("DELETE", f"/Users/{someone['id']}")

    assert answers(person) == 200
    assert role_of(club, person.user) == ""
    assert not User.objects.filter(email_key="new@engines.example").exists()


def test_a_domain_that_is_proved_later_links_at_the_next_change(club):
    person, provider = ada(), Provider(club)
    someone = provider.user(ADA)
    proved(club, "engines.example")
    provider.patch("Users", someone, {"op": "add", "path": "title", "value": "Countess"})

    assert ScimUser.objects.get().user == person.user
    assert role_of(club, person.user) == "member"


def test_whoever_is_switched_off_is_out_everywhere_and_comes_back_when_switched_on(club, provider):
    person = ada()
    key = made(club, "members:read", by=club.owner)
    someone = provider.user(ADA)
    assert answers(person) == 200
    assert provider.switch(someone, active=False).json()["active"] is False

    user = User.objects.get(pk=person.user.pk)
    assert (answers(person), user.is_active, user.switched_off_by) == (401, False, club.id)
    assert key.ask("members").status_code != 401
    [row] = AuditRow.objects.filter(action="user.deactivated")
    assert (row.actor_kind, row.actor_id, told(row).target_label) == (
        *("scim_token", str(club.id)),
        person.user.email,
    )
    assert provider.switch(someone, active=True).json()["active"] is True
    user.refresh_from_db()
    assert (user.is_active, user.switched_off_by) == (True, None)
    assert answers(person) == 401
    assert role_of(club, user) == "member"


def test_what_staff_switched_off_stays_off(provider):
    person = ada()
    someone = provider.user(ADA)
    provider.switch(someone, active=False)
    by = AdministratorFactory()
    assert administration.deactivate(person.user.pk, by=by, origin=NOWHERE, now=timezone.now())
    provider.switch(someone, active=True)

    assert not User.objects.get(pk=person.user.pk).is_active


@pytest.mark.parametrize("rights", [{"is_staff": True}, {"is_superuser": True}])
def test_of_staff_a_provider_decides_about_their_place_alone(club, provider, rights):
    person = ada(**rights)
    someone = provider.user(ADA, displayName="Ada")
    emails = [{"value": "other@engines.example", "primary": True}]
    change = {"op": "replace", "value": {"displayName": "Eve", "emails": emails}}
    assert provider.patch("Users", someone, change).status_code == 200
    assert role_of(club, person.user) == "member"
    provider.switch(someone, active=False)

    user = User.objects.get(pk=person.user.pk)
    assert (user.email, user.name, user.is_active) == (person.user.email, person.user.name, True)
    assert (answers(person), role_of(club, user)) == (200, "")


def test_the_last_owner_is_not_switched_off_and_stays(club, provider):
    User.objects.filter(pk=club.owner.user.pk).update(email=ADA, email_key=ADA.lower())
    someone = provider.user(ADA)
    answer = provider.switch(someone, active=False)
    gone = provider.send("DELETE", f"/Users/{someone['id']}")

    assert (answer.status_code, answer.json()["scimType"]) == (409, "mutability")
    assert gone.status_code == 409
    assert answers(club.owner) == 200
    assert provider.get(f"/Users/{someone['id']}").json()["active"] is True
    refused = AuditRow.objects.filter(outcome="refused", organization_id=club.id)
    assert set(refused.values_list("action", "reason")) == {
        ("scim_user.updated", "last owner"),
        ("scim_user.deleted", "last owner"),
    }


def test_a_deleted_user_is_switched_off_and_forgotten(club, provider):
    person = ada()
    someone = provider.user(ADA)
    assert provider.send("DELETE", f"/Users/{someone['id']}").status_code == 204

    assert answers(person) == 401
    assert provider.get(f"/Users/{someone['id']}").status_code == 404
    assert AuditRow.objects.filter(action="scim_user.deleted", target_id=someone["id"]).exists()
    provider.user(ADA)
    assert User.objects.get(pk=person.user.pk).is_active


def test_a_managed_account_moves_to_a_free_address_of_a_proved_domain(club, provider):
    person = ada()
    someone = provider.user(ADA)
    UserFactory(email="taken@engines.example")

    def move(address: str) -> Any:
        value = [{"value": address, "type": "work"}]
        return provider.patch("Users", someone, {"op": "replace", "path": "emails", "value": value})

    assert move("ada@elsewhere.example").json()["scimType"] == "invalidValue"
    assert move("taken@engines.example").json()["scimType"] == "uniqueness"
    assert move("lovelace@engines.example").status_code == 200
    user = User.objects.get(pk=person.user.pk)
    assert user.email == "lovelace@engines.example"
    assert answers(person) == 200
    assert AuditRow.objects.filter(action="email.changed").count() == 1


def test_a_managed_account_takes_the_name_that_is_told(provider):
    person = ada()
    someone = provider.user(ADA, displayName="Ada")
    provider.patch("Users", someone, {"op": "replace", "path": "displayName", "value": "Augusta"})

    assert User.objects.get(pk=person.user.pk).name == "Augusta"


def test_of_somebody_who_moved_away_a_provider_decides_about_their_place_alone(club, provider):
    person = ada()
    someone = provider.user(ADA)
    User.objects.filter(pk=person.user.pk).update(
        email="ada@home.example", email_key="ada@home.example"
    )
    provider.switch(someone, active=False)

    assert (answers(person), role_of(club, person.user)) == (200, "")
    provider.switch(someone, active=True)
    assert role_of(club, person.user) == "member"


def test_the_trail_names_what_changed_and_no_value(provider):
    someone = provider.user("somebody@elsewhere.example")
    change = {"op": "add", "path": "nickName", "value": "secret@elsewhere.example"}
    provider.patch("Users", someone, change)

    rows = AuditRow.objects.filter(action__startswith="scim_user.")
    assert [row.changes for row in rows.order_by("pk")] == [
        {},
        {"attributes": [None, ["nickName"]]},
    ]
    assert "elsewhere" not in repr([(row.changes, row.personal) for row in rows])


def test_a_password_is_taken_and_kept_nowhere(provider):
    someone = provider.user(ADA, password="correct horse battery staple")

    assert "password" not in someone
    assert not is_password_usable(User.objects.get(email_key=ADA.lower()).password)
    assert "horse" not in repr(ScimUser.objects.values())
