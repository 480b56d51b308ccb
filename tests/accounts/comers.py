"""Who comes to the doors of the API: one of each kind, and what is behind the doors."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.http import HttpResponse
from django.utils import timezone

from accounts.models import (
    DataExport,
    Identity,
    Invitation,
    OrganizationDomain,
    Passkey,
    Role,
    User,
)
from accounts.services import sessions
from accounts.services.sessions import SignedIn
from audit.models import AuditRow, TrailExport
from plinto.kernel.ids import uuid7
from plinto.kernel.origin import SYSTEM as NOWHERE
from sso.services import connection_fields, connection_rows
from tests.accounts.door import Door, Least
from tests.accounts.key_holders import made
from tests.accounts.old_proofs import let_proofs_grow_old
from tests.accounts.organizations import Club
from tests.accounts.people import Person
from tests.api import Api
from tests.factories import UserFactory
from tests.sso.club_connections import BODIES
from tests.sso.scim.provider import Provider, described_in
from tests.webhooks.club_endpoints import told_to

# Refusals are told in the trail and counted.
_MAY_CHANGE = {"audit", "resilience"}
_sources = itertools.cycle(range(1, 250))


class Comer(Enum):
    """``OWNER`` is also whose the things are that belong to one person; so is ``STALE``."""

    ANONYMOUS = "anonymous"
    STRANGER = "stranger"
    OWNER_ELSEWHERE = "owner of another organization"
    VIEWER = "viewer"
    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"
    STALE = "owner whose last proof is older than ten minutes"
    KEY = "API key with the scope"
    OTHER_KEY = "API key without the scope"
    PROVISIONER = "identity provider with the SCIM token"


_RANKS = {
    Comer.VIEWER: Least.VIEWER,
    Comer.MEMBER: Least.MEMBER,
    Comer.ADMIN: Least.ADMIN,
    Comer.OWNER: Least.OWNER,
}
_SCOPES = {
    Comer.KEY: (
        *("tokens:introspect", "tokens:revoke"),
        *("webhooks:read", "webhooks:write", "audit:read"),
    ),
    Comer.OTHER_KEY: ("members:*", "organization:*", "api_keys:*"),
}


def refusal(door: Door, comer: Comer) -> str | None:
    """What a door tells somebody whom it keeps out; None to whom it lets in."""
    if door.lets_in is Least.ANYONE:
        return None
    if door.lets_in is Least.PROVISIONER:
        return None if comer is Comer.PROVISIONER else "401 SCIM"
    if comer is Comer.ANONYMOUS:
        return "401 AUTHENTICATION_ERROR"
    if comer is Comer.PROVISIONER:
        return "401 API_KEY_INVALID" if door.lets_in is Least.KEY else "401 TOKEN_ERROR"
    if door.lets_in is Least.KEY or comer in _SCOPES:
        return _refusal_about_keys(door, comer)
    if comer is Comer.STALE:
        return "403 REAUTHENTICATION_REQUIRED" if door.is_fresh else None
    if door.is_own:
        return None if comer is Comer.OWNER else "404 NOT_FOUND"
    if door.lets_in is Least.SIGNED_IN:
        return None
    if comer not in _RANKS:
        return door.to_strangers
    return None if _RANKS[comer] >= door.lets_in else "403 AUTHORIZATION_ERROR"


def _refusal_about_keys(door: Door, comer: Comer) -> str | None:
    if comer not in _SCOPES:
        return "401 API_KEY_INVALID"
    if door.lets_in is not Least.KEY and not door.scope:
        return "403 API_KEY_NOT_ACCEPTED"
    return None if comer is Comer.KEY else "403 INSUFFICIENT_SCOPE"


def let_in(door: Door) -> list[Comer]:
    """The least of those who come in, and owners."""
    if door.lets_in is Least.ANYONE:
        return [Comer.ANONYMOUS]
    if door.is_own:
        return [Comer.OWNER]
    if door.lets_in is Least.SIGNED_IN:
        return [Comer.STRANGER]
    if door.lets_in is Least.KEY:
        return [Comer.KEY]
    if door.lets_in is Least.PROVISIONER:
        return [Comer.PROVISIONER]
    least = next(comer for comer, rank in _RANKS.items() if rank is door.lets_in)
    people = [least] if least is Comer.OWNER else [least, Comer.OWNER]
    return [*people, Comer.KEY] if door.scope else people


class Street:
    """
    An organization with its people, others, and one thing behind each door.

    Each is made when it is first looked for, so that a test costs what it needs.
    """

    def __init__(self, api: Api) -> None:
        self.api = api
        self._met: dict[Comer, Person] = {}

    @cached_property
    def club(self) -> Club:
        return Club(self.api, self.ada)

    @cached_property
    def ada(self) -> Person:
        return entered()

    @cached_property
    def ids(self) -> dict[str, Any]:
        """What stands for each part of a path that is not fixed."""
        things = {**_things_of(self.ada), **_things_in(self.club), **told_to(self.club)}
        things |= _connections_of(self.club)
        return {**things, **described_in(self.club)}

    def person(self, comer: Comer) -> Person:
        """Who comes as this; whoever is anonymous is a stranger who shows no token."""
        if comer not in self._met:
            self._met[comer] = self._meet(comer)
        return self._met[comer]

    def _meet(self, comer: Comer) -> Person:
        if comer in {Comer.VIEWER, Comer.MEMBER, Comer.ADMIN}:
            return self.club.joined(comer.value, person=entered())
        if comer is Comer.OWNER_ELSEWHERE:
            return Club(self.api, entered()).owner
        if comer is Comer.OWNER:
            return self.club.owner
        if comer is Comer.STALE:
            return _stale(self.ada)
        if comer in _SCOPES:
            return replace(self.ada, access=made(self.club, *_SCOPES[comer]).text)
        if comer is Comer.PROVISIONER:
            return replace(self.ada, access=Provider(self.club).token)
        return entered()

    def path(self, door: Door) -> str:
        # A slug belongs to one protocol; browsers come to the doors of a connection that is not.
        named = re.sub(r"(/sso/(saml|oidc))/<slug:slug>", r"\1/<slug:\2>", door.path)
        asked = f"/{named}{door.query}"
        return re.sub(r"<\w+:(\w+)>", lambda found: str(self.ids[found[1]]), asked)

    def build(self, comer: Comer, doors: Iterable[Door]) -> None:
        """Make all that going there needs."""
        self.person(comer)
        for door in doors:
            self.path(door)

    def go(self, comer: Comer, door: Door) -> HttpResponse:
        """Send what the door takes, each time from another network."""
        person = self.person(comer)
        return Api().send(
            door.method,
            self.path(door),
            door.sent(person.user.email, person.refresh),
            token=None if comer is Comer.ANONYMOUS else person.access,
            address=f"10.{next(_sources)}.77.1",
        )


def everything() -> dict[str, list[str]]:
    """All there is in the database, but for what refusing somebody may write."""
    kept = [each for each in apps.get_models() if each._meta.app_label not in _MAY_CHANGE]
    return {each._meta.db_table: _rows(each) for each in kept}


def _rows(model: type[Model]) -> list[str]:
    # A key that was shown was used, also where it was not enough.
    names = [field.name for field in model._meta.concrete_fields if field.name != "last_used_at"]
    return sorted(map(repr, model._default_manager.values_list(*names)))


def entered(user: User | None = None) -> Person:
    """Somebody with a session, opened without the work of a password."""
    person = user or UserFactory()
    opened = sessions.start(person, methods=["pwd"], origin=NOWHERE, now=timezone.now())
    assert isinstance(opened, SignedIn)
    return Person(person, opened.access, opened.refresh, str(opened.session.pk))


def _stale(person: Person) -> Person:
    """The same in a session whose last proof is too old to open what asks for one."""
    other = entered(person.user)
    let_proofs_grow_old(other.session_id)
    return other


def _things_of(person: Person) -> dict[str, Any]:
    now = timezone.now()
    passkey = Passkey.objects.create(
        user=person.user,
        credential_id=uuid7().bytes,
        public_key=bytes(64),
        sign_count=1,
        aaguid=uuid7(),
        is_backup_eligible=False,
        is_backed_up=False,
        created_at=now,
    )
    identity = Identity.objects.create(
        user=person.user, provider="acme", subject=uuid7().hex, created_at=now
    )
    export = DataExport.objects.create(user=person.user, requested_at=now, due_at=now)
    return {
        "passkey_id": passkey.pk,
        "identity_id": identity.pk,
        "export_id": export.pk,
        "session_id": person.session_id,
        "provider": "acme",
        "slug": "nothing-like-it",
    }


def _connections_of(club: Club) -> dict[str, str]:
    """The slug of one connection over each protocol."""
    now = timezone.now()
    rows = {
        protocol: connection_rows.make(club.id, protocol, connection_fields.judged(fields), now=now)
        for protocol, fields in BODIES.items()
    }
    slugs = {protocol: row.slug for protocol, row in rows.items()}
    return {**slugs, "sign_in_id": str(uuid7())}


def _things_in(club: Club) -> dict[str, Any]:
    now = timezone.now()
    invitation = Invitation.objects.create(
        organization_id=club.id,
        role=Role.objects.get(organization_id=club.id, name="viewer"),
        invited_by=club.owner.user,
        email="guest@example.net",
        email_key="guest@example.net",
        token_digest=uuid7().bytes * 2,
        created_at=now,
        expires_at=now + timedelta(days=1),
    )
    domain = OrganizationDomain.objects.create(
        organization_id=club.id,
        name=f"{uuid7().hex}.example",
        token="x",
        created_at=now,
        verified_at=now,
    )
    trail_export = TrailExport.objects.create(
        organization_id=club.id,
        requested_by=uuid7(),
        requested_at=now,
        due_at=now,
        format=TrailExport.Format.CSV,
    )
    return {
        "domain_id": domain.pk,
        "trail_export_id": trail_export.pk,
        "row_id": AuditRow.objects.filter(organization_id=club.id).latest("pk").pk,
        "organization_id": club.id,
        "user_id": club.joined("viewer", person=entered()).user.pk,
        "role_id": club.role("clerk", "members:read"),
        "key_id": made(club, "members:read").id,
        "invitation_id": invitation.pk,
    }
