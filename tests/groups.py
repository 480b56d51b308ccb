"""Tests of an ``xdist_group`` stay on one worker, which xdist 3.8 tells pytest 9.2 in vain."""

from __future__ import annotations

import pytest
from _pytest.nodeid import coerce_node_id


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make the names that xdist gave the items, with their groups, those that they go by."""
    for item in items:
        named = getattr(item, "_nodeid", item.nodeid)
        if named != item.nodeid:
            item._id = coerce_node_id(named)
