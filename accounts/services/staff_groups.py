"""Groups of staff and the permissions they hand out; superusers alone change them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from accounts.services.staff import actor_of
from audit.events import Event
from audit.parties import Target
from audit.services.record import get_audit_service
from plinto.kernel.exceptions import AuthorizationError
from plinto.kernel.origin import Origin


def permission_names(permissions: QuerySet[Permission]) -> list[str]:
    """Name permissions as ``app.codename``, which is how code asks for them."""
    columns = permissions.values_list("content_type__app_label", "codename")
    return sorted(f"{app}.{codename}" for app, codename in columns)


def save(
    group: Group, *, permissions: QuerySet[Permission], by: User, origin: Origin, now: datetime
) -> None:
    """
    Write a new or changed group with exactly these permissions.

    :raises AuthorizationError: ``by`` is not a superuser, who could so grant what they lack
    """
    _superusers_only(by)
    with transaction.atomic():
        old = Group.objects.filter(pk=group.pk).select_for_update().first() if group.pk else None
        before = _described(old)
        group.save()
        group.permissions.set(permissions)
        after = _described(group)
        changes = {
            name: (before.get(name), value)
            for name, value in after.items()
            if before.get(name) != value
        }
        if changes:
            _record(group, changes, by=by, origin=origin, now=now)


def delete(group: Group, *, by: User, origin: Origin, now: datetime) -> None:
    """
    Delete a group; its members lose what only it gave them.

    :raises AuthorizationError: ``by`` is not a superuser
    """
    _superusers_only(by)
    with transaction.atomic():
        changes = {name: (value, None) for name, value in _described(group).items()}
        _record(group, changes, by=by, origin=origin, now=now)
        group.delete()


def _superusers_only(by: User) -> None:
    if not by.is_superuser:
        raise AuthorizationError("Only a superuser may change groups.", reason="not a superuser")


def _described(group: Group | None) -> dict[str, Any]:
    if group is None:
        return {}
    return {"name": group.name, "permissions": permission_names(group.permissions.all())}


def _record(
    group: Group,
    changes: dict[str, tuple[Any, Any]],
    *,
    by: User,
    origin: Origin,
    now: datetime,
) -> None:
    get_audit_service().record(
        Event.ADMIN_CHANGED,
        actor=actor_of(by),
        target=Target("group", id=str(group.pk), label=group.name),
        origin=origin,
        changes=changes,
        now=now,
    )
