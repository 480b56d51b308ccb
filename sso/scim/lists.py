"""Lists (RFC 7644, section 3.4.2): a stretch of what a filter chooses, in a stable order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from scim2_models import ScimFilter, SearchRequest

from resilience.contract import enforces
from sso import scim_controls
from sso.scim import groups, users
from sso.scim.kinds import Group, Person
from sso.services.scim_tokens import ScimStanding

_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


@dataclass(frozen=True, slots=True)
class _Kind:
    """How resources of a kind are found and told."""

    model: Any
    found: Callable[..., QuerySet[Any]]
    told: Callable[..., list[dict[str, Any]]]


_KINDS = {
    Person: _Kind(Person, users.found, users.told),
    Group: _Kind(Group, groups.found, groups.told),
}


@enforces(scim_controls.SCIM_TOKENS)
def of(who: ScimStanding, model: Any, asked: SearchRequest[Any]) -> dict[str, Any]:
    """Tell of the resources of one kind that are asked for."""
    kind = _KINDS[model]
    return _listed(asked, [(kind, kind.found(who, asked.filter))])


@enforces(scim_controls.SCIM_TOKENS)
def of_all(who: ScimStanding, asked: SearchRequest[Any]) -> dict[str, Any]:
    """Tell of the resources of every kind, users first."""
    found = []
    for kind in _KINDS.values():
        bound: Any = ScimFilter.__class_getitem__(kind.model)
        wanted = None if asked.filter is None else bound(str(asked.filter))
        found.append((kind, kind.found(who, wanted, is_strict=False)))
    return _listed(asked, found)


def page(resources: Sequence[dict[str, Any]], *, total: int, start: int = 1) -> dict[str, Any]:
    """Tell of a stretch of a list, and how long the list is."""
    return {
        "schemas": [_SCHEMA],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }


def _listed(asked: SearchRequest[Any], found: list[tuple[_Kind, QuerySet[Any]]]) -> dict[str, Any]:
    resources: list[dict[str, Any]] = []
    start, wanted, total = asked.start_index or 1, asked.count or 0, 0
    for kind, rows in found:
        first = max(start - 1 - total, 0)
        total += rows.count()
        left = wanted - len(resources)
        if left > 0:
            resources += kind.told(list(rows.order_by("pk")[first : first + left]), asked)
    return page(resources, total=total, start=start)
