"""Deleting what nobody asks about any more, without holding locks for long."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from resilience.retrying import after_conflicts

# One long delete would hold its locks past the statement timeout.
_PORTION = 1000


def delete(outdated: QuerySet[Any]) -> int:
    """
    Delete rows a portion at a time, each in a transaction of its own; return how many.

    They are deleted as a queryset of this kind deletes, whatever their model's own manager does.
    """
    rows = type(outdated)(outdated.model)
    if not outdated.query.order_by:
        # In the order of the model, they would be looked for from the newest row on.
        outdated = outdated.order_by()
    total = 0
    while True:
        keys = list(outdated.values_list("pk", flat=True)[:_PORTION])
        if keys:
            after_conflicts(rows.filter(pk__in=keys).delete)()
        total += len(keys)
        if len(keys) < _PORTION:
            return total
