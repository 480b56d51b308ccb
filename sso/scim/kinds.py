"""The kinds of resources there are, as /Schemas tells them."""

from __future__ import annotations

from typing import Annotated, Any

import scim2_models
from pydantic import Field
from scim2_models import CaseExact, GroupMember, Mutability, Reference, Returned, User


class Manager(scim2_models.Manager):
    """Whose manager somebody is; providers tell the id alone, and no address of it."""

    value: Annotated[str | None, CaseExact.true] = None
    """The id of the manager at the provider or here."""

    ref: Reference[scim2_models.User[Any]] | None = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the manager."""


class EnterpriseUser(scim2_models.EnterpriseUser):
    """What RFC 7643, section 4.3, adds to a user."""

    manager: Manager | None = None
    """The user's manager."""


Person: Any = User[EnterpriseUser]


class Member(GroupMember):
    """Who is in a group; what they are called is told by their own resource."""

    display: Annotated[str | None, Mutability.read_only, Returned.request] = None
    """The userName of the member."""


class Group(scim2_models.Group):
    """A group of users, who are told by their ids alone."""

    members: list[Member] | None = None  # type: ignore[assignment]
    """A list of members of the Group."""
