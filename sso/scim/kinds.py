"""The kinds of resources there are, as /Schemas tells them."""

from __future__ import annotations

from typing import Annotated, Any

import scim2_models
from scim2_models import EnterpriseUser, GroupMember, Mutability, Returned, User

Person: Any = User[EnterpriseUser]


class Member(GroupMember):
    """Who is in a group; what they are called is told by their own resource."""

    display: Annotated[str | None, Mutability.read_only, Returned.request] = None
    """The userName of the member."""


class Group(scim2_models.Group):
    """A group of users, who are told by their ids alone."""

    members: list[Member] | None = None  # type: ignore[assignment]
    """A list of members of the Group."""
