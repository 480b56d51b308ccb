"""Members and invitations of organizations as the OpenAPI document shows them."""

from __future__ import annotations

from accounts.examples.organizations import (
    IN_AN_ORGANIZATION,
    MEMBERSHIP,
    ORGANIZATION_ID,
    OWNER,
)
from accounts.examples.values import EARLIER, LATER, USER_ID, page
from accounts.organization_errors import LastOwner
from plinto.kernel.examples import Operation, Subject
from plinto.kernel.exceptions import ConflictError

_CHARLES_ID = "01a2064f-77aa-7c3e-b5d0-2e9f4a8c6b13"
_INVITATION_ID = "01a2064f-0b3d-7e15-8c42-5b7f9d1a3e68"
_ADA = {"id": USER_ID, "email": "ada@example.com", "name": "Ada Lovelace"}
_ROLE = {"id": "01a2064e-5a22-7d09-9e31-1a4c7f8b6d52", "name": "member"}
_MEMBER = {
    "user": {
        "id": _CHARLES_ID,
        "email": "charles@example.com",
        "name": "Charles Babbage",
    },
    "role": _ROLE,
    "joined_at": EARLIER,
}
_INVITATION = {
    "id": _INVITATION_ID,
    "email": "charles@example.com",
    "role": _ROLE,
    "invited_by": _ADA,
    "created_at": EARLIER,
    "expires_at": LATER,
}

SUBJECT = Subject(
    name="Members and invitations",
    description="Who is in an organization, and who is asked to join. Nobody gives more than they "
    "hold.",
    parameters={
        "organization_id": ORGANIZATION_ID,
        "user_id": _CHARLES_ID,
        "invitation_id": _INVITATION_ID,
    },
    refusals=IN_AN_ORGANIZATION,
    operations={
        "list_members": Operation(
            summary="List the members of an organization",
            answer=page({"user": _ADA, "role": OWNER, "joined_at": EARLIER}, _MEMBER),
        ),
        "update_member": Operation(
            summary="Give a member another role",
            body={"role": "member"},
            answer=_MEMBER,
            refusals=(LastOwner(),),
        ),
        "remove_member": Operation(summary="Remove a member, or leave", refusals=(LastOwner(),)),
        "list_invitations": Operation(
            summary="List the invitations that are open", answer=page(_INVITATION)
        ),
        "invite": Operation(
            summary="Invite somebody by mail",
            body={"email": "charles@example.com", "role": "member"},
            answer=_INVITATION,
            refusals=(ConflictError("This address is invited already."),),
        ),
        "resend_invitation": Operation(summary="Mail an invitation again", answer=_INVITATION),
        "revoke_invitation": Operation(summary="Take an invitation back"),
        "accept_invitation": Operation(
            summary="Accept an invitation",
            body={"token": "pli_Gh6Jk8Lz1Xc3Vb5Nm7Qw9Er2Ty4Ui6Op8As0Df1Gh3J"},
            answer={**MEMBERSHIP, "role": _ROLE, "permissions": ["members:read"]},
            refusals=(ConflictError("You are in this organization already."),),
        ),
    },
)
