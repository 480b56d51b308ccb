"""
Organizations, their roles, members and invitations, to look at.

What is done in an organization is done by its members, under the rules of its roles; staff who
could do it here would hold every permission in every organization.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from accounts.admin.records import RecordAdmin, Row
from accounts.models import Invitation, Membership, Organization, Role
from audit.admin import PeriodFilter


@admin.register(Organization)
class OrganizationAdmin(RecordAdmin[Organization]):
    """Each page leads to the lists of what is in the organization."""

    list_display = ("created_at", "slug", "name")
    list_display_links = ("created_at", "slug")
    fields = ("id", *list_display, "members", "roles", "invitations")
    list_filter = (PeriodFilter,)
    search_fields = ("slug__startswith",)
    search_help_text = "The beginning of a slug."

    @admin.display(description="members")
    def members(self, organization: Organization) -> SafeString:
        return _list_of("membership", organization)

    @admin.display(description="roles")
    def roles(self, organization: Organization) -> SafeString:
        return _list_of("role", organization)

    @admin.display(description="invitations")
    def invitations(self, organization: Organization) -> SafeString:
        return _list_of("invitation", organization)


class InOrganizationAdmin(RecordAdmin[Row]):
    """Rows of one organization, found by its slug or through its page."""

    list_filter = (PeriodFilter,)
    lookups: ClassVar[tuple[str, ...]] = ("organization__id__exact",)
    search_fields = ("organization__slug__startswith",)
    search_help_text = "The beginning of an organization's slug."


@admin.register(Membership)
class MembershipAdmin(InOrganizationAdmin[Membership]):
    """Who is in which organization, and as what."""

    list_display = ("created_at", "organization", "person", "role")
    fields = ("id", *list_display)
    lookups = (*InOrganizationAdmin.lookups, "user__id__exact")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        rows = super().get_queryset(request).select_related("organization", "role", "user")
        return rows.defer("user__password")

    @admin.display(description="person")
    def person(self, membership: Membership) -> str:
        return membership.user.email


@admin.register(Role)
class RoleAdmin(InOrganizationAdmin[Role]):
    """What the roles of an organization allow."""

    list_display = ("created_at", "organization", "name", "is_builtin", "allows")
    fields = ("id", *list_display, "description")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Role]:
        return super().get_queryset(request).select_related("organization")

    @admin.display(description="allows")
    def allows(self, role: Role) -> str:
        return " ".join(role.permissions)


@admin.register(Invitation)
class InvitationAdmin(InOrganizationAdmin[Invitation]):
    """The digest of the link is not even read."""

    list_display = ("created_at", "organization", "email", "role", "inviter", "state")
    fields = ("id", *list_display, "expires_at", "ended_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        rows = super().get_queryset(request)
        joined = rows.select_related("organization", "role", "invited_by")
        return joined.defer("token_digest", "invited_by__password")

    @admin.display(description="invited by")
    def inviter(self, invitation: Invitation) -> str:
        return invitation.invited_by.email

    @admin.display(description="state")
    def state(self, invitation: Invitation) -> str:
        if invitation.ended_at:
            return "ended"
        return "open" if invitation.expires_at > timezone.now() else "expired"


def _list_of(model: str, organization: Organization) -> SafeString:
    query = urlencode({"organization__id__exact": str(organization.pk)})
    address = f"{reverse(f'admin:accounts_{model}_changelist')}?{query}"
    return format_html('<a href="{}">Show</a>', address)
