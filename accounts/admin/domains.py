"""Domains of organizations: which there are, and proving one on behalf of its organization."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.acts import ActingAdmin
from accounts.asking import asked
from accounts.models import OrganizationDomain
from accounts.services import domain_proofs, domain_staff
from audit.admin import PeriodFilter


@admin.register(OrganizationDomain)
class OrganizationDomainAdmin(ActingAdmin[OrganizationDomain]):
    """For superusers; a proof decides whose accounts an organization's provider may open."""

    target_kind = "domain"
    list_display = ("created_at", "organization", "name", "verified_at", "missing_since")
    list_display_links = ("created_at", "name")
    list_filter = (PeriodFilter,)
    lookups = ("organization__id__exact",)
    search_fields = ("name__startswith", "organization__slug__startswith")
    search_help_text = "The beginning of a domain, or of an organization's slug."
    autocomplete_fields = ("organization",)
    actions = ("prove_by_record", "prove_by_word")

    def get_fields(self, request: HttpRequest, obj: OrganizationDomain | None = None) -> Any:  # noqa: ARG002
        own = ("organization", "name")
        return own if obj is None else ("id", *own, "record", "verified_at", "missing_since")

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrganizationDomain]:
        return super().get_queryset(request).select_related("organization")

    @admin.display(description="record that proves it")
    def record(self, domain: OrganizationDomain) -> str:
        wanted = domain_proofs.record(domain)
        return f"{wanted['name']} {wanted['type']} {wanted['value']}"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return asked(request)["by"].is_superuser

    def has_add_permission(self, request: HttpRequest) -> bool:
        return asked(request)["by"].is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is not None and asked(request)["by"].is_superuser

    def has_prove_permission(self, request: HttpRequest) -> bool:
        return asked(request)["by"].is_superuser

    def save_model(
        self,
        request: HttpRequest,
        obj: OrganizationDomain,
        form: Any,  # noqa: ARG002
        change: Any,  # noqa: ARG002
    ) -> None:
        made = domain_staff.add(obj.organization_id, name=obj.name, **asked(request))
        obj.pk, obj.name = made.pk, made.name

    def delete_model(self, request: HttpRequest, obj: OrganizationDomain) -> None:
        domain_staff.delete(obj.pk, **asked(request))

    @admin.action(description="Prove by the record, now", permissions=["prove"])
    def prove_by_record(self, request: HttpRequest, chosen: QuerySet[OrganizationDomain]) -> None:
        act = domain_staff.prove_by_record
        self.for_each(request, act, chosen=chosen, done="Domains proved")

    @admin.action(description="Prove by your own word, without looking", permissions=["prove"])
    def prove_by_word(self, request: HttpRequest, chosen: QuerySet[OrganizationDomain]) -> None:
        self.for_each(request, domain_staff.prove_by_word, chosen=chosen, done="Domains proved")
