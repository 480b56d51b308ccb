"""The shared fixtures leave nothing of one test to the next."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.core.mail import send_mail

from resilience.redis import door


@pytest.mark.parametrize("turn", ["first", "second"])
def test_harm_done_to_redis_does_not_reach_the_next_test(redis_server, turn):
    assert redis_server.cli("PING") == "PONG"
    assert door("default").is_trusted
    assert cache.get("turn") is None
    cache.set("turn", turn)
    redis_server.kill()
    for number in range(20):
        # Another key each time: about one that it could not change, Redis is not asked again.
        cache.set(f"turn {number}", turn)
    assert not door("default").is_trusted


@pytest.mark.parametrize("harm", ["stall", "kill"])
def test_a_harmed_redis_answers_the_next_test(redis_server, harm):
    cache.set("written", "through")
    assert redis_server.cli("KEYS", "*written*") != []
    getattr(redis_server, harm)()


def test_mail_goes_to_the_mail_server_of_the_fixture(smtp):
    send_mail("Subject", "Text", "from@example.com", ["to@example.com"])
    assert [message["To"] for message in smtp.messages] == ["to@example.com"]


def test_the_client_speaks_json_and_comes_from_the_address_it_is_told(api):
    answer = api.post(
        "/nothing", {"a": 1}, address="10.0.0.1", headers={"X-Request-ID": "12345678"}
    )
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"] == "12345678"
