"""
What lists of the admin site share that reaches down to the trail: pages, periods, words.

The page of the trail itself is in ``accounts.admin.trail``, where lists get what all of them have.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from audit.events import Event
from audit.models import AuditRow

if TYPE_CHECKING:
    RowPages = Paginator[AuditRow]
else:  # Django's own class takes no type argument at run time
    RowPages = Paginator

_PERIODS = {
    "hour": ("Last hour", timedelta(hours=1)),
    "day": ("Last 24 hours", timedelta(days=1)),
    "week": ("Last 7 days", timedelta(days=7)),
    "month": ("Last 30 days", timedelta(days=30)),
}


class NewestPages(RowPages):
    """
    Counts no further than the pages it offers.

    Counting a trail of millions reads all of it, and so does a deep offset; filters and search
    reach what lies further back.
    """

    reach = 5_000

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[AuditRow]", self.object_list)
        return rows.order_by()[: self.reach].count()


class ActionFilter(admin.SimpleListFilter):
    """Offers the vocabulary, so no query has to gather the distinct values."""

    title = "action"
    parameter_name = "action"

    def lookups(self, _request: HttpRequest, _model_admin: object) -> list[tuple[str, str]]:
        return [(event.value, event.value) for event in sorted(Event)]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[AuditRow]) -> QuerySet[AuditRow]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class PeriodFilter(admin.SimpleListFilter):
    """Cuts by the time inside the id, which the primary key already sorts by."""

    title = "when"
    parameter_name = "when"

    def lookups(self, _request: HttpRequest, _model_admin: object) -> list[tuple[str, str]]:
        return [(name, label) for name, (label, _) in _PERIODS.items()]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[AuditRow]) -> QuerySet[AuditRow]:
        period = _PERIODS.get(self.value() or "")
        if period is None:
            return queryset
        milliseconds = int((timezone.now() - period[1]).timestamp() * 1000)
        return queryset.filter(id__gte=UUID(int=milliseconds << 80))
