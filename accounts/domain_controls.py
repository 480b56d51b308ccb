"""What domains of organizations promise while a dependency is gone; a row of the contract."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, refuse

DOMAINS = Control(
    name="domains of organizations",
    truth="the domain's row, unique among those that are proved, and the record in the DNS",
    rows=("accounts.OrganizationDomain",),
    redis=Redis.always(
        enforce(
            "A domain is proved by its record alone, by one organization at a time, and while the "
            "resolver gives no answer nothing is proved and nothing withdrawn."
        )
    ),
    database=Database.always(refuse("A domain is proved, deleted or withdrawn whole, or not.")),
    mail=Mail.always(
        enforce("Domains are proved as ever; the letter of one that is withdrawn waits.")
    ),
)

CONTROLS = (DOMAINS,)
