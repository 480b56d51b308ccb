"""Which addresses are the public internet, and which lead inside."""

from __future__ import annotations

import ipaddress

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# RFC 6052: the last 32 bits are the IPv4 address that a translator connects to.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What the registries of IANA call special and Python 3.11 does not, or not in all releases.
_SPECIAL = tuple(
    ipaddress.ip_network(network)
    for network in (
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "192.0.0.0/24",  # protocol assignments, RFC 6890
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "240.0.0.0/4",
        "::/96",  # IPv4-compatible, RFC 4291
        "64:ff9b:1::/48",  # local translation, RFC 8215
        "2001::/32",  # Teredo carries an IPv4 address, RFC 4380
        "2002::/16",  # so does 6to4, RFC 3056
        "3fff::/20",  # documentation, RFC 9637
        "5f00::/16",  # segment routing, RFC 9602
        "fec0::/10",  # site-local, RFC 3879
    )
)


def is_public(text: str) -> bool:
    """
    Tell whether an address is of the public internet, whatever it is wrapped in.

    :raises ValueError: it is not an address
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return _is_public(address.ipv4_mapped)
        if address in _NAT64:
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return _is_public(address)


def _is_public(address: _Address) -> bool:
    if any(address in network for network in _SPECIAL if network.version == address.version):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local
    )
