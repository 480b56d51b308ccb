"""Service keys: which there are and what each is for now; rotating them is a command."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin.records import RecordAdmin
from sso.models import ServiceKey


@admin.register(ServiceKey)
class ServiceKeyAdmin(RecordAdmin[ServiceKey]):
    """For superusers; the private half is not even read."""

    list_display = ("id", "created_at", "signs_from", "expires_at", "published_until", "state")
    fields = (*list_display, "certificate")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser) and super().has_view_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServiceKey]:
        now = timezone.now()
        # As the ring chooses: the published key whose time to sign came last.
        successor = ServiceKey.objects.filter(
            Q(published_until=None) | Q(published_until__gt=now),
            signs_from__lte=now,
            signs_from__gt=OuterRef("signs_from"),
        )
        state = Case(
            When(published_until__lte=now, then=Value("withdrawn")),
            When(signs_from__gt=now, then=Value("waiting")),
            When(Exists(successor), then=Value("published")),
            default=Value("signing"),
            output_field=CharField(),
        )
        return super().get_queryset(request).defer("private_key").annotate(state_now=state)

    @admin.display(description="state")
    def state(self, key: ServiceKey) -> str:
        return str(getattr(key, "state_now", ""))
