"""What somebody is answered who has to come by the connection of their organization."""

from __future__ import annotations

from uuid import UUID

from accounts.federation_errors import SSORequired
from audit.parties import Target
from plinto.kernel.origin import SYSTEM

SSO_REQUIRED = SSORequired(
    {
        "login_url": "https://id.example.com/sso/saml/engines/login",
        "slug": "engines",
        "protocol": "saml",
    },
    organization_id=UUID("01a2064c-0b6e-7f3c-9a51-3f7d2b8c4e60"),
    person=Target("user"),
    origin=SYSTEM,
)
