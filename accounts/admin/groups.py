"""Groups of staff; only superusers see or change them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

# Imported for its registration, which is then undone: on Django's own page any holder of
# change_group can promote themselves.
from django.contrib.auth import admin as _stock  # noqa: F401
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.acts import ActingAdmin
from accounts.asking import asked
from accounts.services import staff_groups

admin.site.unregister(Group)


@admin.register(Group)
class StaffGroupAdmin(ActingAdmin[Group]):
    """Every change is recorded with the permissions before and after."""

    target_kind = "group"
    list_display = ("name",)
    search_fields = ("name",)
    ordering = ("name",)
    filter_horizontal = ("permissions",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:  # noqa: ARG002
        return _is_superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:  # noqa: ARG002
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:  # noqa: ARG002
        return _is_superuser(request)

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: Any) -> None:  # noqa: ARG002
        staff_groups.save(obj, permissions=form.cleaned_data["permissions"], **asked(request))

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        staff_groups.delete(obj, **asked(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        for group in queryset:
            staff_groups.delete(group, **asked(request))


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))
