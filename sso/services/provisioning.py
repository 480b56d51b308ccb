"""
Whom an organization's identity provider describes, and what follows for signing in.

A description (``ScimUser``) is looked for by what a sign-in tells: the subject, which may be the
name or the external id that was provisioned, and the address. It is linked to an account when the
address lies in a proved domain, or when the person has proved who they are.
"""

from __future__ import annotations

from datetime import datetime
from unicodedata import normalize
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import F, Q, QuerySet

from accounts.rules import addresses
from accounts.services import provisioning
from accounts.services.federation import Voucher
from sso.models import Connection, ScimMember, ScimUser


def folded(name: str) -> str:
    """Spell a name as it is compared where case does not count (RFC 7643, section 2.1)."""
    return normalize("NFC", normalize("NFC", name).casefold())


def is_admitted(organization_id: UUID, email_key: str, subject: str) -> bool:
    """
    Tell whether somebody may come in by the connections of an organization.

    False when any description of them is switched off: the one under their subject or address, or
    the one that was linked to whom this subject has been so far.
    """
    connections = Connection.objects.filter(organization_id=organization_id)
    known = provisioning.known_as(subject, list(connections.values_list("pk", flat=True)))
    off = ScimUser.objects.filter(organization_id=organization_id, is_active=False)
    about = _of_subject(subject) | Q(user_id__in=known)
    if email_key:
        about |= Q(email_key=email_key)
    return not off.filter(about).exists()


def groups_of(organization_id: UUID, email_key: str, subject: str) -> tuple[str, ...]:
    """Name the groups in which whoever has this subject or address was provisioned."""
    mine = ScimUser.objects.filter(organization_id=organization_id, is_active=True)
    about = _of_subject(subject)
    if email_key:
        about |= Q(email_key=email_key)
    found = ScimMember.objects.filter(user__in=mine.filter(about))
    return tuple(found.values_list("group__display_name", flat=True))


def linked(person: AbstractBaseUser, voucher: Voucher, *, now: datetime) -> None:
    """
    Let a description become this person, in the caller's transaction, which holds them.

    Nothing happens when nobody was provisioned under this subject or address, when somebody else
    has the description, or when the person has another one in this organization.
    """
    mine = ScimUser.objects.filter(organization_id=voucher.organization_id)
    if mine.filter(user_id=person.pk).exists():
        return
    found = _waiting(mine, voucher)
    if found is not None:
        mine.filter(pk=found.pk, user=None).update(
            user_id=person.pk, version=F("version") + 1, updated_at=now
        )


def _waiting(mine: QuerySet[ScimUser], voucher: Voucher) -> ScimUser | None:
    """Find the description that waits for somebody; a subject tells more than an address."""
    free = mine.filter(user=None, is_active=True)
    found = free.filter(_of_subject(voucher.subject)).first()
    if found is None:
        try:
            key = addresses.canonical(voucher.email).key
        except ValueError:
            return None
        found = free.filter(email_key=key).first()
    return found


def _of_subject(subject: str) -> Q:
    about = Q(user_name_key=folded(subject))
    return about | Q(external_id=subject) if subject else about
