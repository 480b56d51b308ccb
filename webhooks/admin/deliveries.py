"""Deliveries: what waits, what arrived, what was given up and why; and sending it once more."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from accounts.admin.acts import ActingAdmin
from accounts.admin.records import RecordAdmin
from audit.admin import PeriodFilter
from audit.models import AuditRow
from webhooks import catalogue
from webhooks.models import Delivery, Endpoint
from webhooks.services import endpoint_staff

_LATEST = 20  # tries that the page of a delivery shows


class TypeFilter(admin.SimpleListFilter):
    """Offers the catalogue, so no query has to gather the distinct values."""

    title = "type"
    parameter_name = "type"

    def lookups(self, _request: HttpRequest, _model_admin: object) -> list[tuple[str, str]]:
        return [(each, each) for each in (*catalogue.TYPES, catalogue.TEST, catalogue.EVERYTHING)]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(RecordAdmin[Delivery], ActingAdmin[Delivery]):
    """What a receiver said is text from outside, and is shown as nothing else."""

    target_kind = "delivery"
    list_display = ("created_at", "endpoint", "type", "state", "tries", "due_at", "last_error")
    fields = ("id", "event_id", *list_display, "settled_at", "tried", "all_tries")
    list_filter = ("state", TypeFilter, PeriodFilter)
    lookups = ("endpoint__id__exact",)
    # Only switches the box on; get_search_results decides what is matched.
    search_fields = ("id",)
    search_help_text = "Exact: the id of a delivery, or the webhook-id that a receiver was sent."
    actions: Any = ("redeliver",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        rows = super().get_queryset(request).select_related("endpoint")
        return rows.defer("endpoint__secret", "endpoint__former_secret")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Delivery],
        search_term: str,
    ) -> tuple[QuerySet[Delivery], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            key = UUID(term)
        except ValueError:
            return queryset.none(), False
        return queryset.filter(Q(pk=key) | _of_event(key)), False

    @admin.display(description="latest tries")
    def tried(self, delivery: Delivery) -> SafeString:
        row = (
            "<tr><td>{}</td><td>{} ms</td><td>{}</td><td>{}</td></tr>"
            '<tr><td colspan="4"><pre>{}</pre></td></tr>'
        )
        told = (
            (
                f"{localtime(each.started_at):%Y-%m-%d %H:%M:%S}",
                each.milliseconds,
                each.status or "no answer",
                each.error,
                each.body,
            )
            for each in delivery.log.order_by("-pk")[:_LATEST]
        )
        return format_html("<table>{}</table>", format_html_join("", row, told))

    @admin.display(description="all tries")
    def all_tries(self, delivery: Delivery) -> SafeString:
        query = urlencode({"delivery__id__exact": str(delivery.pk)})
        address = f"{reverse('admin:webhooks_attempt_changelist')}?{query}"
        return format_html('<a href="{}">Show</a>', address)

    def has_redeliver_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(endpoint_staff.PERMISSION)

    @admin.action(description="Send selected deliveries once more", permissions=["redeliver"])
    def redeliver(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        act = endpoint_staff.redeliver
        self.for_each(request, act, chosen=chosen, done="Deliveries that are sent once more")


def _of_event(event_id: UUID) -> Q:
    """The deliveries of one event: only those whom it concerns are looked through."""
    organization = AuditRow.objects.filter(pk=event_id).values_list("organization_id", flat=True)
    concerned = Q(organization=None)
    for key in organization:
        concerned |= Q(organization=key)
    endpoints = list(Endpoint.objects.filter(concerned).values_list("pk", flat=True))
    return Q(endpoint__in=endpoints, event_id=event_id)
