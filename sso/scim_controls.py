"""What provisioning promises while Redis, the database or the mail server is gone."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, read_only, refuse

_NO_MAIL = Mail.always(enforce("No letter is involved."))
_NOTHING = refuse("Requests with the token answer 503, never 401: no token is judged unseen.")

SCIM_TOKENS = Control(
    name="SCIM tokens",
    truth="the token's row, found by its digest at each request, and again under the lock",
    rows=("sso.ScimToken",),
    redis=Redis.always(
        enforce(
            "A token that was replaced or deleted, or whose organization is gone, is refused at "
            "the next request, on every worker, and opens nothing but /scim/v2."
        )
    ),
    database=Database(
        gone=_NOTHING,
        read_only=read_only("The token reads as ever; making or ending one answers 503."),
        busy=_NOTHING,
    ),
    mail=_NO_MAIL,
)

PROVISIONING = Control(
    name="provisioned people",
    truth="the rows of the description, the person and the membership, in one transaction",
    rows=("sso.ScimUser", "sso.ScimGroup", "sso.ScimMember"),
    redis=Redis.always(
        enforce(
            "Whom the identity provider switches off is refused at the next request, on every "
            "worker, and does not come in by the organization's connections."
        )
    ),
    database=Database(
        gone=refuse("Provisioning answers 503 with Retry-After, and the provider tries again."),
        read_only=read_only("Descriptions are shown; changing one answers 503."),
        busy=refuse("Provisioning answers 503 and changes nothing; the provider tries again."),
    ),
    mail=_NO_MAIL,
)

CONTROLS = (SCIM_TOKENS, PROVISIONING)
