"""Every try of every delivery, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.records import RecordAdmin
from audit.admin import PeriodFilter
from webhooks.models import Attempt


@admin.register(Attempt)
class AttemptAdmin(RecordAdmin[Attempt]):
    """What a receiver said is text from outside, and is shown as nothing else."""

    list_display = ("started_at", "delivery", "status", "milliseconds", "error")
    fields = (*list_display, "headers", "body")
    list_filter = (PeriodFilter,)
    lookups = ("delivery__id__exact",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        return super().get_queryset(request).select_related("delivery")
