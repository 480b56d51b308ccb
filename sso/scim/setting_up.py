"""What provisioning tells the rest of Plinto when it starts."""

from __future__ import annotations

from django.db.models import Q

from accounts.services import organization_belongings, personal_data
from plinto.kernel import problems
from resilience import contract
from sso import scim_controls
from sso.models import ScimUser
from sso.scim import errors
from sso.services import scim_groups, scim_users


def ready() -> None:
    """Let refusals, contracts, deletions and exports know of provisioning."""
    contract.register(*scim_controls.CONTROLS)
    problems.shape_below(errors.PREFIX, errors.told)
    organization_belongings.add(scim_users.shorten_all_of)
    organization_belongings.add(scim_groups.shorten_all_of)
    personal_data.add_by_address(ScimUser, _of_addresses)


def _of_addresses(keys: set[str]) -> Q:
    """Descriptions without an account, too, are about whoever has their address."""
    return Q(email_key__in=keys) | Q(user_name_key__in=keys)
