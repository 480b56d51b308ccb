"""What accounts promises of links and codes that go out by mail; rows of the degrade contract."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, refuse

_NOTHING_BY_HALVES = refuse(
    "Whatever writes answers 503: nothing is acknowledged that was not committed."
)

MAGIC_LINKS = Control(
    name="magic links",
    truth="the link's row, bound to the address and password it was issued for",
    rows=("accounts.MagicLink",),
    redis=Redis.always(
        enforce("A link that signs in works once, and never in place of a second factor.")
    ),
    database=Database.always(_NOTHING_BY_HALVES),
    mail=Mail.always(
        enforce("A link waits with its letter; its ten minutes count from when it was sent.")
    ),
)

ADDRESS_CHANGES = Control(
    name="address changes",
    truth="the change's row, the undo link's row, and the unique key of the person's address",
    rows=("accounts.AddressChange", "accounts.UndoLink", "accounts.User"),
    redis=Redis.always(
        enforce(
            "A new address counts when its mailbox is proved, belongs to one person, and is seen "
            "by the next request. The link to the old one takes it back once, and with it every "
            "session and the password."
        )
    ),
    database=Database.always(_NOTHING_BY_HALVES),
    mail=Mail.always(
        enforce("Codes and undo links wait with their letters, and live from when they were sent.")
    ),
)

NEWS_OF_SIGN_INS = Control(
    name="news of sign-ins",
    truth="the session rows of ninety days",
    rows=("accounts.Session",),
    redis=Redis.always(
        enforce("Whoever signs in from a device or network that is new has a letter sent of it.")
    ),
    database=Database.always(refuse("No session is opened without the letter that tells of it.")),
    mail=Mail.always(
        enforce("People sign in as ever; the letters that tell of it wait and are retried.")
    ),
)

CONTROLS = (MAGIC_LINKS, ADDRESS_CHANGES, NEWS_OF_SIGN_INS)
