"""What endpoints of webhooks promise while a dependency is gone; a row of the contract."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, read_only, refuse

_ROWS_OR_NOTHING = refuse("Managing endpoints answers 503; nothing is half changed.")

ENDPOINTS = Control(
    name="webhook endpoints",
    truth=(
        "the endpoint's row, and the rows of the membership or of the key, read while the "
        "organization's is held"
    ),
    rows=("webhooks.Endpoint",),
    redis=Redis.always(
        enforce(
            "Who may not manage endpoints any more, or whose key has ended, is refused at the next "
            "request on every worker; a secret is shown once, and of those who rotate it at the "
            "same moment one does."
        )
    ),
    database=Database(
        gone=_ROWS_OR_NOTHING,
        read_only=read_only("Endpoints and deliveries are shown; changing one answers 503."),
        busy=_ROWS_OR_NOTHING,
    ),
    mail=Mail.always(enforce("No letter is involved.")),
)

CONTROLS = (ENDPOINTS,)
