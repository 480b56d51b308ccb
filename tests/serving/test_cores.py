"""Threads that take turns share a core, and those that hash do not stay there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from tests.journeys.waiting import eventually
from tests.serving.conftest import Echo, echoing

pytestmark = [
    pytest.mark.journey,
    pytest.mark.xdist_group("serving"),
    pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="binds no thread"),
]

HOST = "Host: id.example.com"
SLEEP = "X-Sleep: 0.2"


@pytest.fixture(scope="module")
def bound() -> Iterator[Echo]:
    with echoing(WEB_WORKERS="2", WEB_THREADS="3", WEB_CPU_AFFINITY="true") as echo:
        yield echo


def cores(echo: Echo) -> dict[int, list[int]]:
    """Tell the cores of each process, of which two answer with more than one thread."""
    return eventually(lambda: _seen(echo), seconds=30)


def _seen(echo: Echo) -> dict[int, list[int]]:
    """Ask a dozen at the same time; nothing unless each process had several threads for them."""
    with ThreadPoolExecutor(12) as clients:
        told = list(
            clients.map(lambda _: echo.ask("GET / HTTP/1.1", HOST, SLEEP).environ, range(12))
        )
    threads: dict[int, dict[int, Any]] = {}
    for each in told:
        threads.setdefault(int(each["process"]), {})[int(each["thread"])] = each["cores"]
    if len(threads) < 2 or any(len(of_one) < 2 for of_one in threads.values()):
        return {}
    for of_one in threads.values():
        assert len({tuple(each) for each in of_one.values()}) == 1
    return {process: next(iter(of_one.values())) for process, of_one in threads.items()}


def test_threads_that_answer_share_a_core_that_no_other_process_has_while_there_are_some(bound):
    allowed = sorted(os.sched_getaffinity(0))
    assert sorted(cores(bound).values()) == sorted([[allowed[0]], [allowed[1 % len(allowed)]]])


def test_a_process_that_takes_the_place_of_another_has_its_core(bound):
    before = cores(bound)
    gone, core = before.popitem()
    psutil.Process(gone).kill()
    [(_, new)] = (each for each in cores(bound).items() if each[0] not in before)
    assert new == core


def test_threads_that_hash_go_to_any_core(bound):
    answer = bound.ask("POST /api/v1/auth/login HTTP/1.1", HOST, "Content-Length: 0")
    assert answer.environ["cores"] == sorted(os.sched_getaffinity(0))


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priorities")
def test_threads_that_hash_give_way_to_those_that_read(bound):
    reads = bound.ask("GET / HTTP/1.1", HOST).environ["nice"]
    hashes = bound.ask("POST /api/v1/auth/login HTTP/1.1", HOST, "Content-Length: 0")
    assert int(hashes.environ["nice"]) == min(19, int(reads) + 10)


def test_nothing_is_bound_unless_it_is_asked_for():
    with echoing(WEB_WORKERS="1", WEB_THREADS="2") as echo:
        assert echo.ask("GET / HTTP/1.1", HOST).environ["cores"] == sorted(os.sched_getaffinity(0))
