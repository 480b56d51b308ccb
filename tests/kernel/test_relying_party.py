"""For which site passkeys are made, read from the addresses that Plinto has."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from plinto.kernel import relying_party
from plinto.kernel.environment import Environment

ID, APP = "https://id.example.com", "https://app.example.com:8443/start"


def read(*, public_url: str = ID, app_url: str = ID, **variables: str):
    environment = Environment(variables)
    return relying_party.read(environment, public_url=public_url, app_url=app_url)


def test_the_site_is_the_host_of_the_front_end_and_its_origin_has_no_path():
    assert read(app_url=APP) == ("app.example.com", ["https://app.example.com:8443"])


def test_a_domain_above_takes_in_both_addresses():
    found = read(app_url=APP, PASSKEY_RP_ID="Example.com")
    assert found == ("example.com", ["https://app.example.com:8443", ID])


def test_further_origins_of_the_domain_may_ask():
    found = read(PASSKEY_RP_ID="example.com", PASSKEY_ORIGINS="https://shop.Example.com")
    assert found.origins == [ID, "https://shop.example.com"]


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://ID.example.com:443/x", ID),
        ("http://localhost:80", "http://localhost"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(address, origin):
    assert relying_party.origin_of(address) == origin


@pytest.mark.parametrize(
    "variables",
    [
        {"PASSKEY_RP_ID": "example.org"},
        {"PASSKEY_RP_ID": "ample.com"},
        {"PASSKEY_ORIGINS": "https://evil.example"},
        {"PASSKEY_ORIGINS": "https://notid.example.com"},
        {"PASSKEY_ORIGINS": "http://a.id.example.com"},
        {"PASSKEY_ORIGINS": "https://a.id.example.com/path"},
        {"PASSKEY_ORIGINS": "https://user@a.id.example.com"},
        {"PASSKEY_ORIGINS": "a.id.example.com"},
    ],
)
def test_nonsense_stops_the_start_and_names_the_variable(variables):
    [name] = variables
    with pytest.raises(ImproperlyConfigured, match=name):
        read(**variables)
