"""Who may give and take rights in the admin site, and that somebody always can."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from accounts.models import User
from accounts.services import administration
from audit.models import AuditRow
from plinto.kernel.exceptions import AuthorizationError
from plinto.kernel.origin import SYSTEM as NOWHERE
from tests.accounts.staff import PEOPLE, act, browser_of, helper, save
from tests.factories import AdministratorFactory, UserFactory
from tests.races import at_once

GROUPS = "/admin/auth/group/"


def rights(user):
    user.refresh_from_db()
    return user.is_active, user.is_staff, user.is_superuser


def refusals():
    return list(AuditRow.objects.filter(action="admin.refused").values_list("reason", flat=True))


def test_a_superuser_gives_rights_and_the_trail_names_them():
    person, group = UserFactory(), Group.objects.create(name="Support")
    view = Permission.objects.get(codename="view_user")
    changed = {"is_staff": "on", "groups": [group.pk], "user_permissions": [view.pk]}
    save(browser_of(), person, **changed)
    assert rights(person) == (True, True, False)
    assert AuditRow.objects.get(action="admin.changed").changes == {
        "is_staff": [False, True],
        "groups": [[], ["Support"]],
        "user_permissions": [[], ["accounts.view_user"]],
    }


def test_staff_cannot_give_rights_by_sending_fields_they_are_not_shown():
    person, member = UserFactory(), helper("change_user", "view_user")
    everything = [str(key) for key in Permission.objects.values_list("pk", flat=True)]
    forged = {"is_staff": "on", "is_superuser": "on", "user_permissions": everything}
    browser = browser_of(member)
    save(browser, person, name="Changed", **forged)
    assert 'name="is_superuser"' not in browser.get(f"{PEOPLE}{person.pk}/change/").content.decode()
    assert rights(person) == (True, False, False)
    assert not person.user_permissions.exists()


def test_the_service_itself_refuses_rights_from_who_is_no_superuser():
    person, member = UserFactory(), helper("change_user")
    with pytest.raises(AuthorizationError):
        administration.change(
            person.pk, wanted={"is_staff": True}, by=member, origin=NOWHERE, now=timezone.now()
        )
    assert rights(person) == (True, False, False)


def test_staff_cannot_give_rights_to_themselves():
    member = helper("change_user", "view_user")
    save(browser_of(member), member, name="Myself", is_superuser="on")
    assert rights(member) == (True, True, False)
    assert member.name == "Myself"


@pytest.mark.parametrize("rank", [{"is_superuser": True, "is_staff": True}, {"is_staff": True}])
def test_staff_cannot_take_a_colleague_over_by_changing_their_address(rank):
    colleague = UserFactory(email="colleague@example.com", **rank)
    answer = save(
        browser_of(helper("change_user", "view_user")), colleague, email="me@evil.example"
    )
    assert answer.status_code == 403
    assert User.objects.filter(pk=colleague.pk, email="colleague@example.com").exists()


@pytest.mark.parametrize("action", ["deactivate", "mail_link", "end_sessions"])
def test_staff_cannot_act_on_superusers(action, letters):
    administrator = AdministratorFactory()
    page = act(browser_of(helper("change_user", "view_user")), action, administrator)
    assert "Only a superuser may change staff." in page
    assert rights(administrator) == (True, True, True)
    assert letters() == []
    assert refusals() == ["target is staff"]


def test_nobody_switches_themselves_off():
    administrator = AdministratorFactory()
    AdministratorFactory()
    page = act(browser_of(administrator), "deactivate", administrator)
    assert "You cannot switch yourself off." in page
    assert rights(administrator) == (True, True, True)


@pytest.mark.parametrize("flag", ["is_staff", "is_superuser"])
def test_nobody_takes_their_own_rights_away(flag):
    administrator = AdministratorFactory()
    AdministratorFactory()
    page = save(browser_of(administrator), administrator, name="Changed", **{flag: None})
    assert "You cannot take your own rights away." in page.content.decode()
    assert rights(administrator) == (True, True, True)
    assert administrator.name != "Changed"
    assert refusals() == ["oneself"]


@pytest.mark.parametrize("_round", range(3))
def test_administrators_who_unmake_each_other_at_once_leave_one(_round):
    people = [AdministratorFactory() for _ in range(4)]
    browsers = [browser_of(person) for person in people]
    at_once(
        lambda number: save(browsers[number], people[number - 1], is_superuser=None, is_staff=None),
        times=4,
    )
    assert User.objects.filter(is_superuser=True, is_staff=True, is_active=True).exists()


def test_administrators_who_switch_each_other_off_at_once_leave_one():
    people = [AdministratorFactory() for _ in range(4)]
    browsers = [browser_of(person) for person in people]
    at_once(lambda number: act(browsers[number], "deactivate", people[number - 1]), times=4)
    assert User.objects.filter(is_superuser=True, is_staff=True, is_active=True).exists()


def test_two_people_cannot_get_one_address_at_once():
    browsers, people = [browser_of() for _ in range(4)], [UserFactory() for _ in range(4)]
    answers = at_once(
        lambda number: save(browsers[number], people[number], email="one@example.com"), times=4
    )
    assert {answer.status_code for answer in answers} == {200}
    assert User.objects.filter(email_key="one@example.com").count() == 1


def test_a_holder_of_the_permission_on_groups_cannot_promote_themselves():
    member = helper("change_group", "view_group", "add_group", "delete_group")
    group = Group.objects.create(name="Support")
    browser = browser_of(member)
    for path in ("", "add/", f"{group.pk}/change/", f"{group.pk}/delete/"):
        assert browser.get(GROUPS + path).status_code == 403


def test_every_change_of_a_group_is_recorded():
    browser, view = browser_of(), Permission.objects.get(codename="view_user")
    browser.post(f"{GROUPS}add/", {"name": "Support", "permissions": [view.pk]})
    group = Group.objects.get()
    browser.post(f"{GROUPS}{group.pk}/change/", {"name": "Support", "permissions": []})
    browser.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"})
    changes = AuditRow.objects.filter(action="admin.changed").order_by("pk")
    held = ["accounts.view_user"]
    assert list(changes.values_list("changes", flat=True)) == [
        {"name": [None, "Support"], "permissions": [None, held]},
        {"permissions": [held, []]},
        {"name": ["Support", None], "permissions": [[], None]},
    ]


def test_a_person_who_does_not_exist_is_not_an_error():
    answer = browser_of().get(f"{PEOPLE}0192f0c0-0000-7000-8000-000000000000/change/", follow=True)
    assert answer.status_code == 200
