"""Going on with a session: both its doors do and say the same, whatever comes to them."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.models import F

from accounts.models import Session
from audit.models import AuditRow
from plinto.refresh import RefreshDoor
from tests.accounts.comers import entered
from tests.accounts.gatekeepers import REQUEST_ID, Gate
from tests.accounts.people import Person

_networks = itertools.count(1)
# What differs from one session and one moment to the next.
_OWN = ("access", "refresh")


@pytest.fixture
def ada(api) -> Person:
    return entered()


@pytest.fixture
def gate(api) -> Gate:
    """The short door, which has learned from Django what all answers carry."""
    gate = Gate(is_short=True, way=RefreshDoor)
    assert refresh(gate, entered().refresh).code == 200
    assert gate.passed_on == 1
    gate.passed_on = 0
    return gate


@pytest.fixture
def django() -> Gate:
    return Gate(is_short=False, way=RefreshDoor)


def network() -> str:
    number = next(_networks)
    return f"10.92.{number >> 8}.{number & 255}"


def refresh(gate: Gate, token: str, **options):
    return send(gate, json.dumps({"refresh": token}).encode(), **options)


def send(gate: Gate, body: bytes, **options):
    options = {"method": "POST", "content_type": "application/json"} | options
    return gate.ask(body=body, **{"address": network()} | options)


def counted(heard):
    """Every header, with the seconds until a limit is whole left out."""
    return [
        (name, text.partition(";t=")[0] if name == "RateLimit" else text)
        for name, text in heard.headers
        if name != "Content-Length"
    ]


def shape(heard):
    """The body without what is of this session alone."""
    told = heard.json()
    if heard.code != 200:
        return told
    session, user = set(told.pop("session")), set(told.pop("user"))
    return {name: told[name] for name in told if name not in _OWN}, session, user


def test_both_doors_go_on_with_a_session_and_say_the_same(gate, django, api):
    ada, grace = entered(), entered()

    short, plain = refresh(gate, ada.refresh), refresh(django, grace.refresh)

    assert gate.passed_on == 0
    assert short.status == plain.status == "200 OK"
    assert counted(short) == counted(plain)
    assert shape(short) == shape(plain)
    assert ("X-Request-ID", REQUEST_ID) in short.headers
    assert {"RateLimit", "RateLimit-Policy"} <= dict(short.headers).keys()
    assert api.get("/api/v1/me", token=short.json()["access"]).status_code == 200
    for heard, person in ((short, ada), (plain, grace)):
        assert heard.json()["session"]["id"] == person.session_id
        row = AuditRow.objects.get(action="session.refreshed", session_id=person.session_id)
        assert (row.request_id, row.actor_id) == (REQUEST_ID, str(person.user.pk))
    assert refresh(gate, short.json()["refresh"]).code == 200
    assert gate.passed_on == 0


def test_a_token_that_was_spent_ends_its_session_at_either_door(gate, django, api):
    for door in (gate, django):
        stolen = entered()
        pair = refresh(door, stolen.refresh).json()
        Session.objects.update(refreshed_at=F("refreshed_at") - timedelta(seconds=11))

        replayed = refresh(door, stolen.refresh)

        assert (replayed.code, replayed.json()["error"]) == (401, "REFRESH_TOKEN_REUSED")
        assert replayed.json()["request_id"] == REQUEST_ID
        assert api.get("/api/v1/me", token=pair["access"]).status_code == 401
        rows = AuditRow.objects.filter(
            action="session.refresh_reused", session_id=stolen.session_id
        )
        assert [row.request_id for row in rows] == [REQUEST_ID]


def test_a_request_without_an_id_has_one_in_its_trail_and_in_its_answer(gate):
    refused = refresh(gate, "plr_junk", headers={"X-Request-ID": ""})

    row = AuditRow.objects.filter(action="session.refreshed", outcome="refused").get()
    assert refused.code == 401
    assert row.request_id == refused.json()["request_id"] == dict(refused.headers)["X-Request-ID"]


@pytest.mark.parametrize("token", ["plr_junk", "junk", "plr_" + "A" * 86, " "])
def test_what_opens_nothing_is_refused_alike(gate, django, token):
    short, plain = refresh(gate, token), refresh(django, token)

    assert (short.status, short.content) == (plain.status, plain.content)
    assert counted(short) == counted(plain)


@pytest.mark.parametrize(
    ("body", "options"),
    [
        (b"", {}),
        (b"{", {}),
        (b"[]", {}),
        (b'"text"', {}),
        (b"{}", {}),
        (b'{"refresh": 7}', {}),
        (b'{"refresh": ""}', {}),
        (b'{"refresh": "a\\u0000b"}', {}),
        (b'{"refresh": "plr_x", "more": 1}', {}),
        (b'{"refresh": "\xff"}', {}),
        (b'{"refresh": "' + b"a" * 5000 + b'"}', {}),
        (b'{"refresh": "plr_x"}', {"content_type": "text/plain"}),
        (b"refresh=plr_x", {"content_type": "application/x-www-form-urlencoded"}),
        (b'{"refresh": "plr_x"}', {"content_type": "application/json; charset=utf-16"}),
        (b'{"refresh": "plr_x"}', {"method": "PUT"}),
        (b"", {"method": "GET"}),
    ],
)
def test_what_is_not_plain_is_left_to_django_and_answered_alike(gate, django, body, options):
    short, plain = send(gate, body, **options), send(django, body, **options)

    assert (short.status, short.content) == (plain.status, plain.content)
    assert counted(short) == counted(plain)
    assert short.code >= 400


def test_each_request_is_counted_once_whichever_door_answers(gate, limited, api):
    limited("refresh=4/60s")
    here, token = network(), entered().refresh
    left = []
    for _ in range(2):
        heard = refresh(gate, token, address=here)
        token = heard.json()["refresh"]
        left.append(dict(heard.headers)["RateLimit"].split(";")[1])
    left += [
        dict(refresh(gate, "plr_junk", address=here).headers)["RateLimit"].split(";")[1]
        for _ in range(2)
    ]

    assert left == ["r=3", "r=2", "r=1", "r=0"]
    refused = refresh(gate, token, address=here)
    assert (refused.code, refused.json()["error"]) == (429, "RATE_LIMIT_ERROR")
    assert int(dict(refused.headers)["Retry-After"]) > 0
    assert refresh(gate, token).code == 200, "what was refused has spent nothing"


def _away(*_arguments: object) -> None:
    raise OperationalError("the database is away")


def _broken(*_arguments: object) -> None:
    raise RuntimeError("a fault of ours")


@pytest.mark.parametrize(("fault", "status"), [(_away, 503), (_broken, 500)])
def test_a_fault_behind_either_door_has_the_one_shape_and_spends_nothing(
    gate, django, fault, status, api
):
    for door in (gate, django):
        ada = entered()
        with connection.execute_wrapper(fault):
            heard = refresh(door, ada.refresh)
        assert heard.code == status
        assert heard.json()["status_code"] == status
        assert refresh(door, ada.refresh).code == 200
