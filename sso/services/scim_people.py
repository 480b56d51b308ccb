"""
What becomes of people when their descriptions change.

A description whose address lies in a proved domain of the organization is linked to the account of
that address, or an account is made. From then on what the provider says of being active decides
about the account itself if it is managed, and otherwise about the person's place in the
organization.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.rules import addresses
from accounts.rules.addresses import Address
from accounts.services import provisioned_members, provisioning
from accounts.services.organization_acts import Acting
from sso.models import Connection, ScimUser
from sso.scim_errors import ScimConflict, ScimRequestInvalid
from sso.services import scim_roles

_OUTSIDE = "The address of this account can only move within domains that are proved."


@dataclass(frozen=True, slots=True)
class Description:
    """A person as their provider describes them; ``attributes`` is the rest of the resource."""

    user_name: str
    external_id: str
    is_active: bool
    attributes: dict[str, Any]

    @property
    def address(self) -> Address | None:
        """
        Their address: the primary one, else the first for work, else their name if it is one.
        """
        emails = self.attributes.get("emails", [])
        primary = [each.get("value") for each in emails if each.get("primary")]
        work = [each.get("value") for each in emails if each.get("type") == "work"]
        for text in [*primary, *work, self.user_name]:
            try:
                return addresses.canonical(text or "")
            except ValueError:
                continue
        return None

    @property
    def name(self) -> str:
        """What they are called."""
        name = self.attributes.get("name", {})
        parts = [name.get("givenName"), name.get("familyName")]
        whole = self.attributes.get("displayName") or name.get("formatted")
        return str(whole or " ".join(part for part in parts if part)).strip()


def described_by(row: ScimUser) -> Description:
    """Return what a row says."""
    return Description(row.user_name, row.external_id, row.is_active, row.attributes)


def concerned(
    organization_id: UUID, *, address: Address | None, user_id: UUID | None
) -> list[UUID]:
    """Say who would be touched, so that they are held before the organization is."""
    if user_id:
        return [user_id]
    if address is None or not provisioning.has_proved(organization_id, address.key):
        return []
    found = provisioning.account_of(address.key)
    return [found] if found else []


def settle(act: Acting, row: ScimUser, now_is: Description, *, was: Description | None) -> None:
    """
    Let accounts follow a description, which may be new, in the act's transaction.

    ``row.user_id`` is set when an account is linked.

    :raises LastOwner: nobody else owns the organization
    :raises ScimConflict: somebody else has the address
    :raises ScimRequestInvalid: a managed account would move out of the proved domains
    """
    is_new = row.user_id is None and _link(act, row, now_is)
    person = provisioning.held(row.user_id) if row.user_id else None
    if person is None:
        return
    if was and not is_new and provisioning.is_managed(act, person):
        if now_is.address and now_is.address != was.address:
            _move(act, person, now_is.address)
        if now_is.name and now_is.name != was.name:
            provisioning.rename(act, person, now_is.name)
    if was and not is_new and was.is_active == now_is.is_active:
        return
    if now_is.is_active:
        provisioning.switch_on(act, person)
        role_id = scim_roles.of(act, [row.pk]).get(row.pk)
        provisioned_members.join(act, person, role_id=role_id)
        if role_id:
            # They may have had a place before they were described.
            provisioned_members.give_roles(act, {person.pk: (None, role_id)})
    else:
        dismiss(act, row)


def dismiss(act: Acting, row: ScimUser) -> None:
    """
    Switch off whom a description is linked to, or take their place if they are not managed.

    :raises LastOwner: nobody else owns the organization
    """
    person = provisioning.held(row.user_id) if row.user_id else None
    if person is None:
        return
    if provisioning.is_managed(act, person):
        provisioning.switch_off(act, person)
    else:
        connections = Connection.objects.filter(organization_id=act.organization.pk)
        ids = list(connections.values_list("pk", flat=True))
        provisioned_members.leave(act, person, ids)


def _link(act: Acting, row: ScimUser, described: Description) -> bool:
    """Link the account of an address in a proved domain; tell whether one was linked."""
    address, organization_id = described.address, act.organization.pk
    if address is None or not provisioning.has_proved(organization_id, address.key):
        return False
    found = provisioning.account_of(address.key)
    if found is None:
        if not described.is_active or provisioning.is_taken(address.key):
            return False
        found = provisioning.make(act, address, name=described.name).pk
    elif ScimUser.objects.filter(organization_id=organization_id, user_id=found).exists():
        return False
    row.user_id = found
    return True


def _move(act: Acting, person: Any, address: Address) -> None:
    if address.key == person.email_key:
        return
    if not provisioning.has_proved(act.organization.pk, address.key):
        raise ScimRequestInvalid(_OUTSIDE, scim_type="invalidValue")
    if provisioning.is_taken(address.key):
        told = "Another account has this address."
        raise ScimConflict(told, scim_type="uniqueness", reason="address is taken")
    provisioning.move(act, person, address)
