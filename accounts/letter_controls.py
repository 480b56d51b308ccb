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
        enforce("A link waits with its letter; its quarter hour counts from when it was sent.")
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

CONTROLS = (MAGIC_LINKS, ADDRESS_CHANGES)
