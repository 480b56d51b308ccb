"""The trail in Django admin: read, search and filter, for nobody to change."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from audit.events import Event
from audit.models import AuditRow
from audit.services import personal
from audit.services.personal import Opened, PersonalKeys
from plinto.kernel import services

if TYPE_CHECKING:
    RowAdmin = admin.ModelAdmin[AuditRow]
    RowPages = Paginator[AuditRow]
else:  # Django's own classes take no type argument at run time
    RowAdmin, RowPages = admin.ModelAdmin, Paginator

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


def _personal(name: str, title: str) -> Callable[[object, AuditRow], str]:
    @admin.display(description=title)
    def column(_admin: object, row: AuditRow) -> str:
        return str(getattr(_told(row), name))

    return column


def _told(row: AuditRow) -> Opened:
    told: Opened = getattr(row, "told", None) or personal.opened([row])[row.pk]
    return told


class OpenedList(ChangeList):
    """A page of the trail, opened with one look-up of keys."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        told = personal.opened(rows)
        for row in rows:
            row.told = told[row.pk]
        self.result_list = rows


@admin.register(AuditRow)
class AuditRowAdmin(RowAdmin):
    """Superusers included, nobody adds, changes or deletes."""

    list_display = ("occurred_at", "action", "outcome", "reason", "who", "what", "address")
    list_filter = ("outcome", ActionFilter, PeriodFilter)
    list_per_page = 50
    list_max_show_all = 0
    sortable_by = ()
    ordering = ("-id",)
    show_full_result_count = False
    paginator = NewestPages
    actions = None
    # Only switches the box on; get_search_results decides what is matched.
    search_fields = ("id",)
    search_help_text = "Exact: an id, a request id, or an address as it was."

    readonly_fields = ("who", "what", "address", "agent", "changed")
    fields = (
        *("id", "occurred_at", "action", "outcome", "reason"),
        *("who", "actor_kind", "actor_id", "what", "target_kind", "target_id", "changed"),
        *("address", "agent", "organization_id", "session_id", "request_id"),
        *("chain", "sequence", "sealed_at"),
    )

    who = _personal("actor_label", "actor")
    what = _personal("target_label", "target")
    address = _personal("address", "address")
    agent = _personal("agent", "agent")

    @admin.display(description="changes")
    def changed(self, row: AuditRow) -> str:
        return json.dumps(_told(row).changes, ensure_ascii=False)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ARG002
        return OpenedList

    def get_search_results(
        self, _request: HttpRequest, queryset: QuerySet[AuditRow], search_term: str
    ) -> tuple[QuerySet[AuditRow], bool]:
        term = search_term.strip().replace("\x00", "")
        if not term:
            return queryset, False
        wanted = Q(actor_id=term) | Q(target_id=term) | Q(request_id=term)
        if people := services.get(PersonalKeys).named(term):
            wanted |= Q(actor_id__in=people) | Q(target_id__in=people)
        with suppress(ValueError):
            wanted |= Q(id=UUID(term)) | Q(session_id=UUID(term)) | Q(organization_id=UUID(term))
        return queryset.filter(wanted), False

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: AuditRow | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: AuditRow | None = None) -> bool:
        return False
