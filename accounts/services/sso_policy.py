"""
Organizations that let the people of their domains in by their own connections only.

Judged where sessions are opened, once the first proof was right: so nobody learns by guessing.
Owners may come another way when the identity provider fails them, and that is never quiet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef

from accounts.federation_errors import SSORequired
from accounts.models import Membership, Organization, OrganizationDomain, Session
from accounts.rules import permissions
from accounts.services import owners
from accounts.services.federation import Voucher, get_sso_service
from accounts.services.mail import get_email_service
from audit.events import Event
from audit.parties import ANONYMOUS, Actor
from audit.services.record import get_audit_service
from plinto.kernel.origin import Origin

Arguments = ParamSpec("Arguments")
Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Glass:
    """The organization whose rule an owner of it may break."""

    organization_id: UUID


def judge(
    session: Session, actor: Actor, voucher: Voucher | None, *, origin: Origin, now: datetime
) -> Glass | None:
    """
    Let the person of a session in, or not, who has shown the first proof.

    ``voucher`` if a connection did; the answer is what an owner breaks who comes another way.

    :raises SSORequired: an organization has proved the domain of their address, wants them to
        come by one of its connections, and they did not
    """
    owned = Membership.objects.filter(
        organization_id=OuterRef("organization_id"),
        user=session.user_id,
        role__is_builtin=True,
        role__name=permissions.OWNER,
    )
    ruled = OrganizationDomain.objects.filter(
        name=session.user.email_key.rpartition("@")[2],
        verified_at__isnull=False,
        organization__sso_required_from__lte=now,
    ).annotate(is_owner=Exists(owned))
    found = ruled.values_list("organization_id", "is_owner").first()
    if found is None:
        return None
    organization_id, is_owner = found
    if voucher is not None and voucher.organization_id == organization_id:
        return None
    if is_owner:
        return Glass(organization_id)
    door = get_sso_service().door(organization_id)
    raise SSORequired(
        {"login_url": door.login_url, "slug": door.slug, "protocol": door.protocol} if door else {},
        organization_id=organization_id,
        person=actor.as_target(),
        origin=origin,
    )


def break_glass(
    glass: Glass, session: Session, actor: Actor, *, origin: Origin, now: datetime
) -> None:
    """Record that an owner came in another way, and mail every owner, in the transaction of it."""
    get_audit_service().record(
        Event.GLASS_BROKEN,
        actor=actor,
        target=actor.as_target(),
        origin=origin,
        organization_id=glass.organization_id,
        session_id=session.pk,
        now=now,
    )
    organization = Organization.objects.get(pk=glass.organization_id)
    for owner in owners.of(glass.organization_id):
        get_email_service().queue(
            "glass_broken",
            to=owner.email,
            context={
                "name": owner.name,
                "owner": session.user.email,
                "organization": organization.name,
                "address": origin.address,
                "time": now,
            },
            now=now,
        )


def recorded(enter: Callable[Arguments, Entry]) -> Callable[Arguments, Entry]:
    """Mark a way in, which opens sessions in transactions of its own, to record these refusals."""

    @wraps(enter)
    def entered(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Entry:
        try:
            return enter(*args, **kwargs)
        except SSORequired as refusal:
            get_audit_service().record_refusal(
                Event.SESSION_REFUSED,
                actor=ANONYMOUS,
                target=refusal.person,
                origin=refusal.origin,
                organization_id=refusal.organization_id,
                reason=refusal.reason,
            )
            raise

    return entered
