"""What organizations promise while Redis, the database or the mail server is gone."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, read_only, refuse

_COPY_OR_NOTHING = refuse(
    "Requests in an organization answer 503, never 403; only a copy of at most SECURITY_COPY_TTL "
    "is still believed."
)

MEMBER_RIGHTS = Control(
    name="permissions of members",
    truth=(
        "the rows of the membership and of its role, which acts read while they hold the "
        "organization's"
    ),
    rows=("accounts.Organization", "accounts.Role", "accounts.Membership"),
    redis=Redis.always(
        enforce(
            "A permission, role or membership that was taken away is refused at the next request, "
            "on every worker, and an organization keeps an owner whoever acts at the same moment."
        )
    ),
    database=Database(
        gone=_COPY_OR_NOTHING,
        read_only=read_only("Permissions are judged as they stand; changing one answers 503."),
        busy=_COPY_OR_NOTHING,
    ),
    mail=Mail.always(enforce("No letter is involved.")),
)

CONTROLS = (MEMBER_RIGHTS,)
