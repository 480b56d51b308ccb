"""What consent to the terms promises while a dependency is gone; a row of the contract."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, refuse

CONSENT = Control(
    name="consent to the terms",
    truth="the consent's row, one for each person and version",
    rows=("accounts.TermsConsent",),
    redis=Redis.always(
        enforce(
            "Nobody registers without the version of the terms that is in force, and what was "
            "agreed to is written once, with the account or after it."
        )
    ),
    database=Database.always(refuse("Consent is written with what it belongs to, or not at all.")),
    mail=Mail.always(enforce("No letter is involved.")),
)

CONTROLS = (CONSENT,)
