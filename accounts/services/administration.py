"""
What staff do to people, their sessions and their mail.

Each act holds the rows of the person and of the one who acts, and judges both as they are then.
So a superuser is only ever unmade by another who still is one: of two that unmake each other at
the same moment the second finds itself unmade, and one always remains.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from accounts.models import OutboundMail, Session, User
from accounts.services import (
    member_notes,
    password_links,
    registrations,
    sessions,
    standing,
    switching,
)
from accounts.services.staff import actor_of
from accounts.services.staff_groups import permission_names
from audit.events import Event
from audit.parties import Target
from audit.services.record import Entry, get_audit_service
from plinto.kernel.exceptions import AuthorizationError, ConflictError, NotFoundError
from plinto.kernel.origin import Origin
from resilience.leases import State
from resilience.retrying import after_conflicts

_FLAGS = {"is_staff", "is_superuser"}
_COLUMNS = {"name", "locale", "timezone", *_FLAGS}
RIGHTS = {"groups", "user_permissions", *_FLAGS}
# Ending a session writes an audit row; more than this at once would hold locks for seconds.
_PORTION = 500

Changes = dict[str, tuple[Any, Any]]


def may_act_on(person: User, *, by: User) -> bool:
    """
    Superusers act on everybody, other staff on themselves and on people who are not staff.

    Whoever can change the address of a colleague can take over their rights by a reset link.
    """
    return by.is_superuser or by.pk == person.pk or not (person.is_staff or person.is_superuser)


def hold(person_id: UUID, *, by: User) -> tuple[User, User]:
    """
    Lock the person and the one who acts, in one order, and judge them afresh.

    :raises NotFoundError: there is no such person
    :raises AuthorizationError: who acts has lost their rights, or never had these
    """
    wanted = User.objects.filter(pk__in={person_id, by.pk}).order_by("pk")
    held = {row.pk: row for row in wanted.select_for_update(no_key=True)}
    person, asking = held.get(person_id), held.get(by.pk)
    if person is None:
        raise NotFoundError
    is_staff = asking is not None and asking.is_active and asking.is_staff
    if asking is None or not is_staff or (by.is_superuser and not asking.is_superuser):
        raise AuthorizationError("You lost your rights meanwhile.", reason="rights were lost")
    if not may_act_on(person, by=asking):
        raise AuthorizationError("Only a superuser may change staff.", reason="target is staff")
    return person, asking


def create(person: User, *, by: User, origin: Origin, now: datetime) -> None:
    """
    Save a new person without a password, and mail them a link to set one.

    :raises ValidationError: the address is not one
    :raises ConflictError: the address is taken
    """
    registrations.read_address(person.email)
    person.set_unusable_password()
    person.created_at = now
    with transaction.atomic():
        hold(by.pk, by=by)
        try:
            with transaction.atomic():
                person.save(force_insert=True)
        except IntegrityError as error:
            raise _taken() from error
        told = {"email": (None, person.email), "name": (None, person.name)}
        _record(Event.USER_CREATED, person, by=by, origin=origin, now=now, changes=told)
        password_links.issue(person, template="set_password", origin=origin, now=now)


def change(
    person_id: UUID, *, wanted: Mapping[str, Any], by: User, origin: Origin, now: datetime
) -> None:
    """
    Change what ``wanted`` names: email, name, locale, timezone, or one of ``RIGHTS``.

    Relations are given as query sets. A new address counts as unproved. The next request on any
    worker sees the change.

    :raises AuthorizationError: rights are for superusers to give, and staff for them to change
    :raises ConflictError: the address is taken, or these are one's own rights
    :raises ValidationError: the address is not one
    """
    with transaction.atomic():
        person, asking = hold(person_id, by=by)
        columns = _columns(person, wanted)
        changes = {
            name: (getattr(person, name), value)
            for name, value in columns.items()
            if name != "email_key" and getattr(person, name) != value
        }
        changes |= _relations(person, wanted)
        if not changes:
            return
        _guard_rights(person, changes, asking=asking)
        _write(person, **columns)
        for name in changes.keys() & {"groups", "user_permissions"}:
            getattr(person, name).set(wanted[name])
        _record(Event.ADMIN_CHANGED, person, by=by, origin=origin, now=now, changes=changes)


@after_conflicts
def deactivate(person_id: UUID, *, by: User, origin: Origin, now: datetime) -> bool:
    """
    Switch a person off and end their sessions at once; false when they are off already.

    :raises ConflictError: it is oneself
    :raises AuthorizationError: they are staff, and ``by`` is no superuser
    """
    if person_id == by.pk:
        raise ConflictError("You cannot switch yourself off.", reason="oneself")
    with transaction.atomic():
        person, _ = hold(person_id, by=by)
        return switching.off(person, actor=actor_of(by), origin=origin, now=now)


@after_conflicts
def reactivate(person_id: UUID, *, by: User, origin: Origin, now: datetime) -> bool:
    """Switch a person on again; false when they are on already. Sessions stay ended."""
    with transaction.atomic():
        person, _ = hold(person_id, by=by)
        return switching.on(person, actor=actor_of(by), origin=origin, now=now)


@after_conflicts
def mail_link(person_id: UUID, *, by: User, origin: Origin, now: datetime) -> bool:
    """
    Mail a person a link that sets their password; staff never set or see one.

    :raises ConflictError: the person is switched off, so the link would open nothing
    """
    with transaction.atomic():
        person, _ = hold(person_id, by=by)
        if not person.is_active:
            told = f"The account of {person.email} is switched off."
            raise ConflictError(told, reason="switched off")
        _record(Event.PASSWORD_RESET_REQUESTED, person, by=by, origin=origin, now=now)
        password_links.issue(person, template="set_password", origin=origin, now=now)
    return True


@after_conflicts
def end_all_sessions(person_id: UUID, *, by: User, origin: Origin, now: datetime) -> int:
    """End all sessions of a person and say how many."""
    with transaction.atomic():
        person, _ = hold(person_id, by=by)
        return sessions.end_all(
            person.pk, reason="ended by staff", actor=actor_of(by), origin=origin, now=now
        )


def end_sessions(chosen: QuerySet[Session], *, by: User, origin: Origin, now: datetime) -> int:
    """End the live ones among chosen sessions, but for those of people out of reach."""
    if not by.is_superuser:
        chosen = chosen.filter(Q(user__is_staff=False, user__is_superuser=False) | Q(user=by))
    live = chosen.filter(ended_at=None, expires_at__gt=now).order_by()
    keys = list(live.values_list("pk", flat=True))
    ended = 0
    for start in range(0, len(keys), _PORTION):
        portion = Session.objects.filter(pk__in=keys[start : start + _PORTION])
        ended += after_conflicts(sessions.end)(
            portion, reason="ended by staff", actor=actor_of(by), origin=origin, now=now
        )
    return ended


@after_conflicts
def send_now(chosen: QuerySet[OutboundMail], *, by: User, origin: Origin, now: datetime) -> int:
    """
    Let chosen letters that wait for another try come due, and say how many did.

    A letter that a worker holds is left alone: it would be sent twice.
    """
    with transaction.atomic():
        waiting = OutboundMail.objects.filter(state=State.DUE, lease=None, due_at__gt=now)
        held = list(
            waiting.filter(pk__in=chosen.order_by().values("pk"))
            .order_by("pk")
            .select_for_update()
            .values_list("pk", "due_at")
        )
        waiting.filter(pk__in=[key for key, _ in held]).update(due_at=now)
        get_audit_service().record_all(
            Entry(
                event=Event.ADMIN_CHANGED,
                actor=actor_of(by),
                target=Target("mail", id=str(key)),
                origin=origin,
                changes={"due_at": (due_at, now)},
                now=now,
            )
            for key, due_at in held
        )
    return len(held)


def _columns(person: User, wanted: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name: value for name, value in wanted.items() if name in _COLUMNS}
    if "email" in wanted:
        address = registrations.read_address(wanted["email"])
        columns["email"] = address.email
        if address.key != person.email_key:
            columns |= {"email_key": address.key, "email_verified_at": None}
    return columns


def _relations(person: User, wanted: Mapping[str, Any]) -> Changes:
    pairs: Changes = {}
    if "groups" in wanted:
        pairs["groups"] = _names(person.groups.all()), _names(wanted["groups"])
    if "user_permissions" in wanted:
        before = permission_names(person.user_permissions.all())
        pairs["user_permissions"] = before, permission_names(wanted["user_permissions"])
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _names(groups: QuerySet[Any]) -> list[str]:
    return sorted(groups.values_list("name", flat=True))


def _guard_rights(person: User, changes: Changes, *, asking: User) -> None:
    if changes.keys() & RIGHTS and not asking.is_superuser:
        raise AuthorizationError("Only a superuser may change rights.", reason="not a superuser")
    loses = any(changes[flag][0] and not changes[flag][1] for flag in changes.keys() & _FLAGS)
    if loses and person.pk == asking.pk:
        raise ConflictError("You cannot take your own rights away.", reason="oneself")


def _write(person: User, **columns: Any) -> None:
    try:
        with transaction.atomic():
            User.objects.filter(pk=person.pk).update(version=F("version") + 1, **columns)
    except IntegrityError as error:
        raise _taken() from error
    transaction.on_commit(lambda: standing.refresh_person(person.pk))


def _taken() -> ConflictError:
    return ConflictError("There is an account under this address.", reason="address is taken")


def _record(
    event: Event,
    person: User,
    *,
    by: User,
    origin: Origin,
    now: datetime,
    changes: Changes | None = None,
) -> None:
    actor, target = actor_of(by), sessions.target_of(person)
    get_audit_service().record(
        event, actor=actor, target=target, origin=origin, changes=changes, now=now
    )
    member_notes.follow(event, person, actor=actor, origin=origin, changes=changes, now=now)
