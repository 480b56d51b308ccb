"""The paths of organizations, below the root."""

from django.urls import path

from accounts.views import organization_roles, organizations

_ONE = "api/v1/organizations/<uuid:organization_id>"

urlpatterns = [
    path("api/v1/me/organizations", organizations.OwnMembershipsView.as_view()),
    path("api/v1/organizations", organizations.OrganizationsView.as_view()),
    path(_ONE, organizations.OrganizationView.as_view()),
    path(f"{_ONE}/members", organization_roles.MembersView.as_view()),
    path(f"{_ONE}/members/<uuid:user_id>", organization_roles.MemberView.as_view()),
    path(f"{_ONE}/roles", organization_roles.RolesView.as_view()),
    path(f"{_ONE}/roles/<uuid:role_id>", organization_roles.RoleView.as_view()),
    path(f"{_ONE}/permissions/check", organization_roles.PermissionCheckView.as_view()),
]
