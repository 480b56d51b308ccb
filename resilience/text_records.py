"""
Text records of the domain name system, asked with a deadline.

A name belongs to somebody else, and so do the servers that know it: they may be gone, or take
their time on purpose. So a lookup ends after some seconds whatever they do, and the breaker in
front of the resolver hears only of the resolver's own failures: before a silence counts as one, it
is asked for what every resolver knows. Nobody's broken domain keeps others from being looked up.
"""

from __future__ import annotations

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
from django.conf import settings

from plinto.kernel import services
from plinto.kernel.environment import Address
from resilience import breakers
from resilience.breaker import Breaker
from resilience.circuit import Permit, Policy
from resilience.errors import OutboundFailedError

SECONDS = 4.0
# Every resolver keeps the root at hand.
_SIGN_OF_LIFE_SECONDS = 1.0
# More than any name has; what comes behind was put there to be read.
MOST = 100
# Seconds of work over there are no failure: the deadline says what is too long.
_POLICY = Policy(recovery_timeout=10.0, slow_seconds=60.0, probe_timeout=SECONDS)


class TextRecords:
    """
    Asks the resolvers of this machine, or those that ``servers`` names.

    They follow aliases and, if they do so at all, judge signatures (DNSSEC).
    """

    def __init__(self, *servers: Address) -> None:
        self._servers = servers

    def of(self, name: str, *, seconds: float = SECONDS) -> list[str]:
        """
        Return the texts at a name, none if the name or its records do not exist.

        ``name`` is in ASCII and taken from the root; pieces of one text come joined.

        :raises OutboundFailedError: no answer in time, or the servers of that name failed
        :raises CircuitOpenError: the resolver has been failing and is left alone for a while
        """
        breaker = self.breaker
        permit = breaker.admit()
        try:
            texts = self._ask(name, seconds=seconds)
        except (dns.exception.DNSException, OSError) as error:
            is_late = isinstance(error, dns.exception.Timeout)
            reason = "timeout" if is_late else "no usable answer"
            self._note(breaker, permit, reason, seconds=min(seconds, _SIGN_OF_LIFE_SECONDS))
            raise OutboundFailedError(reason=reason) from error
        except BaseException:
            breaker.abandoned(permit)
            raise
        breaker.succeeded(permit)
        return texts

    @property
    def breaker(self) -> Breaker:
        return breakers.get("dns", policy=_POLICY)

    def _ask(self, name: str, *, seconds: float) -> list[str]:
        try:
            answer = self._resolver().resolve(
                dns.name.from_text(name, dns.name.root), "TXT", search=False, lifetime=seconds
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        pieces = [b"".join(record.strings) for record in answer]
        return [text.decode("ascii", "replace") for text in pieces[:MOST]]

    def _note(self, breaker: Breaker, permit: Permit, reason: str, *, seconds: float) -> None:
        """Hold a failure against the resolver only if it does not even know the root."""
        try:
            self._resolver().resolve(dns.name.root, "NS", search=False, lifetime=seconds)
        except (dns.exception.DNSException, OSError):
            breaker.failed(permit, reason=reason)
        else:
            breaker.abandoned(permit)

    def _resolver(self) -> dns.resolver.Resolver:
        if not self._servers:
            # Read anew, because machines move between networks; it is one small file.
            return dns.resolver.Resolver()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [
            dns.nameserver.Do53Nameserver(server.host, server.port) for server in self._servers
        ]
        return resolver


def get_text_records() -> TextRecords:
    """Return the process-wide way to text records."""
    return services.get(TextRecords)


services.register(TextRecords, lambda: TextRecords(*settings.DNS_SERVERS))
