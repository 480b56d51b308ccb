"""People, and the sessions on their devices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from secrets import token_bytes

from django.conf import settings

from accounts.models import Session, User
from plinto.seeding.numbers import Kind, Load
from plinto.seeding.tables import Row, Shape

AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
)


def people(load: Load) -> Iterator[Row]:
    """Everybody proved their address and may sign in."""
    shape = Shape(
        User,
        *("id", "email", "email_key", "name", "created_at", "email_verified_at"),
        password=load.password,
        trail_key=load.trail_key,
    )
    for number in range(load.people):
        key, email = load.person(number), load.email(number)
        at = load.at(key)
        yield shape, (key, email, email, f"Person {number}", at, at)


def sessions(load: Load) -> Iterator[Row]:
    """Sessions of everybody in turn; the youngest of each is live, the others have ended."""
    varying = (
        *("id", "user_id", "created_at", "authenticated_at", "proved_at"),
        *("address", "network", "agent"),
    )
    shared = {"methods": ["pwd"], "refresh_digest": token_bytes(32)}  # no token has that digest
    live = Shape(
        Session,
        *varying,
        **shared,
        last_seen_at=load.now,
        expires_at=load.now + settings.SESSION_LIFETIME,
    )
    # A day long, and over before the live ones began.
    seen = load.now - timedelta(days=1)
    ended = Shape(
        Session,
        *varying,
        **shared,
        last_seen_at=seen,
        expires_at=seen + settings.SESSION_LIFETIME,
        ended_at=seen,
        end_reason="signed_out",
    )
    for number in range(load.sessions):
        key, person = load.id(Kind.SESSION, number), load.person(number % load.people)
        at, network = load.at(key), f"198.51.{number % 100}"
        shape = live if number >= load.sessions - load.people else ended
        address = f"{network}.{number % 250 + 1}"
        yield (
            shape,
            (key, person, at, at, at, address, f"{network}.0/24", AGENTS[number % len(AGENTS)]),
        )
