"""Organizations and their roles as the OpenAPI document shows them."""

from __future__ import annotations

from accounts.examples.values import EARLIER, page
from accounts.organization_errors import RoleInUse, SecondFactorRequired, SlugTaken
from plinto.kernel.examples import Operation, Subject
from plinto.kernel.exceptions import AuthorizationError, ConflictError, ValidationError

ORGANIZATION_ID = "01a2064e-5a10-7f3c-9d21-3c8e7b6f4a12"
ROLE_ID = "01a2064e-5a2b-7c81-a4f6-8d2e1b9c7f34"
OWNER = {"id": "01a2064e-5a1e-7b60-8b17-6f5d4c3e2a10", "name": "owner"}
IN_AN_ORGANIZATION = (AuthorizationError(), SecondFactorRequired())
_ORGANIZATION = {
    "id": ORGANIZATION_ID,
    "name": "Analytical Engines",
    "slug": "analytical-engines",
    "created_at": EARLIER,
    "policy": {
        "require_mfa": False,
        "mfa_required_from": None,
        "require_sso": False,
        "sso_required_from": None,
    },
    "role": OWNER,
}
_ROLE = {
    "id": ROLE_ID,
    "name": "librarian",
    "description": "Keeps the list of members",
    "builtin": False,
    "permissions": ["members:read", "members:write"],
    "created_at": EARLIER,
}
_NEW_ROLE = {name: _ROLE[name] for name in ("name", "description", "permissions")}
MEMBERSHIP = {
    "organization": {
        "id": ORGANIZATION_ID,
        "name": "Analytical Engines",
        "slug": "analytical-engines",
    },
    "role": OWNER,
    "permissions": ["*"],
    "joined_at": EARLIER,
}

SUBJECT = Subject(
    name="Organizations",
    description="Organizations, their roles and what each may do. Whoever is not in one is "
    "answered as if there were none.",
    parameters={
        "organization_id": ORGANIZATION_ID,
        "role_id": ROLE_ID,
        "permission": "members:write",
    },
    refusals=IN_AN_ORGANIZATION,
    operations={
        "list_own_memberships": Operation(
            summary="See where you belong, and what you may do there", answer=page(MEMBERSHIP)
        ),
        "list_organizations": Operation(
            summary="List your organizations", answer=page(_ORGANIZATION)
        ),
        "create_organization": Operation(
            summary="Create an organization",
            description="You become its owner.",
            body={"name": "Analytical Engines", "slug": "analytical-engines"},
            answer=_ORGANIZATION,
            refusals=(SlugTaken(),),
        ),
        "get_organization": Operation(summary="See an organization", answer=_ORGANIZATION),
        "update_organization": Operation(
            summary="Change an organization",
            description="Needs `organization:write`. With `policy.require_mfa`, members without a "
            "second factor are refused after seven days. With `policy.require_sso`, whoever has an "
            "address in a proved domain comes in by a connection only, from now on.",
            body={"name": "Analytical Engines", "policy": {"require_mfa": True}},
            answer={
                **_ORGANIZATION,
                "policy": {
                    "require_mfa": True,
                    "mfa_required_from": "2026-02-10T09:15:00Z",
                    "require_sso": False,
                    "sso_required_from": None,
                },
            },
            refusals=(
                SlugTaken(),
                ConflictError("Add a second factor to your own account first."),
                ConflictError("Prove a domain and enable a connection first."),
            ),
        ),
        "delete_organization": Operation(summary="Delete an organization"),
        "list_roles": Operation(summary="List the roles of an organization", answer=page(_ROLE)),
        "create_role": Operation(
            summary="Create a role",
            body=_NEW_ROLE,
            answer=_ROLE,
            refusals=(ConflictError("There is a role of this name."),),
        ),
        "update_role": Operation(
            summary="Change a role",
            body={"permissions": ["members:read", "members:write"]},
            answer=_ROLE,
            refusals=(ConflictError("Built-in roles cannot be changed."),),
        ),
        "delete_role": Operation(summary="Delete a role", refusals=(RoleInUse(),)),
        "check_permission": Operation(
            summary="Ask whether you hold a permission",
            answer={"permission": "members:write", "allowed": True},
            refusals=(ValidationError(fields={"permission": ["This field is required."]}),),
        ),
    },
)
