"""What people do over HTTP, for tests whose subject begins after it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.core.mail import EmailMessage

from accounts.models import User
from tests.api import Api
from tests.factories import PASSWORD, UserFactory


@dataclass
class Person:
    """Somebody with a session, and the tokens they got."""

    user: User
    access: str
    refresh: str
    session_id: str


def signed_in(api: Api, *, user: User | None = None, **options: Any) -> Person:
    """Sign in over HTTP, as a new person unless told who."""
    person = user or UserFactory()
    answer = api.post(
        "/api/v1/auth/login", {"email": person.email, "password": PASSWORD}, **options
    )
    assert answer.status_code == 200, answer.content
    body = answer.json()
    return Person(person, body["access"], body["refresh"], body["session"]["id"])


def code_in(letter: EmailMessage) -> str:
    """The six digits of a letter."""
    return re.findall(r"\b\d{6}\b", letter.body)[0]


def token_in(letter: EmailMessage) -> str:
    """The token of the link in a letter."""
    return re.findall(r"#token=([\w-]+)", letter.body)[0]
