"""What delivering promises while Redis, the database or the mail server is gone."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce

_LATER = enforce("Nothing is sent and nothing is lost: what is due is sent when rows are back.")

DELIVERIES = Control(
    name="webhook deliveries",
    truth="the trail, how far each endpoint has read it, and the row of each message",
    rows=("webhooks.Delivery", "webhooks.Attempt", "webhooks.Position"),
    redis=Redis.always(
        enforce(
            "Every event reaches every endpoint that asked for it at least once, signed, and under "
            "the same id on every try."
        )
    ),
    database=Database.always(_LATER),
    mail=Mail.always(
        enforce("Messages go out as ever; letters about a paused endpoint wait and are retried.")
    ),
)

CONTROLS = (DELIVERIES,)
