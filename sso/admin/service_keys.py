"""Service keys: which there are and what each is for now; rotating them is a command."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.key_rings import KeyRingAdmin
from sso.models import ServiceKey


@admin.register(ServiceKey)
class ServiceKeyAdmin(KeyRingAdmin[ServiceKey]):
    """For superusers; the private half is not even read."""

    over = "withdrawn"
    list_display = ("id", "created_at", "signs_from", "expires_at", "published_until", "state")
    fields = (*list_display, "certificate")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser) and super().has_view_permission(request, obj)
