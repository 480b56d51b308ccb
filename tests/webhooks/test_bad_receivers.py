"""Receivers that misbehave: what becomes of each message, and that nobody else is kept waiting."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import psutil
import pytest

from tests.servers.certificates import certified, serving
from tests.servers.receiver import (
    Receiver,
    Tarpit,
    answering,
    breaking_off,
    hanging,
    streaming_a_gigabyte,
)
from tests.webhooks.trail import an_endpoint, an_organization, fan_out, sealed, secret_of, work
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services.sending import Sending

pytestmark = pytest.mark.django_db(transaction=True)

Start = Callable[[Receiver | Tarpit], Receiver | Tarpit]
_MEGABYTE = 1024**2
_EACH = 6  # messages to each: more than one may have under way


@dataclass(frozen=True)
class Case:
    """A receiver, what its messages come to, and in which words their tries say so."""

    name: str
    url: str
    state: str
    told: str


@pytest.fixture
def cases(open_to: Start, tmp_path: Path) -> list[Case]:
    over = threading.Event()
    inside = open_to(Receiver())
    silent = open_to(Receiver(hanging(over)))
    untrusted = Receiver(tls=serving(*certified("127.0.0.1"), directory=tmp_path))
    redirecting = Receiver(answering(302, Location=f"{inside.url}/admin"))
    return [
        Case("hangs", silent.url, "due", "timeout"),
        Case("tarpit", open_to(Tarpit()).url, "due", "timeout"),
        Case("500", open_to(Receiver(answering(500))).url, "due", "500"),
        Case("410", open_to(Receiver(answering(410))).url, "due", "410"),
        Case("302 inside", open_to(redirecting).url, "due", "redirect, not followed"),
        Case("1 GB", open_to(Receiver(streaming_a_gigabyte)).url, "settled", "200"),
        Case("closes mid-body", open_to(Receiver(breaking_off)).url, "settled", "200"),
        Case("bad TLS", open_to(untrusted).url, "due", "tls"),
        Case("nobody there", f"http://127.0.0.1:{_closed(open_to)}", "due", "connection"),
        Case("leads inside", "https://localhost/", "due", "not sent: private address"),
    ]


def _closed(open_to: Start) -> int:
    receiver = open_to(Receiver())
    receiver.stop()
    return receiver.port


def test_each_comes_to_its_own_end_and_the_others_are_served_meanwhile(
    open_to: Start, sending: Sending, cases: list[Case], figure: Callable[[str], None]
) -> None:
    good, mine = open_to(Receiver()), an_organization()
    well = an_endpoint(good.url, organization_id=mine)
    good.secret = secret_of(well)
    bad = {case.name: an_endpoint(case.url, organization_id=mine) for case in cases}
    sealed(mine, many=_EACH)
    fan_out()
    process = psutil.Process()
    before, began = process.memory_info().rss, monotonic()
    work(sending)
    took = monotonic() - began
    grown = (process.memory_info().rss - before) / _MEGABYTE

    assert len(good.told) == _EACH
    figure(f"{'receiver':16} {'state':8} {'messages tried':>14} tries say")
    for case in cases:
        messages = Delivery.objects.filter(endpoint=bad[case.name])
        kept = Attempt.objects.filter(delivery__endpoint=bad[case.name])
        words = {each.error or str(each.status) for each in kept}
        tried = messages.filter(tries__gt=0).count()
        figure(f"{case.name:16} {messages[0].state:8} {tried:>14} {', '.join(words)}")
        assert words == {case.told}, case.name
        assert messages.filter(state=case.state).exists(), case.name
    assert Endpoint.objects.get(pk=bad["410"].pk).paused_because == "gone"
    latencies = Attempt.objects.filter(delivery__endpoint=well).values_list(
        "milliseconds", flat=True
    )
    figure(
        f"{took:.1f} s in all, memory grew by {grown:.0f} MB; the well one answered within "
        f"{statistics.median(latencies):.0f} ms (median), {max(latencies)} ms (longest)"
    )
    assert grown < 100  # a gigabyte was offered six times


def test_a_receiver_that_hangs_keeps_nobody_waiting_but_itself(
    open_to: Start, figure: Callable[[str], None]
) -> None:
    over, mine = threading.Event(), an_organization()
    silent, good = open_to(Receiver(hanging(over))), open_to(Receiver())
    an_endpoint(silent.url, organization_id=mine)
    an_endpoint(good.url, organization_id=mine)
    sealed(mine, many=40)
    fan_out()
    patient = Sending(places=8, seconds=30.0)
    worker = threading.Thread(target=work, args=(patient,))
    began = monotonic()
    worker.start()
    while len(good.tries) < 40 and monotonic() - began < 25:
        threading.Event().wait(0.02)
    served_within, waiting = monotonic() - began, len(silent.asked)
    over.set()
    worker.join(60)

    assert len(good.tries) == 40
    assert waiting <= 4  # and those it has under way are all that it has
    figure(f"40 messages beside one that hangs: {served_within:.1f} s")


def test_a_dead_receiver_costs_four_tries_and_then_one_now_and_then(
    open_to: Start, sending: Sending
) -> None:
    broken, mine = open_to(Receiver(answering(500))), an_organization()
    endpoint = an_endpoint(broken.url, organization_id=mine)
    sealed(mine, many=50)
    fan_out()

    work(sending)

    assert len(broken.asked) == 4
    untouched = Delivery.objects.filter(endpoint=endpoint, tries=0)
    assert untouched.count() == 46
    assert set(untouched.values_list("state", "attempts")) == {("due", 0)}
