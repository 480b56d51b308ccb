"""What forward auth promises while Redis, the database or the mail server is gone."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, read_only, refuse

_COPY_OR_NOTHING = refuse(
    "The proxy is answered 503, never 401 and never 204; only a copy of at most SECURITY_COPY_TTL "
    "is still believed."
)

FORWARD_AUTH = Control(
    name="forward auth",
    truth="the rows of the session, of the person or the key, and of the membership",
    rows=("accounts.Session", "accounts.User", "accounts.ApiKey", "accounts.Membership"),
    redis=Redis.always(
        enforce(
            "A session or a key that was ended, and a permission that was taken away, is refused "
            "at the next request that a proxy asks about, on every worker."
        )
    ),
    database=Database(
        gone=_COPY_OR_NOTHING,
        read_only=read_only("Requests are judged as they stand."),
        busy=_COPY_OR_NOTHING,
    ),
    mail=Mail.always(enforce("No letter is involved.")),
)

CONTROLS = (FORWARD_AUTH,)
