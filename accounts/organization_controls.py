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
            "on every worker, and so is a member without the second factor that the organization "
            "asks for; an organization keeps an owner whoever acts at the same moment."
        )
    ),
    database=Database(
        gone=_COPY_OR_NOTHING,
        read_only=read_only("Permissions are judged as they stand; changing one answers 503."),
        busy=_COPY_OR_NOTHING,
    ),
    mail=Mail.always(enforce("No letter is involved.")),
)

INVITATIONS = Control(
    name="invitations",
    truth=(
        "the invitation's row, spent by one conditional UPDATE, and the rows of who vouches for it"
    ),
    rows=("accounts.Invitation",),
    redis=Redis.always(
        enforce(
            "An invitation works once, for the address it was sent to alone, and gives nothing "
            "that its inviter could not give any more."
        )
    ),
    database=Database.always(
        refuse("An invitation is spent together with the membership it gives, or not at all.")
    ),
    mail=Mail.always(
        enforce("Inviting answers as always; the letter waits and is retried for a day.")
    ),
)

CONTROLS = (MEMBER_RIGHTS, INVITATIONS)
