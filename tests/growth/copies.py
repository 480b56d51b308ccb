"""One of everything, and as many more of each as a test wants: rows like rows that there are."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Registration, Role, TermsConsent
from accounts.services.mail import get_email_service
from audit.chain import SYSTEM_CHAIN
from audit.models import AuditRow, Checkpoint, Truncation
from plinto.kernel.ids import uuid7
from resilience.models import CircuitTransition, Counter
from sso.models import Connection, GroupRole, ScimGroup, ScimMember, ScimUser
from tests.accounts import phones
from tests.accounts.comers import Comer, Street
from tests.accounts.doors import DOORS
from tests.project.tree import PACKAGES

# There is one of these at a time, or there are as many as processes: they do not grow.
FEW = {"audit.checkpointkey", "sso.servicekey", "resilience.process", "accounts.signingkey"}
_numbers = itertools.count(1_000)


def one_of_each(street: Street) -> None:
    """Make a row of everything that a list may show, most of it behind the doors of the API."""
    for comer in (Comer.OWNER, Comer.KEY, Comer.PROVISIONER):
        street.build(comer, DOORS)
    now, later = timezone.now(), timezone.now() + timedelta(days=1)
    phones.begun(street.api, street.ada)
    with transaction.atomic():
        context = {"link": "https://example.com/", "expires_in_minutes": 30}
        get_email_service().queue("set_password", to="ada@example.com", context=context, now=now)
    TermsConsent.objects.create(
        user=street.ada.user, version="1", accepted_at=now, address="192.0.2.1"
    )
    Registration.objects.create(
        email="ada@example.com",
        email_key="ada@example.com",
        password="!",
        handle_digest=uuid7().bytes * 2,
        created_at=now,
        expires_at=later,
    )
    CircuitTransition.objects.create(
        process_id=uuid7(),
        process_label="here:1",
        breaker="redis.default",
        before="closed",
        after="open",
        generation=2,
        occurred_at=now,
    )
    Group.objects.create(name="Support")
    Counter.objects.create(scope="code", subject="somebody", count=1, ends=2**31)
    group, described = ScimGroup.objects.get(), ScimUser.objects.get()
    ScimMember.objects.create(group=group, user=described)
    role = Role.objects.filter(organization_id=street.club.id, is_builtin=False).first()
    GroupRole.objects.create(organization_id=street.club.id, group="poets", role=role, position=1)
    signed = {"chain": SYSTEM_CHAIN, "kid": "0", "signature": bytes(64)}
    Checkpoint.objects.create(
        **{"number": 1, "first": 1, "last": 1, "signed_at": now, "due_at": later, **signed},
        **dict.fromkeys(("head_hash", "merkle_root", "previous"), bytes(32)),
    )
    Truncation.objects.create(
        **{"through": 1, "checkpoint": 1, "cut_at": now, **signed},
        **dict.fromkeys(("through_hash", "checkpoint_digest"), bytes(32)),
    )


@transaction.atomic
def copy_everything(times: int) -> None:
    """Make ``times`` more of the row that is the first of its table, in every table."""
    for model in apps.get_models():
        if model._meta.label_lower in FEW or hangs_on_one(model) or not is_ours(model):
            continue
        for first in first_rows(model):
            for way in _ways(model):
                for _ in range(times):
                    again(first, by=way)


def first_rows(model: type[models.Model]) -> list[models.Model]:
    """The first row of a table, or of each kind of its rows."""
    rows = model._base_manager.order_by("pk")
    kinds = {
        # What a built-in role holds stands in the code under its name.
        Role: [Q(is_builtin=False)],
        AuditRow: [Q(organization_id__isnull=False)],
        Connection: [Q(protocol="saml"), Q(protocol="oidc")],
    }
    found = (rows.filter(kind).first() for kind in kinds.get(model, [Q()]))
    return [row for row in found if row is not None]


def is_ours(model: type[models.Model]) -> bool:
    return model._meta.app_label in PACKAGES or model is Group


def hangs_on_one(model: type[models.Model]) -> bool:
    """Whether each row hangs on one other row alone, with which it is copied."""
    return any(isinstance(field, models.OneToOneField) for field in model._meta.concrete_fields)


def is_once(row: models.Model, field: models.Field[Any, Any]) -> bool:
    """Whether a value of this field is in the table once, by itself or beside another."""
    return field in set(_once(type(row), None))


def again(row: Any, *, by: str | None = None, **given: Any) -> Any:
    """
    Another row like this one, with what hangs on it alone.

    What must be there once is changed: of a pair of other rows the one of the field ``by``.
    """
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    key = row._meta.pk
    del values[key.attname]
    if isinstance(key, models.UUIDField):
        values[key.attname] = uuid7()
    for field in _once(type(row), by):
        if field is not key and field.attname not in given:
            values[field.attname] = _other(row, field)
    made = type(row)(**{**values, **given})
    # As it stands: saving a person would make the key of their address from the address again.
    made.save_base(raw=True, force_insert=True)
    for relation in row._meta.related_objects:
        if relation.one_to_one and hasattr(row, relation.get_accessor_name() or ""):
            child = getattr(row, relation.get_accessor_name())
            again(child, **{relation.field.attname: made.pk})
    return made


def _pairs(model: type[models.Model]) -> Iterator[list[models.Field[Any, Any]]]:
    """The fields of each constraint that lets a row be there once."""
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields:
            yield [model._meta.get_field(name) for name in constraint.fields]


def _ways(model: type[models.Model]) -> list[str | None]:
    """By which of its relations a row can be there once more, where it is only by one."""
    for fields in _pairs(model):
        if len(fields) > 1 and all(field.is_relation for field in fields):
            return [field.name for field in fields]
    return [None]


def _once(model: type[models.Model], by: str | None) -> Iterator[models.Field[Any, Any]]:
    yield from (field for field in model._meta.concrete_fields if field.unique)
    for fields in _pairs(model):
        own = [field for field in fields if not field.is_relation]
        named = [field for field in fields if field.name == by]
        yield (own or named or fields)[-1]


def _other(row: Any, field: models.Field[Any, Any]) -> Any:
    value = getattr(row, field.attname)
    if value is None:
        return None
    if field.is_relation:
        return again(getattr(row, field.name)).pk
    if isinstance(value, UUID):
        return uuid7()
    if isinstance(value, int):
        return value + next(_numbers)
    if isinstance(value, bytes | memoryview):
        return uuid7().bytes * 2
    text = f"{next(_numbers)}{value}"
    return text[: field.max_length]
