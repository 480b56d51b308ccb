"""The paths of organizations, below the root."""

from django.urls import path

from accounts.views import domains, invitations, organization_roles, organizations, pages

_ONE = "api/v1/organizations/<uuid:organization_id>"

urlpatterns = [
    path("api/v1/me/organizations", organizations.OwnMembershipsView.as_view()),
    path("api/v1/organizations", organizations.OrganizationsView.as_view()),
    path(_ONE, organizations.OrganizationView.as_view()),
    path(f"{_ONE}/members", organization_roles.MembersView.as_view()),
    path(f"{_ONE}/members/<uuid:user_id>", organization_roles.MemberView.as_view()),
    path(f"{_ONE}/invitations", invitations.InvitationsView.as_view()),
    path(f"{_ONE}/invitations/<uuid:invitation_id>", invitations.InvitationView.as_view()),
    path(
        f"{_ONE}/invitations/<uuid:invitation_id>/resend",
        invitations.InvitationResendView.as_view(),
    ),
    path("accept-invitation", pages.PageView.as_view(page="accept_invitation")),
    path("api/v1/invitations/accept", invitations.AcceptView.as_view()),
    path(f"{_ONE}/roles", organization_roles.RolesView.as_view()),
    path(f"{_ONE}/roles/<uuid:role_id>", organization_roles.RoleView.as_view()),
    path(f"{_ONE}/domains", domains.DomainsView.as_view()),
    path(f"{_ONE}/domains/<uuid:domain_id>", domains.DomainView.as_view()),
    path(f"{_ONE}/domains/<uuid:domain_id>/verify", domains.DomainVerifyView.as_view()),
    path(f"{_ONE}/permissions/check", organization_roles.PermissionCheckView.as_view()),
]
