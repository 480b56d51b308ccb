"""Organizations with their roles, members and keys, and what their endpoints were sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from accounts.models import ApiKey, Membership, Organization, OutboundMail, Role
from plinto.kernel.crypto import encrypt, token_digest
from plinto.seeding.numbers import ROLES, Kind, Load
from plinto.seeding.tables import Row, Shape
from resilience.leases import State
from webhooks.models import Delivery, Endpoint

_DELIVERIES = 5  # of each endpoint


def organizations(load: Load) -> Iterator[Row]:
    shape = Shape(Organization, "id", "name", "slug", "created_at")
    for number in range(load.organizations):
        key = load.id(Kind.ORGANIZATION, number)
        slug = f"load-{load.run:06x}-{number}"
        yield shape, (key, f"Organization {number}", slug, load.at(key))


def roles(load: Load) -> Iterator[Row]:
    """The built-in ones of each organization."""
    shape = Shape(Role, "id", "organization_id", "name", "created_at", is_builtin=True)
    for number in range(load.organizations):
        organization = load.id(Kind.ORGANIZATION, number)
        for rank, name in enumerate(ROLES):
            key = load.id(Kind.ROLE, number * len(ROLES) + rank)
            yield shape, (key, organization, name, load.at(organization))


def members(load: Load) -> Iterator[Row]:
    """Everybody is in one organization; a tenth of them in the same."""
    shape = Shape(Membership, "id", "organization_id", "user_id", "role_id", "created_at")
    for person in range(load.people):
        key = load.id(Kind.MEMBERSHIP, person)
        organization = load.id(Kind.ORGANIZATION, load.organization_of(person))
        yield (
            shape,
            (key, organization, load.person(person), load.role_of(person), load.at(key)),
        )


def api_keys(load: Load) -> Iterator[Row]:
    """A key of each organization, whose secret nobody has."""
    varying = ("id", "organization_id", "made_by_id", "digest", "created_at")
    shape = Shape(ApiKey, *varying, name="Reports", hint="plk_load", scopes=["members:read"])
    for number in range(load.organizations):
        key = load.id(Kind.API_KEY, number)
        organization = load.id(Kind.ORGANIZATION, number)
        owner = load.person(load.owner_of(number))
        yield shape, (key, organization, owner, token_digest(key), load.at(key))


def endpoints(load: Load) -> Iterator[Row]:
    """An endpoint of each organization, paused: nobody is there to be sent anything."""
    shape = Shape(
        Endpoint,
        *("id", "organization_id", "created_at"),
        url="https://hooks.load.example/",
        events=["member.*"],
        state=Endpoint.State.PAUSED,
        paused_at=load.now,
        paused_because=Endpoint.Pause.BY_HAND,
        secret=encrypt(b"whsec_load", purpose="webhook secret"),
    )
    for number in range(load.organizations):
        key = load.id(Kind.ENDPOINT, number)
        yield shape, (key, load.id(Kind.ORGANIZATION, number), load.at(key))


def deliveries(load: Load) -> Iterator[Row]:
    """What each endpoint was sent before."""
    varying = ("id", "endpoint_id", "event_id", "created_at", "scheduled_at", "due_at")
    shape = Shape(
        Delivery, *varying, type="member.updated", state=State.SETTLED, settled_at=load.now, tries=1
    )
    for number in range(load.organizations * _DELIVERIES):
        key = load.id(Kind.DELIVERY, number)
        endpoint = load.id(Kind.ENDPOINT, number // _DELIVERIES)
        at = load.at(key)
        yield shape, (key, endpoint, load.id(Kind.ROW, number), at, at, at)


def mail(load: Load) -> Iterator[Row]:
    """A letter to every tenth person, which went out."""
    sent = load.now - timedelta(hours=1)
    shape = Shape(
        OutboundMail,
        *("id", "recipient", "created_at", "due_at"),
        template="set_password",
        sealed_context=b"",
        state=State.SETTLED,
        settled_at=sent,
        sent_at=sent,
    )
    for number in range(0, load.people, 10):
        key = load.id(Kind.MAIL, number)
        yield shape, (key, load.email(number), load.at(key), load.at(key))
