"""Endpoints: who is told of what, how each fares, and those of the deployment itself."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import IntegerField, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from accounts.admin.acts import ActingAdmin
from accounts.asking import asked
from audit.admin import PeriodFilter
from plinto.kernel.exceptions import ValidationError
from resilience.leases import State
from webhooks.admin import endpoint_pages
from webhooks.models import Delivery, Endpoint
from webhooks.services import endpoint_rows, endpoint_staff
from webhooks.services.endpoint_rows import Issued

_MOST_COUNTED = 1_000


class Counted(Subquery):
    """How many rows a query finds, which its own limit bounds."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


class OwnerFilter(admin.SimpleListFilter):
    """The deployment's own endpoints, or those of organizations."""

    title = "whose"
    parameter_name = "whose"

    def lookups(self, _request: HttpRequest, _model_admin: object) -> list[tuple[str, str]]:
        return [("deployment", "The deployment's"), ("organization", "Of organizations")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Endpoint]) -> QuerySet[Endpoint]:
        if self.value() not in {"deployment", "organization"}:
            return queryset
        return queryset.filter(organization__isnull=self.value() == "deployment")


class EndpointForm(forms.ModelForm[Endpoint]):
    """An endpoint of the deployment, which may ask for every row of the trail."""

    events = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"}),
        help_text="One on each line: a type such as user.created, subject.*, * for all that "
        "organizations may be told, or audit.recorded for every row of the trail.",
    )

    class Meta:
        model = Endpoint
        fields = ("url", "events", "description")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["events"] = "\n".join(self.instance.events)

    def clean(self) -> dict[str, Any]:
        wanted = {name: self.cleaned_data[name] for name in self.cleaned_data}
        if "events" in wanted:
            wanted["events"] = wanted["events"].replace(",", " ").split()
        try:
            return endpoint_rows.judged(wanted, is_of_all=True)
        except ValidationError as refusal:
            for name, reasons in refusal.details["fields"].items():
                self.add_error(name, reasons)
            return self.cleaned_data


@admin.register(Endpoint)
class EndpointAdmin(ActingAdmin[Endpoint]):
    """Sealed secrets are not even read."""

    target_kind = "endpoint"
    form = EndpointForm
    list_display = ("created_at", "whose", "receiver", "state", "backlog", "failing_since")
    list_display_links = ("created_at", "receiver")
    list_filter = ("state", OwnerFilter, PeriodFilter)
    lookups = ("organization__id__exact",)
    search_fields = ("organization__slug__startswith",)
    search_help_text = "The beginning of an organization's slug."
    actions = ("pause", "enable")
    readonly_fields = (
        *("id", "whose", "state", "paused_at", "paused_because", "failing_since", "backlog"),
        *("created_at", "rotated_at", "former_until", "deliveries", "acts"),
    )

    def get_urls(self) -> list[URLPattern]:
        rotate = self.admin_site.admin_view(endpoint_pages.RotatePage.as_view())
        again = self.admin_site.admin_view(endpoint_pages.RedeliverPage.as_view())
        one = "<uuid:endpoint_id>"
        return [
            path(f"{one}/rotate-secret/", rotate, name="webhooks_endpoint_rotate_secret"),
            path(f"{one}/redeliver/", again, name="webhooks_endpoint_redeliver"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Endpoint]:
        rows = super().get_queryset(request).select_related("organization")
        waiting = Delivery.objects.filter(endpoint=OuterRef("pk"), state=State.DUE)
        counted = Counted(waiting.order_by().values("pk")[: _MOST_COUNTED + 1])
        return rows.defer("secret", "former_secret").annotate(waiting=counted)

    def get_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> Any:  # noqa: ARG002
        own = ("url", "events", "description")
        if obj is None:
            return own
        return ("id", "whose", *own, *self.readonly_fields[2:])

    @admin.display(description="whose")
    def whose(self, endpoint: Endpoint) -> str:
        return endpoint.organization.slug if endpoint.organization else "the deployment's"

    @admin.display(description="receiver")
    def receiver(self, endpoint: Endpoint) -> str:
        # What follows the host is long, and a secret with many receivers.
        return endpoint_rows.shown(endpoint.url)

    @admin.display(description="backlog")
    def backlog(self, endpoint: Endpoint) -> str:
        waiting: int = endpoint.waiting  # type: ignore[attr-defined]
        return f"{_MOST_COUNTED} and more" if waiting > _MOST_COUNTED else str(waiting)

    @admin.display(description="deliveries")
    def deliveries(self, endpoint: Endpoint) -> SafeString:
        query = urlencode({"endpoint__id__exact": str(endpoint.pk)})
        address = f"{reverse('admin:webhooks_delivery_changelist')}?{query}"
        return format_html('<a href="{}">Show</a>', address)

    @admin.display(description="acts")
    def acts(self, endpoint: Endpoint) -> SafeString:
        again = reverse("admin:webhooks_endpoint_redeliver", args=[endpoint.pk])
        told = format_html('<a href="{}">Send what was given up once more</a>', again)
        if endpoint.organization_id:
            return told
        rotate = reverse("admin:webhooks_endpoint_rotate_secret", args=[endpoint.pk])
        return format_html('{} · <a href="{}">Rotate the secret</a>', told, rotate)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return asked(request)["by"].is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Endpoint | None = None) -> bool:
        if obj is None:
            return super().has_change_permission(request)
        return asked(request)["by"].is_superuser and obj.organization_id is None

    def has_delete_permission(self, request: HttpRequest, obj: Endpoint | None = None) -> bool:
        is_of_all = obj is not None and obj.organization_id is None
        return is_of_all and asked(request)["by"].is_superuser

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:  # noqa: ARG002
        # Django would gather every delivery to list them all.
        return [str(each) for each in objs], {}, set(), []

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: Any) -> None:
        wanted = {name: form.cleaned_data[name] for name in form.changed_data}
        if change:
            endpoint_staff.change(obj.pk, fields=wanted, **asked(request))
        else:
            issued = endpoint_staff.create(wanted, **asked(request))
            obj.pk = issued.endpoint.pk
            obj.issued = issued  # type: ignore[attr-defined]

    def response_add(
        self,
        request: HttpRequest,
        obj: Endpoint,
        post_url_continue: str | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        issued: Issued = obj.issued  # type: ignore[attr-defined]
        return endpoint_pages.secret_page(request, issued)

    def delete_model(self, request: HttpRequest, obj: Endpoint) -> None:
        endpoint_staff.delete(obj.pk, **asked(request))

    def has_pause_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(endpoint_staff.PERMISSION)

    @admin.action(description="Pause: nothing is sent, nothing is lost", permissions=["pause"])
    def pause(self, request: HttpRequest, chosen: QuerySet[Endpoint]) -> None:
        self.for_each(request, endpoint_staff.pause, chosen=chosen, done="Endpoints paused")

    @admin.action(description="Let go on where it stopped", permissions=["pause"])
    def enable(self, request: HttpRequest, chosen: QuerySet[Endpoint]) -> None:
        self.for_each(request, endpoint_staff.enable, chosen=chosen, done="Endpoints enabled")
