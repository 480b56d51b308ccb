"""A process that answers for weeks holds no more than after its first minute."""

from __future__ import annotations

import gc
import logging
from collections import Counter

import pytest

from tests.accounts.comers import Street
from tests.accounts.staff import browser_of
from tests.growth.copies import one_of_each
from tests.growth.test_no_page_asks_per_row import pages_of_admin, pages_of_api

ROUNDS = 10
# Django's test client connects a signal anew for each request, which is never taken out.
_OF_THE_CLIENT = {
    *("builtins.method", "weakref.ReferenceType", "weakref._Info", "weakref.finalize"),
}


def held() -> Counter[str]:
    """What is alive and can hold others, by its kind."""
    gc.collect()
    kinds = (f"{type(each).__module__}.{type(each).__name__}" for each in gc.get_objects())
    return Counter(kind for kind in kinds if kind not in _OF_THE_CLIENT)


@pytest.fixture
def _unwritten():
    """Write no lines: pytest keeps each of them."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("_unwritten")
def test_no_page_leaves_anything_behind_for_each_time_that_it_is_asked(api):
    street = Street(api)
    one_of_each(street)
    pages = [*pages_of_api(street), *pages_of_admin(browser_of())]

    def ask_all():
        for _, page in pages:
            assert page().status_code < 500

    # What is made once and kept, for this page or for all, is there after these.
    for _ in range(3):
        ask_all()
    before = held()
    for _ in range(ROUNDS):
        ask_all()
    asked = ROUNDS * len(pages)
    left = {kind: more / asked for kind, more in (held() - before).items() if more > asked / 4}
    assert left == {}
