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

CONTROLS = (CONNECTIONS,)
