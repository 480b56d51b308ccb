"""Requests that hash wait without a thread, in order, and each exactly once."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing

import pytest
from django.urls import resolve

from plinto.serving.lanes import HASHING, Lane
from tests.serving.conftest import Echo


def test_no_more_go_on_at_once_than_the_lane_is_wide_and_all_have_their_turn():
    lane, lock, going, most, done = Lane(width=2), threading.Lock(), [0], [0], []

    def work(number: int) -> None:
        with lock:
            going[0] += 1
            most[0] = max(most[0], going[0])
        threading.Event().wait(0.001)
        with lock:
            going[0] -= 1
            done.append(number)

    threads = [
        threading.Thread(target=lambda each=number: lane.run(lambda: work(each)))
        for number in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] <= 2
    assert sorted(done) == list(range(40))


def test_who_waits_goes_on_in_the_order_of_coming():
    lane, gate, order = Lane(width=1), threading.Event(), []
    first = threading.Thread(target=lambda: lane.run(lambda: gate.wait(10)))
    first.start()
    for number in range(5):
        lane.run(lambda each=number: order.append(each))
    assert order == []
    gate.set()
    first.join()
    assert order == [0, 1, 2, 3, 4]


def test_every_address_in_the_lane_is_one_of_ours():
    assert all(resolve(path).func for path in HASHING)


@pytest.mark.journey
@pytest.mark.xdist_group("serving")
def test_sign_ins_leave_threads_to_the_others(echo: Echo):
    """The server has two threads, and a sign-in of the echo takes half a second."""
    asked = (
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nX-Sleep: 0.5\r\nContent-Length: 1\r\n\r\n0"
    )
    with ExitStack() as open_ones:
        for _ in range(4):
            open_ones.enter_context(closing(echo.connect())).sendall(asked)
        assert echo.ask("GET / HTTP/1.1", "Host: a").status == 200
        assert echo.process.log_tail(100_000).count("woke up") < 4
