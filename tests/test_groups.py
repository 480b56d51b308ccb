"""Groups of tests stay together."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.xdist_group("together")


def test_the_scheduler_is_told_the_group_of_a_test(request: pytest.FixtureRequest):
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("This run does not keep groups together.")
    assert request.node.nodeid.endswith("@together")
