"""Sessions: who is signed in where, and an end to it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin import searching
from accounts.admin.records import RecordAdmin
from accounts.asking import asked
from accounts.models import Session
from accounts.rules import devices
from accounts.services import administration
from audit.admin import PeriodFilter


class StateFilter(admin.SimpleListFilter):
    """Live sessions are the ones that a request may still use."""

    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: object) -> list[tuple[str, str]]:
        return [("live", "Live"), ("ended", "Ended, expired or idle")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Session]) -> QuerySet[Session]:
        now = timezone.now()
        live = Q(ended_at=None, expires_at__gt=now, last_seen_at__gt=now - settings.SESSION_IDLE)
        if self.value() == "live":
            return queryset.filter(live)
        return queryset.exclude(live) if self.value() == "ended" else queryset


@admin.register(Session)
class SessionAdmin(RecordAdmin[Session]):
    """Digests of refresh tokens are not even read."""

    list_display = ("created_at", "person", "device", "address", "last_seen_at", "state")
    list_filter = (StateFilter, PeriodFilter)
    lookups = ("user__id__exact",)
    search_fields = ("id",)
    search_help_text = "The beginning of a person's address."
    fields = (
        "id",
        "person",
        "device",
        "agent",
        "address",
        "network",
        "methods",
        "created_at",
        "last_seen_at",
        "authenticated_at",
        "proved_at",
        "refreshed_at",
        "expires_at",
        "ended_at",
        "end_reason",
    )
    actions = ("end",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        rows = super().get_queryset(request).select_related("user")
        return rows.defer("refresh_digest", "spent_refresh_digest", "user__password")

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[Session],
        search_term: str,
    ) -> tuple[QuerySet[Session], bool]:
        term = search_term.strip().lower()
        return searching.of_people(queryset, term) if term else queryset, False

    @admin.display(description="person")
    def person(self, session: Session) -> str:
        return session.user.email

    @admin.display(description="device")
    def device(self, session: Session) -> str:
        return devices.describe(session.agent)

    @admin.display(description="state")
    def state(self, session: Session) -> str:
        if session.ended_at:
            return f"ended: {session.end_reason}"
        now = timezone.now()
        if session.expires_at <= now:
            return "expired"
        return "live" if session.last_seen_at > now - settings.SESSION_IDLE else "idle"

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_session")

    @admin.action(description="End selected sessions", permissions=["end"])
    def end(self, request: HttpRequest, chosen: QuerySet[Session]) -> None:
        ended = administration.end_sessions(chosen, **asked(request))
        self.message_user(request, f"Sessions ended: {ended}.")
