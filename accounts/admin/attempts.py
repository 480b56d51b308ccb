"""Attempt counters: how busy guessers are; whom they count for, the table itself does not know."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.records import RecordAdmin
from accounts.models import AttemptCounter


@admin.register(AttemptCounter)
class AttemptCounterAdmin(RecordAdmin[AttemptCounter]):
    """Counters clear themselves when their window ends."""

    list_display = ("scope", "count", "window_ends")
    fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[AttemptCounter]:
        return super().get_queryset(request).defer("subject")

    @admin.display(description="window ends")
    def window_ends(self, counter: AttemptCounter) -> datetime:
        return datetime.fromtimestamp(counter.ends, tz=UTC)
