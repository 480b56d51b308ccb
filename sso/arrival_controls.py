"""What promises about groups and ends of connections hold while a dependency is gone."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, read_only, refuse

_NO_MAIL = Mail.always(enforce("No letter is involved."))

CONNECTION_ENDS = Control(
    name="ends of connections",
    truth="the rows of the connection and of the sessions that came by it",
    rows=("sso.Connection", "sso.SignOn", "accounts.Session"),
    redis=Redis.always(
        enforce(
            "Whoever came by a connection that was switched off or deleted is refused at the next "
            "request, on every worker, and nothing comes of what was under way."
        )
    ),
    database=Database(
        gone=refuse("Signed-in requests answer 503; no connection is switched off."),
        read_only=read_only("Ended sessions are refused; switching one off answers 503."),
        busy=refuse("Switching one off answers 503, and what has ended stays so."),
    ),
    mail=_NO_MAIL,
)

GROUP_ROLES = Control(
    name="roles of groups",
    truth="the rows of the groups, read at each arrival, and of the membership",
    rows=("sso.GroupRole",),
    redis=Redis.always(
        enforce(
            "Groups give what the organization says at the moment of an arrival, never the place "
            "of an owner, and nobody gives by them more than they hold."
        )
    ),
    database=Database.always(refuse("Nobody arrives, and the list is not changed.")),
    mail=_NO_MAIL,
)

DISCOVERY = Control(
    name="discovery",
    truth="the rows of the proved domain and of the connection",
    rows=("sso.Connection", "accounts.OrganizationDomain"),
    redis=Redis.always(
        enforce(
            "Every address of a domain gets the same answer, and a connection that is off none."
        )
    ),
    database=Database(
        gone=refuse("Nobody is told where to sign in."),
        read_only=read_only("People are told as ever."),
        busy=refuse("Nobody is told where to sign in."),
    ),
    mail=_NO_MAIL,
)

CONTROLS = (CONNECTION_ENDS, GROUP_ROLES, DISCOVERY)
