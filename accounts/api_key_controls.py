"""What API keys promise while Redis, the database or the mail server is gone."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, read_only, refuse

_COPY_OR_NOTHING = refuse(
    "Requests with a key answer 503, never 401; only a copy of at most SECURITY_COPY_TTL is still "
    "believed."
)

API_KEYS = Control(
    name="keys of organizations",
    truth="the key's row, found by the digest of its secret",
    rows=("accounts.ApiKey",),
    redis=Redis.always(
        enforce(
            "A key that was deleted, has expired or was rotated away is refused at the next "
            "request, on every worker, and none is let in where its scopes do not reach."
        )
    ),
    database=Database(
        gone=_COPY_OR_NOTHING,
        read_only=read_only("Keys are judged as they stand; making or ending one answers 503."),
        busy=_COPY_OR_NOTHING,
    ),
    mail=Mail.always(enforce("No letter is involved.")),
)

INTROSPECTION = Control(
    name="token introspection",
    truth="the rows of the session, of the person and of the membership, read each time",
    rows=("accounts.Session", "accounts.Membership", "accounts.ApiKey"),
    redis=Redis.always(
        enforce("A token whose session ended a moment ago is inactive: nothing here is a copy.")
    ),
    database=Database(
        gone=refuse("Asking answers 503; no token is called active or inactive unseen."),
        read_only=read_only("Tokens are judged as they stand; revoking one answers 503."),
        busy=refuse("Asking answers 503; no token is called active or inactive unseen."),
    ),
    mail=Mail.always(enforce("No letter is involved.")),
)

CONTROLS = (API_KEYS, INTROSPECTION)
