"""What OpenID connections promise while a dependency is gone."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, refuse

OIDC_CONNECTIONS = Control(
    name="openid connections",
    truth=(
        "the row of the sign-in, spent by one conditional UPDATE, that of what a session is called "
        "at its provider, that of each logout token, unique per connection, and the provider's "
        "keys, of which the last good copy is in the settings' row"
    ),
    rows=("sso.OIDCSettings", "sso.SignIn", "sso.SignOn", "sso.ConsumedAssertion"),
    redis=Redis.always(
        enforce(
            "Only the browser that began comes back in, once, and whom the provider signs out is "
            "refused at the next request on every worker."
        )
    ),
    database=Database.always(
        refuse("Nobody comes in, and a provider that signs somebody out is told to try again.")
    ),
    mail=Mail.always(enforce("OpenID connections send no mail.")),
)

CONTROLS = (OIDC_CONNECTIONS,)
