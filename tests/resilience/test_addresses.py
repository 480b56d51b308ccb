import pytest

from resilience.addresses import is_public

PUBLIC = ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
INSIDE = {
    "loopback": "127.0.0.1",
    "loopback 6": "::1",
    "all of this machine": "0.0.0.0",
    "any": "::",
    "private": "10.1.2.3",
    "private 172": "172.16.0.1",
    "private 192": "192.168.1.1",
    "shared": "100.64.0.1",
    "link-local": "169.254.169.254",
    "link-local 6": "fe80::1",
    "link-local 6 with a zone": "fe80::1%eth0",
    "unique local": "fd00::7",
    "site-local": "fec0::1",
    "multicast": "224.0.0.1",
    "multicast 6": "ff02::1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "benchmarks": "198.18.0.1",
    "documentation": "192.0.2.1",
    "documentation 6": "3fff::1",
    "mapped": "::ffff:127.0.0.1",
    "compatible": "::7f00:1",
    "nat64": "64:ff9b::7f00:1",
    "nat64 of one's own": "64:ff9b:1::7f00:1",
    "6to4": "2002:7f00:1::1",
    "6to4 of a public address": "2002:101:101::1",
    "teredo": "2001:0:7f00:1::1",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize("address", INSIDE.values(), ids=INSIDE)
def test_an_address_that_leads_inside_is_not_however_it_is_wrapped(address):
    assert not is_public(address)


def test_what_is_no_address_is_refused_aloud():
    with pytest.raises(ValueError, match="localhost"):
        is_public("localhost")
