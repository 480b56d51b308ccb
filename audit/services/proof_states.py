"""How far rows of the trail are proved: not sealed, sealed, or signed by which checkpoint."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import OuterRef, Subquery

from audit.models import AuditRow, Checkpoint


def checkpoints(rows: Iterable[AuditRow]) -> dict[UUID, Checkpoint]:
    """
    Return the checkpoint of each row that has one, by the row's id, in two statements.

    A checkpoint over a row is the first of its chain that ends at it or behind it.
    """
    keys = [row.pk for row in rows if row.sealed_hash is not None]
    if not keys:
        return {}
    covering = Checkpoint.objects.filter(chain=OuterRef("chain"), last__gte=OuterRef("sequence"))
    first = covering.order_by("last").values("pk")[:1]
    found = AuditRow.objects.filter(pk__in=keys).annotate(checkpoint_id=Subquery(first))
    pairs = dict(found.values_list("pk", "checkpoint_id"))
    signed = Checkpoint.objects.in_bulk({key for key in pairs.values() if key})
    return {key: signed[checkpoint] for key, checkpoint in pairs.items() if checkpoint in signed}
