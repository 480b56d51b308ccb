"""What sign-in at identity providers promises while a dependency is gone."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, refuse

SOCIAL_SIGN_IN = Control(
    name="social sign-in",
    truth=(
        "the identity's row, unique per provider and subject, and the row of the sign-in, whose "
        "state, code and link token are each spent by one conditional UPDATE"
    ),
    rows=("accounts.Identity", "accounts.ProviderSignIn"),
    redis=Redis.always(
        enforce(
            "Only the browser that began comes back in, once; no identity is linked to an account "
            "by an address alone, and an identity that was unlinked opens nothing."
        )
    ),
    database=Database.always(
        refuse("Nobody is sent to a provider, and no answer of one is taken.")
    ),
    mail=Mail.always(
        enforce("People sign in and link as ever; the letters that tell of it are retried.")
    ),
)

CONTROLS = (SOCIAL_SIGN_IN,)
