"""The meter of one request: by which policy, and for whom it counts."""

from __future__ import annotations

import pytest

from plinto.kernel.exceptions import RateLimitError
from resilience.policies import chosen
from resilience.throttling import Meter, policy_of

pytestmark = pytest.mark.django_db


class Named:
    limited_as = "login"


RULE = chosen(["default=2/60s"], processes=2)["default"]


def knock(kind: str, holder: str, number: int) -> None:
    """Send the request with that number, each from a network of its own."""
    Meter(RULE, network=f"10.93.0.{number}").count(kind, holder)


@pytest.mark.parametrize("kind", ["key", "account"])
def test_who_is_known_counts_for_themselves_wherever_they_come_from(kind):
    with pytest.raises(RateLimitError):
        [knock(kind, f"a {kind}", number) for number in range(3)]
    knock(kind, f"another {kind}", 0)


def test_an_account_and_a_key_of_the_same_id_are_two_subjects():
    with pytest.raises(RateLimitError):
        [knock("key", "same", number) for number in range(3)]
    knock("account", "same", 0)


def test_a_view_without_a_policy_has_the_default_and_the_admin_its_own():
    assert policy_of(Named).name == "login"
    assert policy_of(lambda request: None).name == "default"
    assert policy_of(lambda request: None, app="admin").name == "admin"
    assert policy_of(None).name == "default"
