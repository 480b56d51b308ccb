"""What accounts asks of the connections of organizations, answered from their rows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet

from accounts.services.federation import LoginDoor, SSOService, Terms, Voucher
from plinto.kernel import services
from plinto.kernel.crypto import encrypt, token_digest
from sso.models import Connection, GroupRole, SignOn
from sso.protocols.saml.subjects import NameID
from sso.services import addresses, provisioning

# What is sealed in ``SignOn.sealed_subject``.
PURPOSE_OF_SUBJECT = "subject of a sign-on"


class Federation(SSOService):
    """Reads the rows anew each time: what was switched off admits nobody."""

    def terms(self, voucher: Voucher) -> Terms | None:
        connection = _of(voucher).first()
        if connection is None or not _is_admitted(voucher):
            return None
        return Terms(
            creates_accounts=connection.creates_accounts,
            role_id=_role_of(voucher.organization_id, (*voucher.groups, *_provisioned(voucher))),
            default_role_id=connection.default_role_id,
        )

    def opened(self, session_id: UUID, voucher: Voucher, *, now: datetime) -> bool:
        # Whoever switches the connection off waits for this row, and then finds the session.
        if not _of(voucher).update(last_used_at=now) or not _is_admitted(voucher):
            return False
        SignOn.objects.create(
            session_id=session_id,
            connection_id=voucher.connection_id,
            subject_digest=subject_digest(_named(voucher)),
            session_index=voucher.session_index[:255],
            sealed_subject=encrypt(voucher.hint.encode(), purpose=PURPOSE_OF_SUBJECT),
        )
        return True

    def linked(self, person: AbstractBaseUser, voucher: Voucher, *, now: datetime) -> None:
        provisioning.linked(person, voucher, now=now)

    def door(self, organization_id: UUID) -> LoginDoor | None:
        usable = Connection.objects.filter(organization_id=organization_id, is_enabled=True)
        # A handful; asked for in order, PostgreSQL would look for them from the oldest of all on.
        found = min(usable.order_by(), key=lambda each: each.pk, default=None)
        return door_of(found) if found else None

    def names(self, connection_ids: Collection[UUID]) -> dict[UUID, str]:
        named = Connection.objects.filter(pk__in=connection_ids)
        return dict(named.values_list("pk", "name"))

    def is_usable(self, connection_id: UUID) -> bool:
        return Connection.objects.filter(pk=connection_id, is_enabled=True).exists()


def door_of(connection: Connection) -> LoginDoor:
    """Return where people sign in by a connection."""
    return LoginDoor(
        slug=connection.slug,
        protocol=connection.protocol,
        login_url=addresses.login(connection),
    )


def subject_digest(subject: str) -> bytes:
    """Under which the sessions of somebody are found when their provider signs them out."""
    return token_digest(subject)


def _named(voucher: Voucher) -> str:
    """What its provider calls somebody when it signs them out: the NameID, or ``sub``."""
    if voucher.protocol == Connection.Protocol.SAML and voucher.hint:
        return NameID.of_hint(voucher.hint).value
    return voucher.subject


def _of(voucher: Voucher) -> QuerySet[Connection]:
    return Connection.objects.filter(
        pk=voucher.connection_id, organization_id=voucher.organization_id, is_enabled=True
    )


def _is_admitted(voucher: Voucher) -> bool:
    """Tell whether the provider has not provisioned the person and then switched them off."""
    return provisioning.is_admitted(voucher.organization_id, voucher.email_key, voucher.subject)


def _provisioned(voucher: Voucher) -> tuple[str, ...]:
    """The groups in which the provider has put the person, besides those that it tells of now."""
    return provisioning.groups_of(voucher.organization_id, voucher.email_key, voucher.subject)


def _role_of(organization_id: UUID, groups: tuple[str, ...]) -> UUID | None:
    """Of the roles that the groups give, the one whose line comes first."""
    if not groups:
        return None
    lines = GroupRole.objects.filter(organization_id=organization_id, group__in=groups)
    return lines.order_by("position").values_list("role_id", flat=True).first()


services.register(SSOService, Federation)  # type: ignore[type-abstract]
