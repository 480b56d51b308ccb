"""Receivers that ``OUTBOUND_ALLOWED`` names, and a sender that is done when a test is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.test import override_settings

from plinto.kernel.environment import Address
from tests.servers.receiver import Receiver, Tarpit
from webhooks.services.sending import Sending


@pytest.fixture
def open_to() -> Iterator[Callable[[Receiver | Tarpit], Receiver | Tarpit]]:
    """Start a receiver and let Plinto send there; stopped after the test."""
    with ExitStack() as running:
        named: set[Address] = set()
        running.enter_context(override_settings(OUTBOUND_ALLOWED=named))

        def start(receiver: Receiver | Tarpit) -> Receiver | Tarpit:
            running.enter_context(receiver)
            named.add(Address("127.0.0.1", receiver.port))
            return receiver

        yield start


@pytest.fixture
def sending() -> Iterator[Sending]:
    """A sender of this test alone, whose patience is a second."""
    queue = Sending(places=16, seconds=1.0)
    yield queue
    queue.drain()
