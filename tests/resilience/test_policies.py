"""The table of rate limits, and what a deployment may change in it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from resilience.limits import Limit
from resilience.policies import POLICIES, chosen

MINUTE = timedelta(minutes=1)
LIMITS = [limit for policy in POLICIES.values() for limit in policy.limits.values()]


def test_half_of_every_limit_is_a_whole_number():
    assert [limit for limit in LIMITS if limit.most % 2] == []


def test_every_scope_fits_its_column():
    assert max(len(limit.scope) for limit in LIMITS) <= 20


def test_no_two_limits_share_a_scope():
    assert len({limit.scope for limit in LIMITS}) == len(LIMITS)


def test_without_words_the_table_stands():
    assert chosen([], processes=2) == dict(POLICIES)


def test_a_policy_may_be_given_other_numbers_for_everybody():
    login = chosen(["login=60/30s"], processes=2)["login"]
    assert {limit.most for limit in login.limits.values()} == {60}
    assert login.limits["account"] == Limit("login.account", 60, timedelta(seconds=30))
    assert login.is_authentication


def test_a_policy_may_be_given_other_numbers_for_one_kind_of_subject():
    chosen_ = chosen(["default=6000/60s", "default.address=40/60s"], processes=2)
    assert chosen_["default"].limits == {
        "address": Limit("default.address", 40, MINUTE),
        "account": Limit("default.account", 6000, MINUTE),
        "key": Limit("default.key", 6000, MINUTE),
    }
    assert chosen_["login"] == POLICIES["login"]


@pytest.mark.parametrize(
    "word",
    [
        *("login", "login=", "login=60", "login=60/60", "login=60/1m", "=60/60s"),
        *("logn=60/60s", "login.adress=60/60s", "login.address.key=60/60s"),
        *("login=-2/60s", "login=0/60s", "login=61/60s", "login=2000000/60s"),
        *("login=60/0s", "login=60/86401s", "login=six/60s", "login=60/60s;refresh=60/60s"),
    ],
)
def test_nonsense_stops_the_start_and_names_the_setting(word):
    with pytest.raises(ImproperlyConfigured, match="RATE_LIMITS"):
        chosen([word], processes=2)


def test_every_process_must_have_a_share_of_what_processes_count():
    with pytest.raises(ImproperlyConfigured, match="from 8"):
        chosen(["default=6/60s"], processes=8)
    assert chosen(["login=6/60s"], processes=8)["login"].limits["key"].most == 6
