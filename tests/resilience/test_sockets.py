"""A socket whose timeout the kernel keeps behaves like any other with one."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from resilience.sockets import KernelTimedSocket


@pytest.fixture
def pair() -> Iterator[tuple[KernelTimedSocket, socket.socket]]:
    near, far = socket.socketpair()
    near.settimeout(0.05)
    with KernelTimedSocket.of(near) as timed, far:
        yield timed, far


def test_it_goes_on_with_the_timeout_and_reads_what_is_sent(pair):
    timed, far = pair
    far.sendall(b"+OK")
    buffer = bytearray(8)
    assert (timed.recv_into(buffer), bytes(buffer[:3])) == (3, b"+OK")
    assert timed.gettimeout() == 0.05


@pytest.mark.parametrize("seconds", [0.02, 0.2])
def test_who_waits_too_long_for_an_answer_gets_a_timeout(pair, seconds):
    timed, _ = pair
    timed.settimeout(seconds)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        timed.recv_into(bytearray(8))
    assert time.monotonic() - began >= seconds * 0.9


def test_who_sends_more_than_anybody_reads_gets_a_timeout(pair):
    timed, _ = pair
    with pytest.raises(TimeoutError):
        timed.sendall(bytes(64 * 1024 * 1024))


def test_without_time_to_wait_it_says_that_nothing_is_there(pair):
    timed, far = pair
    timed.settimeout(0)
    with pytest.raises(BlockingIOError):
        timed.recv_into(bytearray(8))
    timed.settimeout(None)
    far.sendall(b"late")
    assert timed.recv_into(bytearray(8)) == 4
