"""Mail on its way: what waits, what went, what failed and why; never what it says."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.admin import searching
from accounts.admin.records import RecordAdmin
from accounts.asking import asked
from accounts.models import OutboundMail
from accounts.services import administration
from accounts.services.letters import Letter
from audit.admin import PeriodFilter


class TemplateFilter(admin.SimpleListFilter):
    """Offers the letters there are, so no query has to gather the distinct values."""

    title = "template"
    parameter_name = "template"

    def lookups(self, _request: HttpRequest, _model_admin: object) -> list[tuple[str, str]]:
        return [(letter.value, letter.value) for letter in Letter]

    def queryset(
        self, _request: HttpRequest, queryset: QuerySet[OutboundMail]
    ) -> QuerySet[OutboundMail]:
        return queryset.filter(template=self.value()) if self.value() else queryset


@admin.register(OutboundMail)
class OutboundMailAdmin(RecordAdmin[OutboundMail]):
    """The sealed context holds links and codes, and is not even read."""

    list_display = (
        "created_at",
        "template",
        "recipient",
        "state",
        "attempts",
        "due_at",
        "sent_at",
        "last_error",
    )
    fields = ("id", *list_display, "suppressed", "settled_at")
    list_filter = ("state", TemplateFilter, PeriodFilter)
    search_fields = ("recipient__istartswith",)
    search_help_text = "The beginning of the recipient's address."
    actions = ("send_now",)

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[OutboundMail],
        search_term: str,
    ) -> tuple[QuerySet[OutboundMail], bool]:
        term = search_term.strip()
        wanted = Q(recipient__istartswith=term)
        return searching.found(queryset, wanted) if term else queryset, False

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboundMail]:
        return super().get_queryset(request).defer("sealed_context")

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_outboundmail")

    @admin.action(description="Send now what waits for another try", permissions=["send"])
    def send_now(self, request: HttpRequest, chosen: QuerySet[OutboundMail]) -> None:
        hurried = administration.send_now(chosen, **asked(request))
        self.message_user(request, f"Letters that go out now: {hurried}.")
