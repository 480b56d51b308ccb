"""Who asks: forwarding headers are believed only when our own proxy sent them."""

from __future__ import annotations

import ipaddress

import pytest
from django.test import override_settings

from plinto.kernel.origin import Origin, client_address

PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_client_is_the_first_hop_that_is_not_our_proxy(peer, forwarded, address):
    assert client_address(peer, forwarded, trusted=PROXIES) == address


def test_without_trusted_proxies_nobody_is_believed():
    assert client_address("127.0.0.1", "1.2.3.4", trusted=[]) == "127.0.0.1"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_limits_count_an_ipv6_customer_and_not_each_of_their_addresses(address, network):
    assert Origin(address=address, agent="", request_id="").network == network


@pytest.mark.django_db
def test_a_forged_scheme_does_not_reach_the_application(api):
    with override_settings(SECURE_SSL_REDIRECT=True):
        answer = api.get("/api/v1/me", headers={"X-Forwarded-Proto": "https"})

    assert answer.status_code == 301


@pytest.mark.django_db
def test_a_trusted_proxy_may_say_that_the_client_came_by_https(api):
    with override_settings(SECURE_SSL_REDIRECT=True, TRUSTED_PROXIES=PROXIES):
        answer = api.get("/api/v1/me", address="10.0.0.1", headers={"X-Forwarded-Proto": "https"})

    assert answer.status_code == 401
