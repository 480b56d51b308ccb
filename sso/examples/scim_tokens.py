"""SCIM tokens as the OpenAPI document shows them."""

from __future__ import annotations

from accounts.examples.organizations import IN_AN_ORGANIZATION, ORGANIZATION_ID
from accounts.examples.values import EARLIER, NOW
from plinto.kernel.examples import Operation, Subject
from plinto.kernel.exceptions import NotFoundError

_TOKEN = {
    "hint": "plp_9fQ2",
    "base_url": "https://id.example.com/scim/v2",
    "created_at": EARLIER,
    "last_used_at": NOW,
}
_NONE = NotFoundError("There is no SCIM token.")

SUBJECT = Subject(
    name="SCIM",
    description=(
        "The token by which an organization's identity provider provisions people and groups at "
        "`/scim/v2`, which describes itself as RFC 7643 says."
    ),
    parameters={"organization_id": ORGANIZATION_ID},
    refusals=IN_AN_ORGANIZATION,
    operations={
        "get_scim_token": Operation(
            summary="Show the SCIM token", answer=_TOKEN, refusals=(_NONE,)
        ),
        "create_scim_token": Operation(
            summary="Make or replace the SCIM token",
            answer={**_TOKEN, "last_used_at": None, "token": "plp_9fQ2vX7mLw4Rk1Tz8Yc5Nb0Hs3Gd…"},
        ),
        "delete_scim_token": Operation(summary="Delete the SCIM token", refusals=(_NONE,)),
    },
)
