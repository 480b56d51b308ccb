"""
The rate limits of all endpoints: one table of named policies.

A view names its policy in ``limited_as``. An anonymous request counts against its network (an
IPv4 address, or the /64 of an IPv6 one), a signed-in one against the account, one with an API key
against the key. Policies of authentication count the network besides, because there an account is
what is guessed at.

The numbers stop floods and loops, not guessing: ``accounts.services.attempts`` counts that, far
more strictly. They assume five hundred people behind one office address who all arrive within
five minutes: 100 sign-ins a minute, tripled. Tokens live 15 minutes, so five hundred people with
ten tabs each refresh 333 times a minute. A page that polls every second with ten requests under
way at its start stays below 20 a second for an account. Sign-ups and mails are rarer and dearer.
Every number is even, because without Redis half of it is what a fixed window may hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from django.core.exceptions import ImproperlyConfigured

from resilience.limits import Limit

Kind = Literal["address", "account", "key"]

DEFAULT = "default"
_KINDS: tuple[Kind, ...] = ("address", "account", "key")
_MOST = 1_000_000
_LONGEST = 86_400
_CHOICE = re.compile(r"(?P<name>\w+)(?:\.(?P<kind>\w+))?=(?P<most>\d+)/(?P<seconds>\d+)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """
    How often, by whom.

    ``is_authentication`` is for what signs people in or could be guessed at: the database counts
    it while Redis cannot. ``asks_nobody`` is for what must answer when nothing else does: every
    process counts it alone, always.
    """

    name: str
    limits: Mapping[Kind, Limit]
    is_authentication: bool = False
    asks_nobody: bool = False


def _policy(
    name: str,
    *,
    address: int,
    account: int,
    key: int = 0,
    is_authentication: bool = False,
    asks_nobody: bool = False,
) -> Policy:
    per_minute: dict[Kind, int] = {"address": address, "account": account, "key": key or account}
    return Policy(
        name=name,
        limits={
            kind: Limit(f"{name}.{kind}", most, timedelta(minutes=1))
            for kind, most in per_minute.items()
        },
        is_authentication=is_authentication,
        asks_nobody=asks_nobody,
    )


# Requests per minute.
_TABLE = (
    _policy("register", address=60, account=60, is_authentication=True),
    _policy("login", address=300, account=60, is_authentication=True),
    _policy("mfa", address=300, account=60, is_authentication=True),
    _policy("reset", address=60, account=60, is_authentication=True),
    _policy("verify", address=120, account=60, is_authentication=True),
    _policy("resend", address=60, account=60, is_authentication=True),
    _policy("magic_link", address=60, account=60, is_authentication=True),
    # A sign-in by SAML is three requests of one browser: out, back, and back with its cookie. The
    # account is that of an organization: one connection, and the answers of its provider.
    _policy("sso", address=600, account=1200, is_authentication=True),
    _policy("refresh", address=600, account=60, is_authentication=True),
    _policy("introspect", address=6000, account=1200, key=6000, is_authentication=True),
    # Each makes Plinto send something to an address that a member chose.
    _policy("webhook", address=240, account=60),
    # An identity provider sends bursts, one request for each person and group.
    _policy("scim", address=1200, account=1200, key=6000),
    _policy("default", address=1200, account=1200, key=6000),
    _policy("admin", address=1200, account=600),
    _policy("health", address=6000, account=6000, asks_nobody=True),
)
POLICIES: Mapping[str, Policy] = {policy.name: policy for policy in _TABLE}


def chosen(words: Iterable[str], *, processes: int) -> dict[str, Policy]:
    """
    Return the table with a deployment's own numbers in it.

    Each word is ``login=60/60s``, or ``login.address=60/60s`` for one kind of subject alone.

    :raises ImproperlyConfigured: a word makes no sense, or leaves no share to each process
    """
    table = dict(POLICIES)
    for word in words:
        found = _CHOICE.fullmatch(word)
        if found is None or found["name"] not in table or found["kind"] not in (None, *_KINDS):
            raise ImproperlyConfigured(
                "RATE_LIMITS must list policies such as login=60/60s or login.address=60/60s."
            )
        most, seconds = int(found["most"]), int(found["seconds"])
        policy = table[found["name"]]
        least = 2 if policy.is_authentication else max(2, processes)
        if most % 2 or not least <= most <= _MOST or not 1 <= seconds <= _LONGEST:
            raise ImproperlyConfigured(
                f"RATE_LIMITS of {policy.name} must be an even number from {least} to {_MOST} in "
                f"1 to {_LONGEST} seconds."
            )
        own = {
            kind: Limit(f"{policy.name}.{kind}", most, timedelta(seconds=seconds))
            for kind in _KINDS
            if found["kind"] in (None, kind)
        }
        table[policy.name] = replace(policy, limits={**policy.limits, **own})
    return table
