"""Searching a list of millions: every condition by its own index, and only so far."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from accounts.models import User

Row = TypeVar("Row", bound=Model)

# More would not be looked through either.
MOST = 1_000


def found(rows: QuerySet[Row], *conditions: Q) -> QuerySet[Row]:
    """
    Cut ``rows`` to those that meet one of the conditions, ``MOST`` of each at most.

    Joined by OR, or in the order of the list, they would lead PostgreSQL through the whole table:
    it walks from the newest row on and hopes to have met a page of matches soon.
    """
    keys = set[Any]()
    for condition in conditions:
        keys.update(rows.filter(condition).order_by().values_list("pk", flat=True)[:MOST])
    return rows.filter(pk__in=keys)


def of_people(rows: QuerySet[Row], beginning: str) -> QuerySet[Row]:
    """Cut ``rows`` to those of people whose address begins so; ``MOST`` people at most."""
    people = User.objects.filter(email_key__startswith=beginning).order_by()
    return found(rows, Q(user__in=list(people.values_list("pk", flat=True)[:MOST])))
