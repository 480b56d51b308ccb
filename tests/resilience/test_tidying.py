"""What Django looks for around each request: only what there may be."""

from __future__ import annotations

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from resilience import tidying


@pytest.mark.parametrize("max_age", [0, 60])
def test_connections_are_looked_for_before_a_request_only_if_they_may_outlive_one(max_age):
    request_started.connect(close_old_connections)  # as the client of tests leaves it
    tidying.leave_out({"default": {"CONN_MAX_AGE": max_age}})
    begun, ended = (
        [receiver() for _, receiver, *_ in signal.receivers]
        for signal in (request_started, request_finished)
    )
    assert (close_old_connections in begun) == bool(max_age)
    assert close_old_connections in ended
