"""What a password may be, how it is compared, and how pages ask for it."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import User
from tests.accounts.people import signed_in
from tests.accounts.test_pages import PATHS
from tests.api import Api
from tests.factories import PASSWORD, UserFactory

LOGIN = "/api/v1/auth/login"
REGISTER = "/api/v1/auth/register"
LONG = (
    "  Every Letter COUNTS, to the last one of a hundred and twenty-eight  ".ljust(127, "z") + "!"
)
INPUT = re.compile(r"<input[^>]*password[^>]*>", re.IGNORECASE)


@pytest.mark.asvs("6.2.5")
@pytest.mark.parametrize(
    "password",
    ["onlysmalllettershere", "839201746523018", "🐎🔋🧷 пароль из символов", "a b c d e f g h i"],
)
def test_characters_of_any_kind_make_a_password(api, password):
    answer = api.post(REGISTER, {"email": "ada@example.com", "password": password})

    assert answer.status_code == 202, answer.content


@pytest.mark.asvs("6.2.8", "6.2.9")
def test_a_long_password_is_taken_and_compared_to_the_last_character(api):
    ada = signed_in(api)
    change = {"current_password": PASSWORD, "new_password": LONG}
    assert api.post("/api/v1/me/password", change, token=ada.access).status_code == 204

    def knocks(password: str) -> int:
        return Api().post(LOGIN, {"email": ada.user.email, "password": password}).status_code

    assert knocks(LONG) == 200
    assert {knocks(other) for other in (LONG.strip(), LONG.lower(), LONG[:-1], LONG[:72])} == {401}


@pytest.mark.asvs("6.2.4", "6.2.12")
def test_a_breached_password_is_refused_at_sign_up_and_at_a_change(api, tmp_path):
    breached, ada = "tuesday in the garden", signed_in(api)
    file = tmp_path / "pwned.txt"
    file.write_text(f"{hashlib.sha1(breached.encode()).hexdigest().upper()}:1\n")
    change = {"current_password": PASSWORD, "new_password": breached}

    with override_settings(BREACHED_PASSWORDS_FILE=str(file)):
        new = api.post(REGISTER, {"email": "eve@example.com", "password": breached})
        changed = api.post("/api/v1/me/password", change, token=ada.access)

    assert (new.status_code, changed.status_code) == (422, 422)


@pytest.mark.asvs("6.2.10")
def test_a_password_does_not_grow_old(api):
    years = timezone.now() - timedelta(days=3650)
    ada = UserFactory(password_changed_at=years, created_at=years)

    answer = api.post(LOGIN, {"email": ada.email, "password": PASSWORD})

    assert answer.status_code == 200


def fields_of(path: str) -> list[str]:
    return INPUT.findall(Client().get(path).content.decode())


@pytest.mark.asvs("6.2.6", "6.2.7")
@pytest.mark.parametrize(
    "path", ["/set-password", "/verify-email", "/accept-invitation", "/admin/login/"]
)
def test_a_field_for_a_password_hides_it_and_lets_managers_fill_it_in(path):
    fields = fields_of(path)

    assert fields
    assert all('type="password"' in field for field in fields)
    assert all(re.search(r'autocomplete="(new|current)-password"', field) for field in fields)


@pytest.mark.asvs("6.2.7")
@pytest.mark.parametrize("path", [*PATHS, "/admin/login/"])
def test_no_page_minds_what_is_pasted(path):
    page = Client().get(path).content.decode()
    scripts = [settings.BASE_DIR / "accounts/static/accounts" / name for name in ("pages.js",)]

    listeners = re.compile(r"onpaste|[\"']paste[\"']|user-select")
    assert not listeners.search(page)
    assert not any(listeners.search(script.read_text()) for script in scripts)


@pytest.mark.asvs("6.4.2")
def test_nothing_is_kept_of_a_person_that_could_be_a_hint_or_a_secret_question():
    names = {field.name for field in User._meta.get_fields()}

    assert [name for name in names if re.search("hint|question|answer|mother|pet", name)] == []
