"""What staff do in a browser at the admin site."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from tests.factories import PASSWORD, AdministratorFactory, UserFactory

SIGN_IN = "/admin/login/"
PEOPLE = "/admin/accounts/user/"
SESSIONS = "/admin/accounts/session/"


def sign_in(
    email: str, password: str = PASSWORD, *, browser: Client | None = None, **extra: Any
) -> HttpResponse:
    """Send the sign-in form; one browser's answers follow no redirect."""
    form = {"username": email, "password": password, "next": "/admin/"}
    return (browser or Client()).post(SIGN_IN, form, **extra)


def browser_of(user: User | None = None) -> Client:
    """A browser in which ``user``, or a new administrator, is signed in."""
    browser = Client(raise_request_exception=False)
    answer = sign_in((user or AdministratorFactory()).email, browser=browser)
    assert answer.status_code == 302, answer.content
    return browser


def helper(*permissions: str) -> User:
    """A member of staff who holds the named permissions and no others."""
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def act(browser: Client, action: str, *rows: Any, page: str = PEOPLE) -> str:
    """Choose rows of a list, run an action on them, and return the page that follows."""
    form = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return browser.post(page, form, follow=True).content.decode()


def save(browser: Client, user: User, **changed: Any) -> HttpResponse:
    """Send the form of a person as it stands, but for what is changed; follow to the end."""
    flags = {name: "on" for name in ("is_staff", "is_superuser") if getattr(user, name)}
    form = {"email": user.email, "name": user.name, "locale": "", "timezone": "", **flags}
    form |= {
        "groups": [str(key) for key in user.groups.values_list("pk", flat=True)],
        "user_permissions": [
            str(key) for key in user.user_permissions.values_list("pk", flat=True)
        ],
    }
    sent = {name: value for name, value in {**form, **changed}.items() if value is not None}
    return browser.post(f"{PEOPLE}{user.pk}/change/", sent, follow=True)
