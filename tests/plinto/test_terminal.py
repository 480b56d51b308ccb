"""``manage.py resilience``: the overview for somebody who has a terminal and no browser."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from plinto.terminal import COLUMNS
from resilience import orders
from tests.plinto.processes import a_circuit, a_move, a_process
from tests.servers.process import free_port

pytestmark = pytest.mark.django_db(transaction=True)


def printed(**options: object) -> str:
    output = StringIO()
    call_command("resilience", stdout=output, **options)
    return output.getvalue()


def test_it_says_how_many_processes_have_opened_each_breaker():
    a_process(1, a_circuit(state="open", reason="TimeoutError", failed_calls=5))
    a_process(2)
    text = printed()
    assert "2 processes live." in text
    assert "1 of 2 open" in text
    assert "open (TimeoutError)" in text
    assert "5 failed, 0 rejected" in text


def test_it_shows_what_moved_and_who_is_gone():
    a_move(a_process(4711, seen=timezone.now() - timedelta(hours=1)), reason="ConnectionError")
    text = printed()
    assert "web host:4711" in text
    assert "gone" in text
    assert "closed to open" in text
    assert "ConnectionError" in text


def test_it_shows_the_order_that_stands_and_its_end():
    a_process()
    now = timezone.now()
    with transaction.atomic():
        orders.give(
            "redis:default",
            act="force_open",
            reason="drill",
            by="ada@example.com",
            now=now,
            ends_at=now + timedelta(minutes=5),
        )
    text = printed()
    assert "force_open until " in text
    assert "by ada@example.com" in text


def test_it_fits_into_a_narrow_terminal():
    for number in range(3):
        a_process(number, host="a-rather-long-name.of-a-host.in-some.datacenter.example.com")
    assert max(len(line) for line in printed().splitlines()) <= COLUMNS


def test_a_reason_cannot_send_commands_to_the_terminal():
    a_process(1, a_circuit(state="open", reason="\x1b]0;owned\x07\x1b[2J", is_forced=True))
    text = printed()
    assert "open by order (?]0;owned??[2J)" in text
    assert "\x1b" not in text


def test_it_can_be_read_by_a_program():
    a_process(7)
    overview = json.loads(printed(json=True))
    assert [process["pid"] for process in overview["processes"]] == [7]
    assert overview["breakers"][0]["name"] == "redis:default"


def test_an_empty_deployment_says_so():
    assert "PROCESSES: none" in printed()


def test_without_its_database_it_says_so_and_fails():
    if connection.vendor != "postgresql":
        pytest.skip("This run has no PostgreSQL.")
    port, connection.settings_dict["PORT"] = connection.settings_dict["PORT"], str(free_port())
    try:
        with pytest.raises(CommandError, match="database did not answer"):
            printed()
    finally:
        connection.settings_dict["PORT"] = port
