"""``manage.py rehearse``: what it orders, what it tells, and what it leaves on record."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import AuditRow
from plinto.management.commands import rehearse
from resilience.models import CircuitOrder
from tests.plinto.processes import a_circuit, a_process

pytestmark = pytest.mark.django_db(transaction=True)

OBEDIENT = a_circuit(state="open", is_forced=True)


class Command(rehearse.Command):
    """Does not wait for processes that only exist as rows."""

    heard_within = 0.3


def run(*words):
    out = io.StringIO()
    call_command(Command(stdout=out), *words)
    return out.getvalue()


def test_a_rehearsal_is_ordered_for_so_many_minutes():
    a_process(1, OBEDIENT)
    now = timezone.now()
    told = run("--minutes=3", "--reason=game day")
    order = CircuitOrder.objects.get()
    assert (order.breaker, order.act, order.reason) == ("redis:default", "force_open", "game day")
    assert timedelta(0) <= order.ends_at - now - timedelta(minutes=3) < timedelta(seconds=30)
    assert f"until {order.ends_at:%Y-%m-%dT%H:%M:%SZ}" in told


def test_the_trail_names_the_system_and_the_reason():
    a_process(1, OBEDIENT)
    run("--seconds=5", "--reason=game day")
    row = AuditRow.objects.get()
    assert (row.action, row.actor_kind) == ("circuit.outage_rehearsed", "system")
    assert (row.reason, row.target_id) == ("game day", "redis:default")


def test_each_process_is_named_once_it_has_obeyed():
    a_process(1, OBEDIENT)
    a_process(2, OBEDIENT)
    a_process(3, a_circuit("smtp"))
    told = run("--minutes=1")
    assert told.count("host:1 heard it after") == told.count("host:2 heard it after") == 1
    assert "host:3" not in told


def test_a_process_that_does_not_obey_is_named_and_the_command_fails():
    a_process(1, OBEDIENT)
    a_process(2)
    with pytest.raises(CommandError, match=r"has not reached: web host:2$"):
        run("--minutes=1")
    assert CircuitOrder.objects.exists()


def test_a_rehearsal_is_ended_early():
    process = a_process(1, OBEDIENT)
    run("--minutes=5")
    process.figures = {"circuits": [a_circuit()]}
    process.save()
    assert "host:1 heard it after" in run("--end")
    assert CircuitOrder.objects.last().act == "automatic"
    assert AuditRow.objects.get(action="circuit.released").actor_kind == "system"


def test_processes_that_have_no_such_breaker_are_not_waited_for():
    a_process(1, a_circuit("smtp"))
    a_process(2, OBEDIENT, ended_at=timezone.now())
    assert "No process has this breaker now" in run("--minutes=1")


@pytest.mark.parametrize(
    "words", [["--minutes=0"], ["--minutes=61"], ["--seconds=0"], ["--minutes=1", "--reason="]]
)
def test_what_the_admin_site_would_refuse_is_refused_here_too(words):
    a_process(1, OBEDIENT)
    with pytest.raises(CommandError):
        run(*words)
    assert not CircuitOrder.objects.exists()


@pytest.mark.parametrize("words", [[], ["--minutes=1", "--end"], ["--minutes=1", "--breaker=smtp"]])
def test_a_rehearsal_needs_one_length_and_a_breaker_of_redis(words):
    with pytest.raises(CommandError):
        run(*words)
