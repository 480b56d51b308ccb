"""The first administrator: a command on the server prints a link, and never a password."""

from __future__ import annotations

import re

import pytest
from django.core.management import CommandError, call_command

from accounts.models import PasswordLink, User
from audit.models import AuditRow
from tests.accounts.staff import sign_in
from tests.api import Api
from tests.factories import PASSWORD, AdministratorFactory

ADDRESS = "root@example.com"
THERE_IS_ONE = "There is an administrator already.\n"


@pytest.fixture
def create(capsys):
    def run(email=ADDRESS):
        call_command("create_administrator", email)
        return capsys.readouterr().out

    return run


def choose(printed, password=PASSWORD):
    token = re.search(r"http://localhost:8000/set-password#token=(\S+)\n", printed)[1]
    body = {"token": token, "password": password}
    return Api().post("/api/v1/auth/password/reset/confirm", body).status_code


def test_the_printed_link_sets_the_password_of_an_administrator_once(create):
    printed = create()
    assert "within 30 minutes" in printed
    assert choose(printed) == 204
    assert sign_in(ADDRESS).status_code == 302
    assert choose(printed, "another password altogether") == 401
    assert User.objects.get().is_superuser
    assert [row.action for row in AuditRow.objects.order_by("pk")][:1] == ["administrator.created"]


@pytest.mark.asvs("6.4.1")
def test_there_is_no_initial_password_and_the_link_expires(create):
    printed = create()
    assert not User.objects.get().has_usable_password()
    assert PASSWORD not in printed
    PasswordLink.objects.update(expires_at=PasswordLink.objects.get().created_at)
    assert choose(printed) == 401


def test_until_it_was_used_the_command_prints_another_link(create):
    create()
    assert choose(create()) == 204
    assert User.objects.count() == 1


def test_older_links_die_with_the_choice(create):
    older, newer = create(), create()
    assert choose(newer) == 204
    assert choose(older, "another password altogether") == 401


def test_there_is_one_first_administrator(create):
    create()
    assert create("other@example.com") == THERE_IS_ONE
    choose(create())
    assert create() == THERE_IS_ONE


def test_an_administrator_who_is_switched_off_is_one(create):
    AdministratorFactory(email=ADDRESS, is_active=False, password_changed_at=None)
    assert create() == THERE_IS_ONE
    assert create("other@example.com") == THERE_IS_ONE


def test_what_is_no_address_is_refused(create):
    with pytest.raises(CommandError, match="address"):
        create("root")
    assert not User.objects.exists()
