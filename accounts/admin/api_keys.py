"""API keys: which there are, what each may do, and an end to one that leaked."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.records import RecordAdmin
from accounts.asking import asked
from accounts.models import ApiKey
from accounts.services import api_key_removal


@admin.register(ApiKey)
class ApiKeyAdmin(RecordAdmin[ApiKey]):
    """Digests of secrets are not even read."""

    list_display = ("name", "hint", "organization", "created_at", "last_used_at", "expires_at")
    lookups = ("organization__id__exact",)
    search_fields = ("id",)
    search_help_text = "The beginning of a key, or of the slug of its organization."
    fields = (
        "id",
        "name",
        "hint",
        "organization",
        "made_by",
        "scopes",
        "created_at",
        "rotated_at",
        "former_ends_at",
        "expires_at",
        "last_used_at",
    )
    actions = ("end",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        rows = super().get_queryset(request).select_related("organization", "made_by")
        return rows.defer("digest", "former_digest", "made_by__password")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[ApiKey],
        search_term: str,
    ) -> tuple[QuerySet[ApiKey], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        is_key = term.startswith("plk_")
        by = {"hint": term[:8]} if is_key else {"organization__slug__startswith": term.lower()}
        return queryset.filter(**by), False

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.delete_apikey")

    @admin.action(description="Delete selected keys", permissions=["end"])
    def end(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        ended = api_key_removal.end_by_staff(chosen, **asked(request))
        self.message_user(request, f"Keys deleted: {ended}.")
