"""Discovery and the roles of groups as the OpenAPI document shows them."""

from __future__ import annotations

from accounts.examples.organizations import IN_AN_ORGANIZATION, ORGANIZATION_ID
from accounts.examples.values import EMAIL
from plinto.kernel.examples import Operation, Subject

_LINES = {
    "group_roles": [
        {"group": "engineers", "role": "admin"},
        {"group": "auditors", "role": "viewer"},
    ]
}

SUBJECT = Subject(
    name="Arrivals",
    description="Where people of a domain sign in, and which roles the groups of their identity "
    "provider give them. Groups are looked at whenever somebody arrives, of several lines that "
    "match the first counts, and owners are changed by none.",
    parameters={"organization_id": ORGANIZATION_ID},
    refusals=IN_AN_ORGANIZATION,
    operations={
        "discover_connection": Operation(
            summary="Find where somebody signs in",
            body={"email": EMAIL},
            answer={"connection": None},
        ),
        "list_group_roles": Operation(summary="List the roles of groups", answer=_LINES),
        "replace_group_roles": Operation(
            summary="Say which roles groups give",
            description="In the place of all lines there are.",
            body=_LINES,
            answer=_LINES,
        ),
    },
)
