"""People who change their address over HTTP."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from tests.accounts.people import Person, code_in
from tests.api import Api

CHANGE = "/api/v1/me/email"
CONFIRM = "/api/v1/me/email/confirm"
UNDO = "/api/v1/auth/email/undo"


def wish(person: Person, email: str) -> HttpResponse:
    """Ask for another address."""
    return Api().post(CHANGE, {"email": email}, token=person.access)


def confirm(person: Person, code: str) -> HttpResponse:
    """Show the code that was mailed to it."""
    return Api().post(CONFIRM, {"code": code}, token=person.access)


def moved(person: Person, email: str, letters: Any) -> None:
    """Change the address, whose letters are at hand."""
    assert wish(person, email).status_code == 202
    answer = confirm(person, code_in(letters_to(email, letters)[-1]))
    assert answer.status_code == 200, answer.content
    assert answer.json()["email"] == email


def letters_to(email: str, letters: Any) -> list[Any]:
    """The letters that one address got so far."""
    return [letter for letter in letters() if letter.to == [email]]


def undo(token: str) -> HttpResponse:
    """Use the link that the former address got."""
    return Api().post(UNDO, {"token": token})
