"""What connections promise while a dependency is gone; rows of the contract."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, read_only, refuse

_ROWS_OR_NOTHING = refuse("Managing connections answers 503; nothing is half changed.")

CONNECTIONS = Control(
    name="sso connections",
    truth=(
        "the connection's row with its settings, and the row of the membership, read while the "
        "organization's is held"
    ),
    rows=("sso.Connection", "sso.SAMLSettings", "sso.OIDCSettings"),
    redis=Redis.always(
        enforce(
            "Who may not manage connections any more is refused at the next request on every "
            "worker, a slug is taken once, and a connection that is off or gone lets nobody in."
        )
    ),
    database=Database(
        gone=_ROWS_OR_NOTHING,
        read_only=read_only("Connections are shown; changing one answers 503."),
        busy=_ROWS_OR_NOTHING,
    ),
    mail=Mail.always(enforce("No letter is involved.")),
)

PROVIDER_METADATA = Control(
    name="provider metadata",
    truth=(
        "what an administrator gave, or what came signed by the pinned key or over TLS, of the "
        "provider that the connection's row names"
    ),
    rows=("sso.Refresh", "sso.SAMLSettings", "sso.OIDCSettings"),
    redis=Redis.always(
        enforce(
            "What was good last holds until something that may be trusted replaces it; nobody who "
            "is asked, and does not answer or lies, changes who may vouch."
        )
    ),
    database=Database(
        gone=refuse("Nothing is asked; processes go on with what they hold of OpenID providers."),
        read_only=read_only("What was good last is used; nothing newer can be kept."),
        busy=refuse("Nothing is asked; what is due is asked later."),
    ),
    mail=Mail.always(enforce("No letter is involved.")),
)

CERTIFICATE_ENDS = Control(
    name="ending certificates",
    truth="the end of the last certificate of a connection, and for how few days it was told",
    rows=("sso.SAMLSettings",),
    redis=Redis.always(
        enforce("Owners are written to at 30, 7 and 1 day, once each, whatever Redis does.")
    ),
    database=Database.always(refuse("Nobody is written to; a day is not missed for an outage.")),
    mail=Mail.always(enforce("The letter waits; the admin site and the metrics tell as ever.")),
)

CONTROLS = (CONNECTIONS, PROVIDER_METADATA, CERTIFICATE_ENDS)
