"""What arriving by a connection of an organization promises while a dependency is gone."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, refuse

ARRIVALS = Control(
    name="arrivals by a connection",
    truth=(
        "the rows of the identity, unique per connection and subject, of the proved domain, and "
        "of the connection, which is held when a session of it is opened"
    ),
    rows=("accounts.Identity", "accounts.ProviderSignIn", "accounts.OrganizationDomain"),
    redis=Redis.always(
        enforce(
            "A code opens one session, in the browser it was given to; no account is linked or "
            "made outside of the domains that the organization has proved, and a connection that "
            "was switched off opens nothing."
        )
    ),
    database=Database.always(refuse("Nobody comes in by a connection.")),
    mail=Mail.always(
        enforce("People come in as ever; the letters that tell of a link are retried.")
    ),
)

SSO_REQUIRED = Control(
    name="single sign-on required",
    truth="the rows of the organization and of its proved domain, read when a session is opened",
    rows=("accounts.Organization", "accounts.OrganizationDomain"),
    redis=Redis.always(
        enforce(
            "Whoever has an address in a domain of an organization that asks for it comes in by "
            "its connections only; its owners may come otherwise, and every owner is told."
        )
    ),
    database=Database.always(refuse("No session is opened, by whatever way.")),
    mail=Mail.always(enforce("The letter to the owners waits and is retried for a day.")),
)

CONTROLS = (ARRIVALS, SSO_REQUIRED)
