"""Where somebody signs in, by the domain of their address; never whether they are anybody."""

from __future__ import annotations

from uuid import UUID

from accounts.services import domains, registrations
from accounts.services.federation import LoginDoor, get_sso_service
from resilience.contract import enforces
from sso import arrival_controls as controls

_NOBODY = UUID(int=0)


@enforces(controls.DISCOVERY)
def door_for(email: str) -> LoginDoor | None:
    """
    Return the login door of whoever has proved the domain of an address.

    The same statements are asked for every domain, and none of them names the address.

    :raises ValidationError: it is not an address
    """
    domain = registrations.read_address(email).key.rpartition("@")[2]
    return get_sso_service().door(domains.owner_of(domain) or _NOBODY)
