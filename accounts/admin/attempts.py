"""Counters of attempts: how busy guessers are; whom they count for, the table does not know."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.records import RecordAdmin
from resilience.models import Counter


@admin.register(Counter)
class CounterAdmin(RecordAdmin[Counter]):
    """Counters clear themselves when their window ends."""

    list_display = ("scope", "count", "window_ends")
    fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[Counter]:
        return super().get_queryset(request).defer("subject")

    @admin.display(description="window ends")
    def window_ends(self, counter: Counter) -> datetime:
        return datetime.fromtimestamp(counter.ends, tz=UTC)
