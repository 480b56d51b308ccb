"""People: found, described, switched off and on; never their passwords."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode

from accounts.admin import factors, searching
from accounts.admin.acts import ActingAdmin
from accounts.admin.records import trail_of
from accounts.asking import asked
from accounts.forms import PersonForm
from accounts.models import User
from accounts.services import administration, erasures, factor_resets
from audit.admin import PeriodFilter


class VerifiedFilter(admin.SimpleListFilter):
    """By whether the address was proved."""

    title = "verified"
    parameter_name = "verified"

    def lookups(self, _request: HttpRequest, _model_admin: object) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(email_verified_at__isnull=self.value() == "no")


class CreatedFilter(PeriodFilter):
    """By the time inside the id, so that no index on ``created_at`` is needed."""

    title = "created"


@admin.register(User)
class UserAdmin(ActingAdmin[User]):
    """Rights are shown to superusers only; nobody deletes, because erasing is another act."""

    target_kind = "user"
    form = PersonForm
    list_display = (
        "email",
        "name",
        "is_active",
        "is_verified",
        "is_staff",
        "created_at",
        "last_login",
    )
    list_filter = ("is_active", "is_staff", "is_superuser", VerifiedFilter, CreatedFilter)
    # Only switches the box on; get_search_results decides what is matched.
    search_fields = ("email",)
    search_help_text = "The beginning of an address or of a name, or an id."
    filter_horizontal = ("groups", "user_permissions")
    readonly_fields = (
        "id",
        "is_active",
        "email_verified_at",
        "password_changed_at",
        "created_at",
        "erase_at",
        "last_login",
        "second_factor",
        "lost_factor",
        "elsewhere",
    )
    fieldsets = (
        (None, {"fields": ("email", "name", "locale", "timezone")}),
        (
            "State",
            {
                "fields": (
                    "is_active",
                    "email_verified_at",
                    "erase_at",
                    "second_factor",
                    "elsewhere",
                )
            },
        ),
        ("Rights", {"fields": ("is_staff", "is_superuser", "groups", "user_permissions")}),
        ("History", {"fields": ("id", "created_at", "last_login", "password_changed_at")}),
    )
    actions = ("end_sessions", "deactivate", "reactivate", "mail_link", "erase")

    @admin.display(description="verified", boolean=True)
    def is_verified(self, person: User) -> bool:
        return person.email_verified_at is not None

    @admin.display(description="elsewhere")
    def elsewhere(self, person: User) -> str:
        sessions = reverse("admin:accounts_session_changelist")
        query = urlencode({"user__id__exact": str(person.pk)})
        return format_html(
            '<a href="{}?{}">Sessions</a> · <a href="{}">Audit trail</a>',
            sessions,
            query,
            trail_of(str(person.pk)),
        )

    @admin.display(description="second factor")
    def second_factor(self, person: User) -> str:
        return factors.described(person)

    @admin.display(description="lost it?")
    def lost_factor(self, person: User) -> str:
        page = reverse("admin:accounts_user_reset_factors", args=[person.pk])
        return format_html('<a href="{}">Reset second factor</a>', page)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(factors.ResetPage.as_view())
        own = path("<uuid:person_id>/reset-factors/", page, name="accounts_user_reset_factors")
        return [own, *super().get_urls()]

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002
        queryset: QuerySet[User],
        search_term: str,
    ) -> tuple[QuerySet[User], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return queryset.filter(pk=UUID(term)), False
        except ValueError:
            of_address, of_name = Q(email_key__startswith=term.lower()), Q(name__istartswith=term)
            return searching.found(queryset, of_address, of_name), False

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return ((None, {"fields": ("email", "name")}),)
        by = asked(request)["by"]
        parts = dict(part for part in self.fieldsets if by.is_superuser or part[0] != "Rights")
        if factor_resets.may_reset(by):
            shown = (*self.fieldsets[1][1]["fields"], "lost_factor")
            parts["State"] = {"fields": shown}
        return tuple(parts.items())

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may_change = super().has_change_permission(request, obj)
        if obj is None or not may_change:
            return may_change
        return administration.may_act_on(obj, by=asked(request)["by"])

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:  # noqa: ARG002
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: Any) -> None:
        if change:
            wanted = {name: form.cleaned_data[name] for name in form.changed_data}
            administration.change(obj.pk, wanted=wanted, **asked(request))
        else:
            administration.create(obj, **asked(request))

    def response_add(
        self, request: HttpRequest, obj: User, post_url_continue: str | None = None
    ) -> HttpResponse:
        self.message_user(request, f"A link to set a password goes to {obj.email}.")
        return super().response_add(request, obj, post_url_continue)

    @admin.action(description="End all sessions", permissions=["change"])
    def end_sessions(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        act = administration.end_all_sessions
        self.for_each(request, act, chosen=chosen, done="Sessions ended")

    @admin.action(description="Switch off and end all sessions", permissions=["change"])
    def deactivate(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        self.for_each(request, administration.deactivate, chosen=chosen, done="People switched off")

    @admin.action(description="Switch on", permissions=["change"])
    def reactivate(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        self.for_each(request, administration.reactivate, chosen=chosen, done="People switched on")

    @admin.action(description="Mail a link to set a password", permissions=["change"])
    def mail_link(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        self.for_each(request, administration.mail_link, chosen=chosen, done="Links mailed")

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(erasures.PERMISSION)

    @admin.action(
        description="Erase, after the time to think again", permissions=["change", "erase"]
    )
    def erase(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        self.for_each(request, erasures.order, chosen=chosen, done="People to be erased")
