"""
``python -m benchmarks.inhabitants``: people and sessions, written in bulk.

Run in the environment of a deployment of Plinto, whose keys sign the tokens. Reads how many are
wanted from its standard input, and prints one line of JSON: refresh tokens of new sessions, and
access tokens of the first ``tokens`` sessions there are. A ``connection`` becomes one of an
organization to a SAML provider, whose ``slug`` is told.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta

import django

_BATCH = 1_000


def main() -> None:
    django.setup()
    from django.utils import timezone  # noqa: PLC0415

    wanted, now = json.load(sys.stdin), timezone.now()
    _people(wanted["people"], now=now)
    refresh = _sessions(wanted["sessions"], now=now)
    told = {"access": _access(wanted["tokens"], now=now), "refresh": refresh}
    if wanted["connection"]:
        told["slug"] = _connection(**wanted["connection"], now=now)
    print(json.dumps(told))


def _people(count: int, *, now: datetime) -> None:
    from accounts.models import User  # noqa: PLC0415
    from accounts.services import passwords  # noqa: PLC0415
    from benchmarks.peers.names import PASSWORD, email  # noqa: PLC0415

    encoded = passwords.encode(PASSWORD)
    people = [
        User(email=email(each), password=encoded, email_verified_at=now, password_changed_at=now)
        for each in range(count)
    ]
    for person in people:
        person.clean()
    User.objects.bulk_create(people, batch_size=_BATCH)


def _sessions(count: int, *, now: datetime) -> list[str]:
    """Give the people sessions in turn; return the refresh token of each."""
    from django.conf import settings  # noqa: PLC0415

    from accounts.models import Session, User  # noqa: PLC0415
    from accounts.services import refresh_tokens  # noqa: PLC0415
    from plinto.kernel.ids import uuid7  # noqa: PLC0415

    owners = list(User.objects.order_by("created_at", "id"))
    refresh, rows = [], []
    for number in range(count):
        key = uuid7()
        token = refresh_tokens.first(key)
        refresh.append(token)
        rows.append(
            Session(
                pk=key,
                user=owners[number % len(owners)],
                created_at=now - timedelta(minutes=1),
                last_seen_at=now,
                expires_at=now + settings.SESSION_LIFETIME,
                methods=["pwd"],
                authenticated_at=now,
                proved_at=now,
                refresh_digest=refresh_tokens.digest(token),
            )
        )
    Session.objects.bulk_create(rows, batch_size=_BATCH)
    return refresh


def _access(count: int, *, now: datetime) -> list[str]:
    from accounts.models import Session  # noqa: PLC0415
    from accounts.services.tokens import get_jwt_service  # noqa: PLC0415

    issue = get_jwt_service().issue
    return [issue(session, now=now) for session in Session.objects.order_by("id")[:count]]


def _connection(
    organization_id: str,
    entity_id: str,
    sso_url: str,
    certificate: str,
    domain: str,
    *,
    now: datetime,
) -> str:
    from accounts.models import OrganizationDomain  # noqa: PLC0415
    from sso.models import Connection, SAMLSettings  # noqa: PLC0415

    made = Connection.objects.create(
        organization_id=organization_id,
        slug="bench",
        protocol="saml",
        name="Corporate sign-in",
        redirect_uris=["http://app.example/signed-in"],
        created_at=now,
        updated_at=now,
    )
    SAMLSettings.objects.create(
        connection=made, entity_id=entity_id, sso_url=sso_url, certificates=[certificate]
    )
    OrganizationDomain.objects.create(
        organization_id=organization_id,
        name=domain,
        token="bench",
        created_at=now,
        verified_at=now,
    )
    return made.slug


if __name__ == "__main__":
    main()
