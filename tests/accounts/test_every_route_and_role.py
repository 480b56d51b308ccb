"""Every route and method of the API, and everybody who may come to it."""

from __future__ import annotations

import pytest
from django.http import HttpResponse

from tests.accounts.comers import Comer, Street, everything, let_in, refusal
from tests.accounts.door import Least
from tests.accounts.doors import DOORS
from tests.project.test_routes import api_routes

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def told(answer: HttpResponse) -> str:
    """What an answer says: success, or its status and code."""
    if answer.status_code < 400:
        return "success"
    if answer["Content-Type"].startswith("text/html"):
        return f"{answer.status_code} page"
    return f"{answer.status_code} {answer.json()['error']}"


def test_every_method_of_every_route_is_a_door_of_the_table_and_no_other_is():
    found = {
        f"{method} {path}"
        for path, view in api_routes()
        for method in METHODS
        if hasattr(view.cls, method.lower())
    }
    listed = [str(door) for door in DOORS]
    assert found - set(listed) == set()
    assert set(listed) - found == set()
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("comer", Comer, ids=lambda comer: comer.name.lower())
def test_whom_a_door_keeps_out_is_told_so_and_changes_nothing(api, comer):
    street = Street(api)
    expected = {door: refusal(door, comer) for door in DOORS if refusal(door, comer)}
    street.build(comer, expected)
    before = everything()
    got = {str(door): (told(street.go(comer, door)), wanted) for door, wanted in expected.items()}
    assert {door: pair for door, pair in got.items() if pair[0] != pair[1]} == {}
    assert everything() == before


@pytest.mark.parametrize("least", Least, ids=lambda least: least.name.lower())
def test_whom_a_door_lets_in_is_served(api, least):
    got = {
        (str(door), comer.value): (told(Street(api).go(comer, door)), door.answer)
        for door in DOORS
        if door.lets_in is least
        for comer in let_in(door)
    }
    assert {cell: pair for cell, pair in got.items() if pair[0] != pair[1]} == {}
    assert got
