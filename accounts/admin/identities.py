"""Identities at providers: whose they are, and an end to one."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin import searching
from accounts.admin.acts import ActingAdmin
from accounts.admin.records import RecordAdmin
from accounts.models import Identity
from accounts.services import identity_removals
from audit.admin import PeriodFilter

_PROTOCOLS = ("saml", "oidc")  # what reaches the own provider of an organization


class ProviderFilter(admin.SimpleListFilter):
    """Offers the providers there are, so no query has to gather the distinct values."""

    title = "provider"
    parameter_name = "provider"

    def lookups(self, _request: HttpRequest, _model_admin: object) -> list[tuple[str, str]]:
        return [(name, name) for name in sorted({*settings.SOCIAL_PROVIDERS, *_PROTOCOLS})]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Identity]) -> QuerySet[Identity]:
        return queryset.filter(provider=self.value()) if self.value() else queryset


@admin.register(Identity)
class IdentityAdmin(RecordAdmin[Identity], ActingAdmin[Identity]):
    """Nobody links an identity here: only its provider can say whose it is."""

    target_kind = "identity"
    list_display = ("created_at", "person", "provider", "email", "last_used_at")
    list_filter = (ProviderFilter, PeriodFilter)
    lookups = ("user__id__exact",)
    search_fields = ("id",)
    search_help_text = "The beginning of a person's address."
    fields = ("id", "person", "provider", "subject", "email", "created_at", "last_used_at")
    actions = ("unlink",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Identity]:
        return super().get_queryset(request).select_related("user").defer("user__password")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Identity],
        search_term: str,
    ) -> tuple[QuerySet[Identity], bool]:
        term = search_term.strip().lower()
        return searching.of_people(queryset, term) if term else queryset, False

    @admin.display(description="person")
    def person(self, identity: Identity) -> str:
        return identity.user.email

    def has_unlink_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.delete_identity")

    @admin.action(description="Unlink selected identities", permissions=["unlink"])
    def unlink(self, request: HttpRequest, chosen: QuerySet[Identity]) -> None:
        self.for_each(
            request, identity_removals.by_staff, chosen=chosen, done="Identities unlinked"
        )
