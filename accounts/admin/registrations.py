"""Registrations that wait for their mailbox to be proved."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin import searching
from accounts.admin.records import RecordAdmin
from accounts.models import Registration
from audit.admin import PeriodFilter


@admin.register(Registration)
class RegistrationAdmin(RecordAdmin[Registration]):
    """The chosen password and the handle are not even read."""

    list_display = ("created_at", "email", "name", "expires_at", "is_waiting")
    fields = ("id", *list_display)
    list_filter = (PeriodFilter,)
    search_fields = ("email_key__istartswith",)
    search_help_text = "The beginning of an address."

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Registration],
        search_term: str,
    ) -> tuple[QuerySet[Registration], bool]:
        term = search_term.strip()
        wanted = Q(email_key__startswith=term.lower())
        return searching.found(queryset, wanted) if term else queryset, False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Registration]:
        return super().get_queryset(request).defer("password", "handle_digest")

    @admin.display(description="waiting", boolean=True)
    def is_waiting(self, registration: Registration) -> bool:
        return registration.expires_at > timezone.now()
